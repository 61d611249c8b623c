// From whom: the best usable copy, whole or in flight, as the bucket's selection policy sees it; a
// bounded number of looks.
#include <algorithm>
#include <array>
#include <optional>

#include "tracker/core/chains.h"
#include "tracker/core/look_ahead.h"
#include "tracker/core/selection/selection.h"
#include "tracker/core/shortlist.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr int kLooksPerTier = 32;
constexpr uint32_t kCopiesMany = 64;
constexpr uint32_t kLooksAhead = 4;
constexpr int kEnough = 4;  // whole copies that would do, of which the best is taken

// What is looked at together.
template <class Item>
class Few {
 public:
  void add(const Item& item) { items_[count_++] = item; }
  bool is_full() const { return count_ == items_.size(); }
  const Item* begin() const { return items_.data(); }
  const Item* end() const { return items_.data() + count_; }

 private:
  std::array<Item, kLooksPerTier> items_;
  std::size_t count_ = 0;
};

enum class Care : uint8_t {
  kQuick,     // who is at its cap is not asked whether it has the chunk
  kThorough,  // everybody is
};

// One search for a source of one chunk.
struct Search {
  State& state;
  const Reader& reader;
  uint32_t chunk = 0;
  const Selection& selection;
  const SelectionPolicy& limits;
  const GuestTerms* guest;  // null: it is a reader of this tracker
  Place place;              // of the reader
  Nearness farthest;        // sources beyond are not for it now
  bool is_only = false;     // nobody but superpeers holds it or is being sent it
  bool are_many = false;    // transfers of it are under way, more than can be looked at
  Care care = Care::kQuick;
  Shortlist list{};
  Reason reason{};
  uint32_t at_caps = 0;  // holders of the version that were not asked whether they have the chunk
  int wanted = kEnough;  // whole copies; more are not looked for at this step
  // Whether anything may come from other regions now; asked when the first such copy would do.
  std::optional<bool> may_cross{};

  const VersionRow& version() const { return state.versions[reader.version]; }
};

// How busy a host's uplink is, in 256ths of what it is worth.
uint32_t load_of(const State& state, PeerIndex source) {
  const HostRow& host = state.fleet.host(state.fleet.peer(source).host);
  return uint32_t{host.uploads} * 256 / std::max(1u, upload_slots(state, host));
}

Offer offer_of(const Search& search, PeerIndex source, uint16_t generation) {
  const PeerRow& peer = search.state.fleet.peer(source);
  return {nearness(search.place, search.state.fleet.host(peer.host).place), peer.is_superpeer != 0,
          std::min(load_of(search.state, source), 0xfffu), generation};
}

bool has_free_upload(const Search& search, PeerIndex source) {
  const PeerRow& peer = search.state.fleet.peer(source);
  const HostRow& host = search.state.fleet.host(peer.host);
  uint32_t cap =
      peer.is_superpeer != 0 ? search.limits.uploads_per_superpeer : search.limits.uploads_per_host;
  if (cap != 0 && host.uploads >= cap) return false;
  uint32_t slots = upload_slots(search.state, host);
  if (search.guest != nullptr && search.guest->share == GuestShare::kFair) {
    uint32_t groups = search.guest->groups;
    if (host.guest_uploads * groups >= slots * (groups - 1)) return false;
  }
  return host.uploads < slots;
}

// A candidate that will not do: counted, and written down if the search is.
bool reject(Search& search, PeerIndex source, Verdict verdict) {
  Reason& reason = search.reason;
  ++reason.candidates;
  switch (verdict) {
    case Verdict::kEligible: break;
    case Verdict::kBusy: ++reason.rejected_busy; break;
    case Verdict::kSuspect: ++reason.rejected_suspect; break;
    case Verdict::kLacking: ++reason.rejected_lacking; break;
    case Verdict::kCycle: ++reason.rejected_cycle; break;
    case Verdict::kPolicy: ++reason.rejected_policy; break;
  }
  if (search.state.journal.is_tracing()) note_look(search.state, source, {.verdict = verdict});
  return false;
}

// One that would: offered to the list.
void accept(Search& search, PeerIndex source, const Offer& offer, TransferIndex transfer) {
  State& state = search.state;
  ++search.reason.candidates;
  uint32_t score = search.selection.score(offer, state.rng);
  search.list.offer({source, offer.generation, score, transfer});
  if (!state.journal.is_tracing()) return;
  note_look(state, source,
            {.score = score,
             .load = static_cast<uint16_t>(offer.load),
             .nearness = static_cast<uint8_t>(offer.nearness),
             .generation = static_cast<uint8_t>(offer.generation)});
}

// Whether the copy may come into the reader's region. Of another tracker's reader that tracker
// sees to it.
bool may_enter_region(Search& search, const Offer& offer) {
  if (offer.nearness <= Nearness::kSameRegion || search.guest != nullptr) return true;
  if (!search.may_cross) search.may_cross = may_cross_regions(search.state, search.reader);
  return *search.may_cross;
}

// Whether a copy may be read from by this reader now; if not, it is rejected.
bool passes(Search& search, PeerIndex source, const Offer& offer) {
  State& state = search.state;
  if (source == search.reader.peer) return reject(search, source, Verdict::kLacking);
  if (!is_usable_source(state, source) || search.reader.excludes(source, state.now))
    return reject(search, source, Verdict::kSuspect);
  if (offer.nearness > search.limits.farthest || !search.selection.admits(offer))
    return reject(search, source, Verdict::kPolicy);
  // Too far as long as it waits for somebody nearer.
  if (offer.nearness > search.farthest) return reject(search, source, Verdict::kBusy);
  bool is_kept = !search.is_only && offer.is_superpeer && search.selection.do_readers_serve() &&
                 is_reserved(state, search.version(), source);
  if (is_kept || !has_free_upload(search, source)) return reject(search, source, Verdict::kBusy);
  if (!may_enter_region(search, offer)) return reject(search, source, Verdict::kBusy);
  return true;
}

// A whole copy.
void look_at_copy(Search& search, PeerIndex source) {
  Offer offer = offer_of(search, source, 0);
  if (!passes(search, source, offer)) return;
  accept(search, source, offer, kNoTransfer);
  --search.wanted;
}

// As if so many holders of a group had been looked at, of which none has the chunk.
void pass_over(Search& search, uint32_t holders, int& looks) {
  auto passed = static_cast<uint16_t>(std::min<uint32_t>(holders, static_cast<uint32_t>(looks)));
  search.reason.candidates = static_cast<uint16_t>(search.reason.candidates + passed);
  search.reason.rejected_lacking = static_cast<uint16_t>(search.reason.rejected_lacking + passed);
  looks -= passed;
}

// Looks at members of one rack group from a random one on.
void look_at_group(Search& search, const RackGroup& group, int& looks) {
  auto count = static_cast<uint32_t>(group.holders.size());
  if (count == 0) return;
  uint32_t start = search.state.rng.below(count);
  uint64_t together = search.state.holdings.word(group, search.chunk / 64);
  if ((together >> (search.chunk % 64) & 1) == 0) return pass_over(search, count, looks);
  auto at = [&](uint32_t i) -> const Holder& {
    return group.holders[start + i < count ? start + i : start + i - count];
  };
  auto look_ahead = [&](uint32_t i) {
    if (i < count && search.state.fleet.has_room(at(i).host))
      search.state.holdings.look_ahead(at(i).holding);
  };
  for (uint32_t i = 0; i < kLooksAhead; ++i) look_ahead(i);
  for (uint32_t i = 0; i < count && looks > 0 && search.wanted > 0; ++i, --looks) {
    const Holder& holder = at(i);
    look_ahead(i + kLooksAhead);
    if (search.care == Care::kQuick && !search.state.fleet.has_room(holder.host)) {
      ++search.at_caps;
      continue;
    }
    HoldingIndex holding = holder.holding;
    PeerIndex source = search.state.holdings[holding].peer;
    if (!search.state.holdings.has(holding, search.chunk))
      reject(search, source, Verdict::kLacking);
    else
      look_at_copy(search, source);
  }
}

void look_at_groups(Search& search, const std::vector<uint32_t>* groups) {
  const VersionRow& version = search.version();
  auto count = static_cast<uint32_t>(groups ? groups->size() : version.groups.size());
  if (count == 0) return;
  uint32_t start = search.state.rng.below(count);
  int looks = kLooksPerTier;
  search.wanted = kEnough;
  for (uint32_t i = 0; i < count && looks > 0 && search.wanted > 0; ++i, --looks) {
    uint32_t at = start + i < count ? start + i : start + i - count;
    look_at_group(search, version.groups[groups ? (*groups)[at] : at], looks);
  }
}

// Whole copies in the reader's rack.
void look_in_rack(Search& search) {
  const RackGroup* group = search.version().group(search.place.rack);
  int looks = kLooksPerTier;
  if (group != nullptr) look_at_group(search, *group, looks);
}

// Whole copies in the zone, the region, anywhere, until one of these has somebody to offer.
void look_beyond_rack(Search& search) {
  const VersionRow& version = search.version();
  if (search.selection.reach() == Reach::kEverywhere) return look_at_groups(search, nullptr);
  auto is_done = [&] { return !search.list.is_empty() && search.list[0].generation == 0; };
  if (auto zone = version.groups_of_zone.find(search.place.zone);
      zone != version.groups_of_zone.end())
    look_at_groups(search, &zone->second);
  if (is_done()) return;
  auto region = version.groups_of_region.find(search.place.region);
  if (region != version.groups_of_region.end()) look_at_groups(search, &region->second);
  if (!is_done()) look_at_groups(search, nullptr);
}

// Where holders are many, the few that have the chunk are easily missed.
void look_at_superpeers(Search& search) {
  if (search.version().superpeer_copies[search.chunk] == 0) return;
  for (PeerIndex source : search.state.fleet.superpeers()) {
    HoldingIndex holding = search.state.holdings.find(search.reader.version, source);
    if (!search.state.holdings.has(holding, search.chunk)) continue;
    look_at_copy(search, source);
  }
}

// Whether a copy in flight hangs on one of the guest's own tracker, or on too many.
bool is_on_path(const Search& search, PeerIndex receiver) {
  if (search.guest == nullptr) return false;
  auto path = path_of(search.state, search.reader.version, search.chunk, receiver);
  return path.size() >= kPathMax ||
         std::find(path.begin(), path.end(), search.guest->asker) != path.end();
}

bool is_circular(Search& search, const TransferRow& row) {
  bool is_good =
      is_sound(search.state, row, search.reader.peer) && !is_on_path(search, row.receiver);
  if (is_good) return false;
  return !reject(search, row.receiver, Verdict::kCycle);
}

// Whether others in the reader's rack hold something of the version, or are being sent it. Of
// another tracker's racks nothing is known: there are others.
bool has_company(const Search& search) {
  if (search.guest != nullptr) return true;
  const RackGroup* group = search.version().group(search.place.rack);
  const RackDemand* demand = search.version().demand(search.place.rack);
  bool holds = search.state.holdings.find(search.reader.version, search.reader.peer) != kNoHolding;
  std::size_t holders = group == nullptr ? 0 : group->holders.size();
  if (holders > (holds ? 1u : 0u)) return true;
  return demand != nullptr &&
         std::any_of(demand->receivers.begin(), demand->receivers.end(),
                     [&](const Receiver& other) { return other.peer != search.reader.peer; });
}

// The longest chain that the reader may hang on: into a rack one less than inside it, so that
// what has come in can be passed on there at once.
uint32_t depth_from(const Search& search, PeerIndex source) {
  uint32_t depth = search.limits.tree_depth;
  if (depth < 2 || search.selection.reach() != Reach::kNearestFirst) return depth;
  Nearness near = nearness(search.place, search.state.fleet.place_of(source));
  return near > Nearness::kSameRack && has_company(search) ? depth - 1 : depth;
}

// A copy on its way to another that could be passed on as it arrives. True if it may be.
bool look_at_transfer(Search& search, const TransferRow& row) {
  // It will be whole before long: no reason for who is in its rack to have it sent from elsewhere.
  if (row.generation > search.limits.tree_depth ||
      (row.generation == search.limits.tree_depth &&
       row.generation > depth_from(search, row.receiver)))
    return reject(search, row.receiver, Verdict::kBusy);
  // Circles take long to tell: where there are many copies, see drop_circles().
  if (!search.are_many && is_circular(search, row)) return false;
  Offer relayed = offer_of(search, row.receiver, row.generation);
  if (!passes(search, row.receiver, relayed)) return false;
  // What comes to a slow one comes slowly, however fast it could be passed on.
  if (is_slow(search.state, row.receiver)) return reject(search, row.receiver, Verdict::kBusy);
  accept(search, row.receiver, relayed, Transfers::index_of(row));
  return true;
}

// Of the copies in flight on the list only the best is ever chosen.
void drop_circles(Search& search) {
  while (!search.list.is_empty() && search.list[0].transfer != kNoTransfer &&
         is_circular(search, search.state.transfers[search.list[0].transfer]))
    search.list.drop_first();
}

// Those to the reader's own rack, from a random one on. Who is at its cap is told by its host
// alone; the transfers of the others are looked up.
void look_in_flight_near(Search& search) {
  const RackDemand* demand = search.version().demand(search.place.rack);
  if (demand == nullptr || !demand->is_coming(search.chunk)) return;
  const ChunkOf what{search.reader.version, search.chunk};
  auto count = static_cast<uint32_t>(demand->receivers.size());
  uint32_t start = search.state.rng.below(count);
  Few<Receiver> relays;
  Few<PeerIndex> with_room;
  for (uint32_t i = 0; i < count && !relays.is_full(); ++i) {
    uint32_t at = start + i < count ? start + i : start + i - count;
    if (!demand->may_relay(at, search.chunk)) continue;
    relays.add(demand->receivers[at]);
    if (search.state.fleet.has_room(demand->receivers[at].host))
      with_room.add(demand->receivers[at].peer);
  }
  fetch_downloads(search.state, with_room);
  Few<Incoming> ways;
  for (PeerIndex peer : with_room) ways.add(incoming(search.state, peer, what));
  const Incoming* way = ways.begin();
  for (const Receiver& receiver : relays) {
    if (!search.state.fleet.has_room(receiver.host)) {
      reject(search, receiver.peer, Verdict::kBusy);
      continue;
    }
    if (way->count == 1)
      look_at_transfer(search, search.state.transfers[way->transfer]);
    else
      reject(search, receiver.peer, Verdict::kCycle);  // see is_sound()
    ++way;
  }
  if (search.are_many) drop_circles(search);
}

// The newest of all.
void look_in_flight_anywhere(Search& search) {
  int looks = kLooksPerTier;
  std::size_t wanted = search.are_many ? Shortlist::size() : kLooksPerTier;
  for (TransferIndex t = search.version().newest_transfer[search.chunk];
       t != kNoTransfer && looks > 0 && wanted > 0; t = search.state.transfers[t].older, --looks)
    wanted -= look_at_transfer(search, search.state.transfers[t]) ? 1 : 0;
  if (search.are_many) drop_circles(search);
}

// All, or, where there are too many to look at, those in the reader's rack, and if none of these
// will do the first few of the newest that will.
void look_in_flight(Search& search) {
  if (search.are_many) look_in_flight_near(search);
  if (!search.list.is_empty()) return;
  look_in_flight_anywhere(search);
  if (!search.are_many || !search.list.is_empty()) return;
  // The first few all come from the reader itself, perhaps: each of the others is looked at.
  search.are_many = false;
  look_in_flight_anywhere(search);
}

}  // namespace

bool is_forbidden(const Reason& found) {
  return found.rejected_policy > 0 && found.rejected_busy == 0 && found.rejected_suspect == 0 &&
         found.rejected_cycle == 0;
}

bool is_in_quarantine(const State& state, PeerIndex index) {
  const PeerRow& peer = state.fleet.peer(index);
  return peer.is_quarantined != 0 && peer.suspect_until > state.now;
}

bool is_usable_source(const State& state, PeerIndex index) {
  const PeerRow& peer = state.fleet.peer(index);
  return !peer.is_gone && !peer.is_leaving && peer.is_serving && peer.suspect_until <= state.now;
}

std::vector<MemberId> path_of(const State& state, VersionIndex version, uint32_t chunk,
                              PeerIndex receiver) {
  PeerIndex at = receiver;
  for (uint32_t steps = 0; steps <= kTreeDepthMax + 1; ++steps) {
    Incoming way = incoming(state, at, {version, chunk});
    if (way.transfer == kNoTransfer || state.transfers[way.transfer].source == kNoPeer) break;
    const TransferRow& row = state.transfers[way.transfer];
    at = row.source;
    if (state.fleet.peer(at).is_foreign == 0) continue;
    PeerIndex own = state.fleet.find(state.fleet.peer(at).id);
    bool is_here = own != kNoPeer && state.fleet.peer(own).session != kNoSession;
    const Import* import = import_of(state, state.transfers.find(row.n));
    if (!is_here) return import == nullptr ? std::vector<MemberId>{} : import->path;
    at = own;
  }
  return {};
}

namespace {

// Whole copies and those in flight, as far as the scope goes.
void look_around(Search& search, Scope scope) {
  const VersionRow& version = search.version();
  // Where whole copies are many, one of them will do, and those in flight need not be compared.
  bool are_copies_many = version.copies[search.chunk] > kCopiesMany &&
                         search.selection.reach() == Reach::kNearestFirst;
  if (scope == Scope::kRack || are_copies_many)
    look_in_flight_near(search);
  else
    look_in_flight(search);
  look_in_rack(search);
  if (scope == Scope::kAnywhere && (!are_copies_many || search.list.is_empty()))
    look_beyond_rack(search);
  if (scope == Scope::kAnywhere && are_copies_many && search.list.is_empty())
    look_in_flight(search);
  // A look is spent on each holder, and on each group, be it emptied.
  bool is_cut_short = version.members + version.groups.size() > kLooksPerTier;
  if (is_cut_short && scope == Scope::kAnywhere && search.list.is_empty())
    look_at_superpeers(search);
}

// How many there are of a rack that could send something of a version to others there, if all of
// them are at their caps. Nothing if one is not, or if it would take many looks to tell.
std::optional<uint32_t> count_at_caps(const State& state, const Reader& reader) {
  const VersionRow& version = state.versions[reader.version];
  uint32_t rack = state.fleet.place_of(reader.peer).rack;
  const RackGroup* group = version.group(rack);
  const RackDemand* demand = version.demand(rack);
  std::size_t holders = group == nullptr ? 0 : group->holders.size();
  std::size_t receivers = demand == nullptr ? 0 : demand->receivers.size();
  if (holders + receivers > kLooksPerTier) return std::nullopt;
  uint32_t count = 0;
  for (std::size_t i = 0; i < holders; ++i) {
    const Holder& holder = group->holders[i];
    if (state.holdings.is_of(holder.holding, reader.peer)) continue;
    if (state.fleet.has_room(holder.host)) return std::nullopt;
    ++count;
  }
  for (std::size_t i = 0; i < receivers; ++i) {
    const Receiver& receiver = demand->receivers[i];
    if (receiver.peer == reader.peer) continue;
    if (state.fleet.has_room(receiver.host)) return std::nullopt;
    ++count;
  }
  return count;
}

}  // namespace

std::optional<Reason> busy_rack(const State& state, const Reader& reader) {
  std::optional<uint32_t> count = count_at_caps(state, reader);
  if (!count || *count == 0) return std::nullopt;
  Reason reason;
  reason.candidates = static_cast<uint16_t>(*count);
  reason.rejected_busy = reason.candidates;
  return reason;
}

namespace {

// A guest's tracker says how hot its object is there.
const Selection& selection_in(const State& state, VersionIndex version, const GuestTerms* guest) {
  if (guest == nullptr) return selection_for(state, version);
  return selection_of(state.policy(version).selection.kind,
                      guest->is_past_superpeers ? Temperature::kCold : Temperature::kHot);
}

Search search_for(State& state, const Reader& reader, uint32_t chunk, Scope scope,
                  const GuestTerms* guest, Care care) {
  const VersionRow& version = state.versions[reader.version];
  state.journal.begin_search(state.now);
  Search search{state,
                reader,
                chunk,
                selection_in(state, reader.version, guest),
                state.policy(reader.version).selection,
                guest,
                state.fleet.place_of(reader.peer),
                farthest_now(state, reader, chunk),
                is_only_at_superpeers(version, chunk),
                version.in_flight[chunk] > kLooksPerTier,
                care};
  look_around(search, scope);
  return search;
}

// What a search came to.
Found found_by(const Search& search) {
  const State& state = search.state;
  Found found;
  found.reason = search.reason;
  found.reason.candidates = static_cast<uint16_t>(found.reason.candidates + search.at_caps);
  found.reason.rejected_busy = static_cast<uint16_t>(found.reason.rejected_busy + search.at_caps);
  if (search.list.is_empty()) {
    bool is_held_back = search.may_cross && !*search.may_cross;
    if (is_held_back) found.reason.choice = Choice::kWaitForRate;
    return found;
  }
  const Candidate& best = search.list[0];
  bool is_limited = search.limits.bytes_between_regions_per_s > 0;
  auto is_near = [&](PeerIndex peer) {
    return nearness(search.place, state.fleet.place_of(peer)) <= Nearness::kSameRegion;
  };
  // Who turns to a fall-back asks nobody whether it may come from another region.
  bool are_all_allowed = !is_limited || !is_near(best.peer);
  found.source = best.peer;
  found.upstream = best.transfer;
  found.generation = best.generation;
  std::size_t kept = 0;
  for (std::size_t i = 1; i < Shortlist::size(); ++i) {
    const Candidate& other = search.list[i];
    if (other.peer == kNoPeer || other.generation != 0) continue;
    if (are_all_allowed || is_near(other.peer)) found.fallbacks[kept++] = other.peer;
  }
  bool is_superpeer = state.fleet.peer(best.peer).is_superpeer;
  found.reason.choice = best.generation > 0 ? Choice::kInFlightCopy
                        : is_superpeer      ? Choice::kSuperpeerCopy
                                            : Choice::kWholeCopy;
  found.reason.generation = best.generation;
  found.reason.score = best.score;
  found.reason.nearness =
      static_cast<uint8_t>(nearness(search.place, state.fleet.place_of(best.peer)));
  return found;
}

Found find_with_care(State& state, const Reader& reader, uint32_t chunk, Scope scope,
                     const GuestTerms* guest) {
  Search quick = search_for(state, reader, chunk, scope, guest, Care::kQuick);
  // Whether anybody is worth waiting for: one at its cap who has the chunk.
  bool is_in_doubt = quick.list.is_empty() && quick.at_caps > 0 && quick.reason.rejected_busy == 0;
  if (!is_in_doubt) return found_by(quick);
  return found_by(search_for(state, reader, chunk, scope, guest, Care::kThorough));
}

}  // namespace

Found find_source(State& state, const Reader& reader, uint32_t chunk, Scope scope) {
  return find_with_care(state, reader, chunk, scope, nullptr);
}

Found find_source_for_guest(State& state, const Reader& reader, uint32_t chunk,
                            const GuestTerms& guest) {
  return find_with_care(state, reader, chunk, Scope::kAnywhere, &guest);
}

}  // namespace tyto::tracker
