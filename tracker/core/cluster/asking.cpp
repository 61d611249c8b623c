// What the group lacks: wished for, offered, and brought from another tracker's peer.
#include <algorithm>

#include "tracker/core/cluster/ranking.h"
#include "tracker/core/selection/selection.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// If the directory cannot be reached at the moment.
constexpr Duration kDirectoryWait = Duration::milliseconds(200);

bool can_be_served(const State& state, const Reader& reader) {
  const PeerRow& peer = state.fleet.peer(reader.peer);
  return !peer.is_leaving && state.sessions[peer.session].connection.has_value();
}

bool lacks(const State& state, const Reader& reader, uint32_t chunk) {
  bool is_wanted = reader.wants_all || (reader.window.size() != 0 && reader.window.test(chunk));
  if (!is_wanted || reader.in_flight.test(chunk) || reader.at_origin.is_shadow) return false;
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer);
  return holding == kNoHolding || !state.holdings.has(holding, chunk);
}

// Those who could take an offer: whom it was asked for, and then those who wait.
std::vector<ReaderIndex> takers(const State& state, const Wish& wish, ChunkKey key) {
  const VersionRow& version = state.versions[key.version];
  std::vector<ReaderIndex> list;
  auto add = [&](ReaderIndex index) {
    if (index == kNoReader || !state.readers.is_used(index)) return;
    const Reader& reader = state.readers[index];
    bool is_listed = std::find(list.begin(), list.end(), index) != list.end();
    bool is_one = reader.version == key.version && can_be_served(state, reader);
    if (!is_listed && is_one && lacks(state, reader, key.chunk)) list.push_back(index);
  };
  if (PeerIndex peer = state.fleet.find(wish.reader); peer != kNoPeer)
    add(state.readers.find(peer, key.version));
  for (ReaderIndex waiting : version.waiting) add(waiting);
  add(version.last_reader);
  return list;
}

// Whether what the offer says can be gone by.
std::optional<FailureKind> fault_of(State& state, MemberId from, const ChunkOffered& offer,
                                    ChunkKey key) {
  const VersionRow& version = state.versions[key.version];
  // It has moved here, and its old tracker has not noticed yet: what it holds is known.
  PeerIndex own = state.fleet.find(offer.source.peer);
  // Nothing is wrong with it: it is not held against its source.
  if (own != kNoPeer && state.fleet.peer(own).session != kNoSession) return FailureKind::kCancelled;
  bool is_known = version.knows_root(key.chunk);
  if (!is_known && !offer.root) return FailureKind::kCancelled;
  if (is_known && offer.root && *offer.root != version.roots[key.chunk]) {
    state.notice(NoticeKind::kRootConflict, kNoPeer, kNoPeer, state.subject_of(key.version),
                 key.chunk, "tracker " + std::to_string(from.value()) + " knows another root");
    return FailureKind::kCorrupt;
  }
  bool is_circular =
      std::find(offer.path.begin(), offer.path.end(), state.cluster.self) != offer.path.end();
  if (is_circular || offer.source.generation.value() > kTreeDepthMax) return FailureKind::kRefused;
  return std::nullopt;
}

PeerIndex enter_source(State& state, const ChunkOffered& offer) {
  PeerIndex source = state.fleet.add_foreign();
  PeerRow& row = state.fleet.peer(source);
  row.id = offer.source.peer;
  row.is_superpeer = offer.source.kind == SourceKind::kSuperpeer ? 1 : 0;
  row.host = state.fleet.host_at(offer.source_location);
  PeerDetails& details = state.fleet.details(source);
  details.name = "of another tracker, at " + offer.source_location.text();
  details.data_address = offer.source.address;
  return source;
}

void import(State& state, MemberId from, const ChunkOffered& offer, ReaderIndex reader,
            ChunkKey key) {
  VersionRow& version = state.versions[key.version];
  if (offer.root && !version.knows_root(key.chunk)) {
    version.learn(key.chunk, *offer.root);
    note_edge(state, key.version, key.chunk);
    state.emit(RootLearned{{version.id, ChunkIndex(key.chunk)}, *offer.root});
  }
  Found found;
  found.source = enter_source(state, offer);
  found.generation = offer.source.generation.value();
  found.reason.choice = Choice::kForeignCopy;
  found.reason.generation = found.generation;
  PeerIndex receiver = state.readers[reader].peer;
  found.reason.nearness = static_cast<uint8_t>(
      nearness(state.fleet.place_of(receiver), state.fleet.place_of(found.source)));
  state.journal.begin_search(state.now);
  TransferIndex transfer = assign(state, receiver, key.version, key.chunk, found);
  ++state.counters.imports;
  state.cluster.imports[transfer] = {from, offer.offer, offer.path};
  tell_served(state, reader);
}

struct Given {
  bool is_given = false;
  ReaderIndex held_back = kNoReader;  // who may not have it from another region now
};
// To the first who has room for it.
Given give(State& state, MemberId from, const ChunkOffered& offer, const Wish& wish, ChunkKey key) {
  Given given;
  uint32_t bytes = state.versions[key.version].chunking.length_of(ChunkIndex(key.chunk));
  for (ReaderIndex reader : takers(state, wish, key)) {
    SessionIndex session = state.fleet.peer(state.readers[reader].peer).session;
    if (was_lately_at(state, state.sessions[session], offer.path)) continue;
    if (!may_import(state, wish, reader, offer.source_location.region)) {
      if (given.held_back == kNoReader) given.held_back = reader;
      continue;
    }
    if (reserve(state, state.readers[reader].peer, key.version, bytes) != Space::kReserved)
      continue;
    import(state, from, offer, reader, key);
    given.is_given = true;
    break;
  }
  return given;
}

void postpone(State& state, ChunkKey key, Duration after) {
  leave_crossing(state, key);
  Wish& wish = state.cluster.wishes.at(key);
  wish.stage = WishStage::kPostponed;
  wish.until = state.now + after;
  wake_cluster(state, wish.until);
}

// A source of another tracker is busier than that thought, or has not what it is thought to have:
// the chunk is not wished for again at once, or the same source would be offered again and again.
void rest(State& state, ChunkKey key) {
  if (state.cluster.wishes.contains(key)) return;
  Wish made;
  made.since = state.now;
  state.cluster.wishes[key] = made;
  state.versions[key.version].awaited.push_back(key.chunk);
  postpone(state, key, kDirectoryWait);
}

// The chunk cannot be had at all: the end for those who wait for it.
void end_waiting(State& state, ChunkKey key, const Error& error) {
  VersionRow& row = state.versions[key.version];
  if (error.code == ErrorCode::kConflict && !row.is_origin_gone) {
    row.is_origin_gone = true;
    distrust_name(state, key.version);
  }
  std::vector<ReaderIndex> waiting(row.waiting.begin(), row.waiting.end());
  for (ReaderIndex reader : waiting) {
    const Reader& waiter = state.readers[reader];
    bool is_one = waiter.version == key.version && waiter.is_waiting;
    if (is_one && lacks(state, waiter, key.chunk)) end_reader(state, reader, error);
  }
}

bool is_spent(const State& state, ChunkKey key, const Wish& wish) {
  if (wish.stage == WishStage::kReading) return false;
  bool is_theirs = state.cluster.is_up(wish.directory) &&
                   directory_of(state, key.version, key.chunk) == wish.directory;
  if (wish.stage == WishStage::kGranted) return !is_theirs;
  return wish.until <= state.now || state.versions[key.version].readers == 0 ||
         (wish.stage == WishStage::kOpen && !is_theirs);
}

bool is_past_superpeers(const State& state, VersionIndex version) {
  return selection_for(state, version).origin_route() == OriginRoute::kReader;
}

// Whether a superpeer of this group could read for the reader.
bool has_superpeer_near(const State& state, const Reader& reader) {
  const Place& place = state.fleet.place_of(reader.peer);
  Nearness farthest = state.policy(reader.version).selection.farthest;
  const std::vector<PeerIndex>& superpeers = state.fleet.superpeers();
  return std::any_of(superpeers.begin(), superpeers.end(), [&](PeerIndex superpeer) {
    return !is_in_quarantine(state, superpeer) && can_keep(state, superpeer, reader.version) &&
           nearness(place, state.fleet.place_of(superpeer)) <= farthest;
  });
}

}  // namespace

bool can_reader_read_for_all(const State& state, VersionIndex version, uint32_t chunk) {
  const VersionRow& row = state.versions[version];
  if (row.facts->is_published || row.knows_root(chunk)) return true;
  return row.bucket != kNoBucket && state.buckets[row.bucket].config.trust_peers;
}

bool have_others_superpeers(const State& state, const Reader& reader) {
  Nearness farthest = state.policy(reader.version).selection.farthest;
  if (farthest < Nearness::kSameRegion) return false;
  const std::string& region = state.sessions[state.fleet.peer(reader.peer).session].region;
  return std::any_of(state.cluster.links.begin(), state.cluster.links.end(),
                     [&](const auto& entry) {
                       const Link& link = entry.second;
                       if (entry.first == state.cluster.self) return false;
                       bool is_near = farthest == Nearness::kAnywhere ||
                                      link.member.region.empty() || link.member.region == region;
                       return is_near && superpeers_for(state, link, reader.version) > 0;
                     });
}

bool is_shared(const State& state, const Reader& reader, uint32_t chunk) {
  if (can_reader_read_for_all(state, reader.version, chunk)) return true;
  if (is_past_superpeers(state, reader.version)) return false;
  if (has_superpeer_near(state, reader)) return true;
  if (state.policy(reader.version).selection.farthest < Nearness::kSameRegion) return false;
  // Superpeers that were a lost tracker's are on their way to another one.
  constexpr Duration kMoving = Duration::seconds(5);
  if (state.now - state.cluster.changed_at < kMoving) return true;
  return have_others_superpeers(state, reader);
}

bool may_wish(const State& state, VersionIndex version) {
  return state.versions[version].awaited.size() < kWishesPerVersionMax;
}

void begin_wishes(State& state, VersionIndex version) {
  if (!state.cluster.is_several()) return;
  VersionRow& row = state.versions[version];
  if (row.lease_cursor == 0)
    row.lease_cursor = first_chunk_of(state.cluster.members, state.cluster.self, row.chunk_count());
}

WishOutcome wish(State& state, ReaderIndex index, uint32_t chunk) {
  Cluster& cluster = state.cluster;
  const Reader& reader = state.readers[index];
  ChunkKey key{reader.version, chunk};
  if (cluster.wishes.contains(key)) return WishOutcome::kOpen;
  if (!may_wish(state, reader.version)) return WishOutcome::kFull;
  VersionRow& version = state.versions[reader.version];
  version.lease_cursor = (chunk + 1) % version.chunk_count();
  version.awaited.push_back(chunk);
  Wish made;
  made.reader = state.fleet.peer(reader.peer).id;
  made.since = state.now;
  cluster.wishes[key] = made;
  tell_wish(state, key);
  return WishOutcome::kAsked;
}

void tell_wish(State& state, ChunkKey key) {
  Cluster& cluster = state.cluster;
  Wish& wish = cluster.wishes.at(key);
  cluster.wants.erase(wish.want);
  wish.want = WantId(++cluster.want_serial);
  wish.directory = directory_of(state, key.version, key.chunk);
  wish.stage = WishStage::kOpen;
  wish.until = state.now + kWishPatience;
  cluster.wants[wish.want] = key;
  if (!cluster.is_up(wish.directory)) return postpone(state, key, kDirectoryWait);
  ChunkWanted message;
  message.want = wish.want;
  message.version = state.versions[key.version].id;
  message.chunk = key.chunk;
  message.can_read_origin = can_reader_read_for_all(state, key.version, key.chunk);
  message.is_past_superpeers = is_past_superpeers(state, key.version);
  message.is_at_origin = !state.versions[key.version].is_origin_gone;
  PeerIndex peer = state.fleet.find(wish.reader);
  if (peer != kNoPeer) {
    ReaderIndex reader = state.readers.find(peer, key.version);
    if (reader != kNoReader) {
      message.priority = state.readers[reader].priority;
      bool may_superpeer =
          !message.is_past_superpeers && has_superpeer_near(state, state.readers[reader]);
      message.can_read_origin = message.can_read_origin || may_superpeer;
    }
    auto location = Location::parse(state.fleet.location_of(peer));
    if (location.ok()) message.reader = location.value();
  }
  tell_member(state, wish.directory, key.version, std::move(message));
}

void forget_wish(State& state, ChunkKey key) {
  auto it = state.cluster.wishes.find(key);
  if (it == state.cluster.wishes.end()) return;
  leave_crossing(state, key);
  state.cluster.wants.erase(it->second.want);
  state.cluster.granted.erase(key);
  state.cluster.wishes.erase(it);
  std::erase(state.versions[key.version].awaited, key.chunk);
}

void withdraw_wish(State& state, ChunkKey key) {
  const Wish wish = state.cluster.wishes.at(key);
  if (wish.stage == WishStage::kOpen)
    tell_member(state, wish.directory, key.version, WantWithdrawn{wish.want});
  forget_wish(state, key);
}

PeerIndex enter_stranger(State& state, const Source& source) {
  PeerIndex index = state.fleet.add_foreign();
  PeerRow& row = state.fleet.peer(index);
  row.id = source.peer;
  row.is_superpeer = source.kind == SourceKind::kSuperpeer ? 1 : 0;
  Location location;
  location.host = "unknown " + std::to_string(source.peer.value());
  row.host = state.fleet.host_at(location);
  PeerDetails& details = state.fleet.details(index);
  details.name = "not a peer of this tracker, at " + source.address.text();
  details.data_address = source.address;
  return index;
}

void take_offer(State& state, MemberId from, const ChunkOffered& offer) {
  auto refuse = [&](FailureKind kind) {
    tell_member(state, from, OfferEnded{offer.offer, false, kind});
  };
  auto want = state.cluster.wants.find(offer.want);
  if (want == state.cluster.wants.end()) return refuse(FailureKind::kCancelled);
  ChunkKey key = want->second;
  bool is_of_wish = state.versions[key.version].id == offer.version && key.chunk == offer.chunk;
  if (!is_of_wish || offer.source.peer == PeerId() || offer.source.kind == SourceKind::kOrigin ||
      offer.source.address.port == 0) {
    note_nonsense(state, from, "offered what was not asked for");
    return refuse(FailureKind::kInternal);
  }
  Wish wish = state.cluster.wishes.at(key);
  if (wish.stage != WishStage::kOpen) return refuse(FailureKind::kCancelled);
  if (auto fault = fault_of(state, from, offer, key)) {
    postpone(state, key, kDirectoryWait);
    return refuse(*fault);
  }
  Given given = give(state, from, offer, wish, key);
  if (!given.is_given) {
    refuse(FailureKind::kCancelled);
    if (given.held_back != kNoReader) return wait_to_cross(state, key, given.held_back);
    return postpone(state, key, kDirectoryWait);
  }
  forget_wish(state, key);
  state.mark_dirty(key.version);
  // Others wait for it to come here.
  state.cluster.are_guests_due = !state.cluster.guests.empty();
}

void take_postponed(State& state, const WantPostponed& message) {
  auto want = state.cluster.wants.find(message.want);
  if (want == state.cluster.wants.end()) return;
  ChunkKey key = want->second;
  if (state.cluster.wishes.at(key).stage != WishStage::kOpen) return;
  if (message.after > Duration{})
    return postpone(state, key, std::min(message.after, kWishPatience));
  forget_wish(state, key);
  end_waiting(state, key, message.why);
}

const Import* import_of(const State& state, TransferIndex transfer) {
  auto it = state.cluster.imports.find(transfer);
  return it == state.cluster.imports.end() ? nullptr : &it->second;
}

void note_cluster_delivered(State& state, TransferIndex transfer) {
  auto it = state.cluster.imports.find(transfer);
  if (it != state.cluster.imports.end()) it->second.is_delivered = true;
}

void note_cluster_failed(State& state, TransferIndex transfer, const AssignmentFailed& event) {
  if (auto it = state.cluster.imports.find(transfer); it != state.cluster.imports.end())
    it->second.kind = event.kind;
  auto duty = state.cluster.duties.find(transfer);
  if (duty == state.cluster.duties.end()) return;
  duty->second.kind = event.kind;
  duty->second.detail = event.detail;
}

void note_cluster_progress(State& state, TransferIndex transfer) {
  auto import = state.cluster.imports.find(transfer);
  if (import != state.cluster.imports.end() && !import->second.is_of_stranger())
    tell_member(state, import->second.from, OfferProgressed{import->second.offer});
  auto duty = state.cluster.duties.find(transfer);
  if (duty == state.cluster.duties.end()) return;
  const ChunkKey& key = duty->second.chunk;
  tell_member(state, duty->second.directory, key.version,
              LeaseProgressed{state.versions[key.version].id, key.chunk});
}

void end_cluster_transfer(State& state, TransferIndex transfer) {
  Cluster& cluster = state.cluster;
  if (!cluster.is_several()) {
    cluster.imports.erase(transfer);
    return;
  }
  cluster.are_guests_due = cluster.are_guests_due || !cluster.guests.empty();
  cluster.is_grant_waiting = cluster.is_grant_waiting || !cluster.granted.empty();
  if (auto it = cluster.imports.find(transfer); it != cluster.imports.end()) {
    const Import& import = it->second;
    bool is_soon_again = !import.is_delivered && (import.kind == FailureKind::kBusy ||
                                                  import.kind == FailureKind::kLacking);
    if (!import.is_of_stranger())
      tell_member(state, import.from, OfferEnded{import.offer, import.is_delivered, import.kind});
    cluster.imports.erase(it);
    const TransferRow& row = state.transfers[transfer];
    if (is_soon_again) rest(state, {row.version, row.chunk});
  }
  auto duty = cluster.duties.find(transfer);
  if (duty == cluster.duties.end()) return;
  cluster.duties_ended.push_back(std::move(duty->second));
  cluster.duties.erase(duty);
}

void expire_wishes(State& state) {
  std::vector<ChunkKey> spent;
  for (const auto& [key, wish] : state.cluster.wishes)
    if (is_spent(state, key, wish)) spent.push_back(key);
  for (const ChunkKey& key : spent) {
    withdraw_wish(state, key);
    state.mark_dirty(key.version);
  }
}

}  // namespace tyto::tracker
