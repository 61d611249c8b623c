// Other groups' readers: sources for them among this group's peers, as for readers of its own.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// How long a guest waits for an upload to become free, before the directory asks elsewhere.
constexpr Duration kGuestPatience = Duration::seconds(2);
// How long for what this group is itself to be sent.
constexpr Duration kComingPatience = Duration::seconds(10);
// Who was refused for want of an upload is asked for again before long, and keeps its place so
// long.
constexpr Duration kPlaceKept = Duration::seconds(10);
// An upload of which nothing was heard for so long has ended.
constexpr Duration kExportTerm = Duration::seconds(20);

enum class Refusal : uint8_t { kNotNow, kHasNone, kForbidden };
void refuse(State& state, const Guest& guest, Refusal why) {
  tell_member(
      state, guest.directory,
      ServeRefused{guest.asked.asker, guest.asked.want, guest.asked.version, guest.asked.chunk,
                   why == Refusal::kHasNone, why == Refusal::kForbidden});
}

std::pair<MemberId, ChunkKey> place_of(const Guest& guest) {
  return {guest.asked.asker, {guest.version, guest.asked.chunk}};
}

// Behind those that have waited longer. Else who comes when the line is long would be refused each
// time, for as long as others come as well.
void enter(State& state, Guest guest) {
  auto place = state.cluster.guest_places.find(place_of(guest));
  if (place != state.cluster.guest_places.end()) {
    guest.since = place->second.since;
    state.cluster.guest_places.erase(place);
  }
  std::deque<Guest>& guests = state.cluster.guests;
  auto at = std::upper_bound(guests.begin(), guests.end(), guest.since,
                             [](Instant since, const Guest& other) { return since < other.since; });
  guests.insert(at, std::move(guest));
}

void keep_place(State& state, const Guest& guest) {
  if (state.cluster.guest_places.size() >= kGuestsMax) return;
  state.cluster.guest_places[place_of(guest)] = {guest.since, state.now + kPlaceKept};
}

void book(State& state, const Export& kept, int change) {
  HostRow& host = state.fleet.host(state.fleet.peer(kept.source).host);
  host.uploads = static_cast<uint16_t>(host.uploads + change);
  host.guest_uploads = static_cast<uint16_t>(host.guest_uploads + change);
  state.fleet.note_uploads(state.fleet.peer(kept.source).host);
}

void offer(State& state, const Guest& guest, const Found& found) {
  Cluster& cluster = state.cluster;
  const VersionRow& row = state.versions[guest.version];
  OfferId id(++cluster.offer_serial);
  Export kept{guest.asked.asker,
              found.source,
              {guest.version, guest.asked.chunk},
              found.generation,
              state.now + kExportTerm};
  book(state, kept, +1);
  state.fleet.refer(found.source);
  cluster.exports[id] = kept;
  ++state.counters.exports;
  ChunkOffered message;
  message.want = guest.asked.want;
  message.offer = id;
  message.version = row.id;
  message.chunk = guest.asked.chunk;
  message.source = source_of(state, found.source, found.generation);
  auto location = Location::parse(state.fleet.location_of(found.source));
  if (location.ok()) message.source_location = location.value();
  message.root = row.roots[guest.asked.chunk];
  if (found.generation > 0) {
    message.path = path_of(state, guest.version, guest.asked.chunk, found.source);
    message.path.push_back(cluster.self);
  }
  message.term = kExportTerm;
  tell_member(state, guest.asked.asker, guest.version, std::move(message));
}

Found find_for(State& state, const Guest& guest, GuestShare share) {
  state.fleet.peer(state.cluster.stand_in).host = state.fleet.host_at(guest.asked.reader);
  Reader reader;
  reader.peer = state.cluster.stand_in;
  reader.version = guest.version;
  reader.served_at = guest.since;
  reader.priority = guest.asked.priority;
  auto groups = static_cast<uint32_t>(state.cluster.links.size());
  return find_source_for_guest(
      state, reader, guest.asked.chunk,
      {guest.asked.asker, std::max(2u, groups), share, guest.asked.is_past_superpeers});
}

// Whether this group has none yet, but waits for one that it will pass on.
bool is_coming(const State& state, const Guest& guest) {
  auto wish = state.cluster.wishes.find({guest.version, guest.asked.chunk});
  return wish != state.cluster.wishes.end() && wish->second.stage == WishStage::kOpen &&
         state.now - guest.asked_at < kComingPatience && state.cluster.is_up(guest.asked.asker);
}

// Whether anybody could be read from before long. A holder that has sent wrong bytes is not, for
// minutes, and who waits for it would wait as long; what many hold is not looked through.
bool is_usable_soon(const State& state, VersionIndex version, uint32_t chunk) {
  constexpr Duration kSoon = Duration::seconds(30);
  int looks = 256;
  const VersionRow& row = state.versions[version];
  if (row.in_flight[chunk] > 0) return true;
  for (const RackGroup& group : row.groups) {
    for (const Holder& holder : group.holders) {
      if (--looks < 0) return true;
      if (!state.holdings.has(holder.holding, chunk)) continue;
      const PeerRow& peer = state.fleet.peer(state.holdings[holder.holding].peer);
      if (!peer.is_leaving && peer.is_serving && peer.suspect_until <= state.now + kSoon)
        return true;
    }
  }
  return false;
}

enum class Served : uint8_t { kOffered, kRefused, kWaits };
Served serve(State& state, const Guest& guest, GuestShare share) {
  const VersionRow& row = state.versions[guest.version];
  uint32_t chunk = guest.asked.chunk;
  if (!row.knows_root(chunk) || (row.copies[chunk] == 0 && row.in_flight[chunk] == 0)) {
    if (is_coming(state, guest)) return Served::kWaits;
    refuse(state, guest, Refusal::kHasNone);
    return Served::kRefused;
  }
  if (state.cluster.exports.size() < kExportsMax) {
    Found found = find_for(state, guest, share);
    if (found.is_found()) {
      offer(state, guest, found);
      return Served::kOffered;
    }
    if (is_forbidden(found.reason)) {
      refuse(state, guest, Refusal::kForbidden);
      return Served::kRefused;
    }
    bool is_worth_it = found.reason.rejected_busy > 0 && state.cluster.is_up(guest.asked.asker);
    if (is_worth_it && state.now - guest.asked_at < kGuestPatience) return Served::kWaits;
    if (is_worth_it) keep_place(state, guest);
  }
  bool is_of_use = is_usable_soon(state, guest.version, chunk);
  // Should it be again, the next copy of it says so.
  if (!is_of_use) forget_announced(state, {guest.version, chunk});
  refuse(state, guest, is_of_use ? Refusal::kNotNow : Refusal::kHasNone);
  return Served::kRefused;
}

void end_export(State& state, OfferId id) {
  Export kept = state.cluster.exports.at(id);
  state.cluster.exports.erase(id);
  book(state, kept, -1);
  state.mark_dirty(kept.chunk.version);
  wake_readers_of(state, kept.source);
  state.fleet.release(kept.source);
  state.cluster.are_guests_due = !state.cluster.guests.empty();
}

// Null if there is no such upload for this member.
Export* find_export(State& state, MemberId asker, OfferId offer) {
  auto it = state.cluster.exports.find(offer);
  return it == state.cluster.exports.end() || it->second.asker != asker ? nullptr : &it->second;
}

}  // namespace

void take_serve_asked(State& state, MemberId from, const ServeAsked& message) {
  Guest guest{from, message, VersionIndex(kNone), state.now, state.now};
  auto version = state.versions.find(message.version);
  bool is_known = version && state.versions[*version].facts != nullptr;
  if (!is_known) return refuse(state, guest, Refusal::kHasNone);
  if (message.chunk >= state.versions[*version].chunk_count() || message.want == WantId() ||
      message.asker == state.cluster.self || message.asker == MemberId())
    return note_nonsense(state, from, "asked for a source of what is not there");
  guest.version = *version;
  if (state.cluster.guests.size() >= kGuestsMax) return refuse(state, guest, Refusal::kNotNow);
  enter(state, std::move(guest));
  state.cluster.are_guests_due = true;
  wake_cluster(state, state.now + kGuestPatience);
}

void serve_guests(State& state, GuestShare share) {
  std::deque<Guest> guests = std::move(state.cluster.guests);
  state.cluster.guests.clear();
  for (Guest& guest : guests)
    if (serve(state, guest, share) == Served::kWaits)
      state.cluster.guests.push_back(std::move(guest));
}

void take_offer_progressed(State& state, MemberId from, const OfferProgressed& message) {
  if (Export* kept = find_export(state, from, message.offer)) kept->until = state.now + kExportTerm;
}

void take_offer_ended(State& state, MemberId from, const OfferEnded& message) {
  const Export* kept = find_export(state, from, message.offer);
  if (kept == nullptr) return;
  if (!message.is_delivered) accuse_for_guest(state, *kept, from, message.kind);
  end_export(state, message.offer);
}

void expire_exports(State& state) {
  std::erase_if(state.cluster.guest_places,
                [&](const auto& entry) { return entry.second.until <= state.now; });
  std::vector<OfferId> over;
  for (const auto& [id, kept] : state.cluster.exports)
    if (kept.until <= state.now) over.push_back(id);
  for (OfferId id : over) end_export(state, id);
}

}  // namespace tyto::tracker
