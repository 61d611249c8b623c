// From whom: the nearest usable holder, then the least loaded; a bounded number of looks.
#include <algorithm>
#include <array>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr int kLooksPerTier = 32;
constexpr uint16_t kGenerationMax = 8;  // of a copy in flight that others may read from

struct Candidate {
  PeerIndex peer = kNoPeer;
  uint32_t score = 0;  // smaller is better
};

// The best few candidates, best first.
class Shortlist {
 public:
  void offer(Candidate candidate) {
    for (Candidate& slot : slots_) {
      if (slot.peer == candidate.peer) return;
      if (slot.peer == kNoPeer || candidate.score < slot.score) std::swap(slot, candidate);
    }
  }
  bool is_empty() const { return slots_[0].peer == kNoPeer; }
  const Candidate& operator[](std::size_t i) const { return slots_[i]; }
  static constexpr std::size_t size() { return 1 + kFallbacksKept; }

 private:
  std::array<Candidate, 1 + kFallbacksKept> slots_{};
};

// Nearness first; at the same nearness ordinary peers before superpeers, whose uplinks are wanted
// for chunks that nobody else has; then by load, in 256ths of the host's cap.
uint32_t score_of(const State& state, const Place& reader, PeerIndex source) {
  const PeerRow& peer = state.fleet.peer(source);
  const HostRow& host = state.fleet.host(peer.host);
  auto near = static_cast<uint32_t>(nearness(reader, host.place));
  uint32_t load = uint32_t{host.uploads} * 256 / std::max<uint32_t>(1, host.uploads_max);
  return near << 24 | uint32_t{peer.is_superpeer} << 16 | std::min<uint32_t>(load, 0xffff);
}

bool has_free_upload(const State& state, PeerIndex source) {
  const HostRow& host = state.fleet.host(state.fleet.peer(source).host);
  return host.uploads < host.uploads_max;
}

// Why a peer may not serve this reader now, counted; true if it may.
bool passes(const State& state, const Reader& reader, PeerIndex source, Reason& reason) {
  ++reason.candidates;
  if (source == reader.peer) {
    ++reason.rejected_lacking;
    return false;
  }
  if (!is_usable_source(state, source) || reader.excludes(source, state.now)) {
    ++reason.rejected_suspect;
    return false;
  }
  if (!has_free_upload(state, source)) {
    ++reason.rejected_busy;
    return false;
  }
  return true;
}

// Looks at members of one rack group from a random one on.
void look_at_group(State& state, const Reader& reader, uint32_t chunk, const RackGroup& group,
                   int& looks, Shortlist& list, Reason& reason) {
  auto count = static_cast<uint32_t>(group.holdings.size());
  if (count == 0) return;
  const Place& place = state.fleet.place_of(reader.peer);
  uint32_t start = state.rng.below(count);
  for (uint32_t i = 0; i < count && looks > 0; ++i, --looks) {
    HoldingIndex holding = group.holdings[(start + i) % count];
    PeerIndex source = state.holdings[holding].peer;
    if (!state.holdings.has(holding, chunk)) {
      ++reason.candidates;
      ++reason.rejected_lacking;
      continue;
    }
    if (!passes(state, reader, source, reason)) continue;
    list.offer({source, score_of(state, place, source)});
  }
}

void look_at_groups(State& state, const Reader& reader, uint32_t chunk,
                    const std::vector<uint32_t>* groups, Shortlist& list, Reason& reason) {
  const VersionRow& version = state.versions[reader.version];
  auto count = static_cast<uint32_t>(groups ? groups->size() : version.groups.size());
  if (count == 0) return;
  uint32_t start = state.rng.below(count);
  int looks = kLooksPerTier;
  for (uint32_t i = 0; i < count && looks > 0; ++i, --looks) {
    uint32_t at = (start + i) % count;
    const RackGroup& group = version.groups[groups ? (*groups)[at] : at];
    look_at_group(state, reader, chunk, group, looks, list, reason);
  }
}

// Rack, zone, region, anywhere, until one tier has somebody to offer.
Shortlist look_around(State& state, const Reader& reader, uint32_t chunk, Reason& reason) {
  Shortlist list;
  const VersionRow& version = state.versions[reader.version];
  const Place place = state.fleet.place_of(reader.peer);
  if (auto rack = version.group_of_rack.find(place.rack); rack != version.group_of_rack.end()) {
    int looks = kLooksPerTier;
    look_at_group(state, reader, chunk, version.groups[rack->second], looks, list, reason);
  }
  if (!list.is_empty()) return list;
  if (auto zone = version.groups_of_zone.find(place.zone); zone != version.groups_of_zone.end())
    look_at_groups(state, reader, chunk, &zone->second, list, reason);
  if (!list.is_empty()) return list;
  auto region = version.groups_of_region.find(place.region);
  if (region != version.groups_of_region.end())
    look_at_groups(state, reader, chunk, &region->second, list, reason);
  if (list.is_empty()) look_at_groups(state, reader, chunk, nullptr, list, reason);
  return list;
}

}  // namespace

bool is_usable_source(const State& state, PeerIndex index) {
  const PeerRow& peer = state.fleet.peer(index);
  return !peer.is_gone && !peer.is_leaving && peer.suspect_until <= state.now &&
         state.fleet.details(index).data_address.port != 0;
}

Found find_whole_copy(State& state, const Reader& reader, uint32_t chunk) {
  Found found;
  Shortlist list = look_around(state, reader, chunk, found.reason);
  if (list.is_empty()) return found;
  found.source = list[0].peer;
  for (std::size_t i = 1; i < Shortlist::size(); ++i) found.fallbacks[i - 1] = list[i].peer;
  found.reason.choice =
      state.fleet.peer(found.source).is_superpeer ? Choice::kSuperpeerCopy : Choice::kWholeCopy;
  found.reason.score = list[0].score;
  found.reason.nearness = static_cast<uint8_t>(
      nearness(state.fleet.place_of(reader.peer), state.fleet.place_of(found.source)));
  return found;
}

namespace {

// The transfer by which a peer is sent a chunk, among the few it has under way; or null.
const TransferRow* incoming(const State& state, PeerIndex peer, const TransferRow& like) {
  SessionIndex session = state.fleet.peer(peer).session;
  if (session == kNoSession) return nullptr;
  for (TransferIndex index : state.sessions[session].transfers) {
    const TransferRow& row = state.transfers[index];
    if (row.version == like.version && row.chunk == like.chunk) return &row;
  }
  return nullptr;
}

// Whether a copy in flight waits, through other copies in flight, for one at `reader`. Generations
// grow along a tree, but after a failure they are given out anew above those who still wait.
bool waits_for(const State& state, const TransferRow& copy, PeerIndex reader) {
  const TransferRow* at = &copy;
  for (int steps = 0; at != nullptr && steps <= kGenerationMax; ++steps) {
    if (at->source == reader) return true;
    if (at->source == kNoPeer || at->source_generation == 0) return false;
    at = incoming(state, at->source, copy);
  }
  return at != nullptr;
}

}  // namespace

Found find_in_flight_copy(State& state, const Reader& reader, uint32_t chunk) {
  Found found;
  const VersionRow& version = state.versions[reader.version];
  auto count = static_cast<uint32_t>(version.transfers.size());
  if (count == 0 || !version.knows_root(chunk)) return found;
  const Place& place = state.fleet.place_of(reader.peer);
  uint32_t start = state.rng.below(count);
  uint32_t best = ~uint32_t{0};
  for (uint32_t i = 0; i < std::min<uint32_t>(count, kLooksPerTier); ++i) {
    const TransferRow& row = state.transfers[version.transfers[(start + i) % count]];
    if (row.chunk != chunk) continue;
    // What comes from the origin is nobody's source before it is whole.
    if (row.source == kNoPeer || row.generation >= kGenerationMax ||
        waits_for(state, row, reader.peer)) {
      ++found.reason.candidates;
      ++found.reason.rejected_cycle;
      continue;
    }
    if (!passes(state, reader, row.receiver, found.reason)) continue;
    uint32_t score = score_of(state, place, row.receiver) + row.generation;
    if (score >= best) continue;
    best = score;
    found.source = row.receiver;
    found.generation = row.generation;
  }
  if (!found.is_found()) return found;
  found.reason.choice = Choice::kInFlightCopy;
  found.reason.generation = found.generation;
  found.reason.score = best;
  found.reason.nearness = static_cast<uint8_t>(nearness(place, state.fleet.place_of(found.source)));
  return found;
}

namespace {

Source source_of(const State& state, PeerIndex peer, uint16_t generation) {
  if (peer == kNoPeer) return {};
  const PeerRow& row = state.fleet.peer(peer);
  return {row.is_superpeer ? SourceKind::kSuperpeer : SourceKind::kPeer, row.id,
          state.fleet.details(peer).data_address, Generation(generation)};
}

Duration patience_of(const State& state, const Found& found) {
  if (found.source == kNoPeer) return state.config.origin_patience;
  if (found.generation == 0) return state.config.patience;
  // A copy in flight must arrive there first, and its sender may have to be replaced.
  return state.config.patience * (2 + 2 * int64_t{found.generation});
}

}  // namespace

void assign(State& state, PeerIndex receiver, VersionIndex version, uint32_t chunk,
            const Found& found) {
  const VersionRow& facts = state.versions[version];
  Choice choice = found.reason.choice;
  TransferRow row;
  row.since = state.now;
  row.receiver = receiver;
  row.source = found.source;
  row.version = version;
  row.chunk = chunk;
  row.fallbacks = found.fallbacks;
  row.source_generation = found.generation;
  row.generation = static_cast<uint16_t>(found.generation + 1);
  const BucketConfig* bucket = state.names.bucket(facts.facts->bucket_name);
  // What a peer reads is for all if its root is known, or may be learned from that peer.
  bool is_shared = facts.facts->is_published || facts.knows_root(chunk) ||
                   (bucket != nullptr && bucket->trust_peers);
  row.is_lease =
      choice == Choice::kOriginLease || (choice == Choice::kOriginNoSuperpeer && is_shared);
  Reason reason = found.reason;
  reason.copies = facts.copies[chunk];
  if (bucket != nullptr) reason.policy_version = bucket->policy_version;

  TransferIndex index = state.transfers.start(row, reason);
  SessionIndex session = state.fleet.peer(receiver).session;
  state.sessions[session].transfers.push_back(index);
  if (ReaderIndex reader = state.readers.find(receiver, version); reader != kNoReader) {
    state.readers[reader].in_flight.set(chunk);
    ++state.readers[reader].active;
  }
  ++state.counters.assignments;
  state.describe(session, version);
  Assign order;
  order.assignment = {state.epoch, state.transfers[index].n};
  order.chunk = {facts.id, ChunkIndex(chunk)};
  order.source = source_of(state, found.source, found.generation);
  for (PeerIndex fallback : found.fallbacks)
    if (fallback != kNoPeer) order.fallbacks.push_back(source_of(state, fallback, 0));
  if (facts.knows_root(chunk)) order.root = facts.roots[chunk];
  order.generation = Generation(row.generation);
  order.patience = patience_of(state, found);
  order.reason = reason;
  state.stage(session, std::move(order));
}

}  // namespace tyto::tracker
