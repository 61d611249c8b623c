// Orders: what was decided, booked and put into words for the peer that is to fetch.
#include "base/assert.h"
#include "tracker/core/caching/memory.h"
#include "tracker/core/explain/notes.h"
#include "tracker/core/state.h"

namespace tyto::tracker {

Source source_of(const State& state, PeerIndex peer, uint16_t generation) {
  if (peer == kNoPeer) return {};
  const PeerRow& row = state.fleet.peer(peer);
  return {row.is_superpeer ? SourceKind::kSuperpeer : SourceKind::kPeer, row.id,
          state.fleet.details(peer).data_address, Generation(generation)};
}

namespace {

Duration patience_of(const State& state, const Found& found) {
  if (found.source == kNoPeer) return state.config.origin_patience;
  if (found.generation == 0) return state.config.patience;
  // A copy in flight must arrive there first, and its sender may have to be replaced.
  return state.config.patience * (1 + int64_t{found.generation});
}

// A reader of the bucket is sent so much.
void charge(State& state, VersionIndex version, uint32_t bytes) {
  BucketIndex bucket = state.versions[version].bucket;
  const SelectionPolicy& policy = state.policy(version).selection;
  state.work.charge(bucket, bytes, policy.weight);
  state.buckets[bucket].sent.take(state.now, bytes, policy.bytes_per_s);
}

// Whether a chunk that is read at the origin is read for all who may read from the receiver.
bool is_for_all(const State& state, VersionIndex version, uint32_t chunk, Choice choice) {
  const VersionRow& facts = state.versions[version];
  if (choice == Choice::kOriginLease) return true;
  if (choice != Choice::kOriginNoSuperpeer && choice != Choice::kOriginCold) return false;
  // What a peer reads is for all if its root is known, or may be learned from that peer.
  bool is_trusted = facts.bucket != kNoBucket && state.buckets[facts.bucket].config.trust_peers;
  return facts.facts->is_published || facts.knows_root(chunk) || is_trusted;
}

TransferRow row_of(const State& state, PeerIndex receiver, VersionIndex version, uint32_t chunk,
                   const Found& found) {
  Choice choice = found.reason.choice;
  TransferRow row;
  row.since = state.now;
  row.receiver = receiver;
  row.source = found.source;
  row.version = version;
  row.chunk = chunk;
  row.fallbacks = found.fallbacks;
  row.source_generation = static_cast<uint8_t>(found.generation);
  row.generation = static_cast<uint8_t>(found.generation + 1);
  row.is_in_memory = found.medium.value_or(medium_now(state, version)) == Medium::kMemory ? 1 : 0;
  row.is_shadow = choice == Choice::kOriginShadow ? 1 : 0;
  // A second one is for those who may not read from where the first takes the chunk.
  row.is_lease =
      is_for_all(state, version, chunk, choice) && !state.versions[version].is_leased(chunk);
  return row;
}

// The command that tells the receiver.
Assign order_of(const State& state, TransferIndex index, const Found& found, Assignment kind) {
  const TransferRow& row = state.transfers[index];
  const VersionRow& facts = state.versions[row.version];
  Assign order;
  order.assignment = {state.epoch, row.n};
  order.chunk = {facts.id, ChunkIndex(row.chunk)};
  order.source = source_of(state, found.source, found.generation);
  for (PeerIndex fallback : found.fallbacks)
    if (fallback != kNoPeer) order.fallbacks.push_back(source_of(state, fallback, 0));
  if (facts.knows_root(row.chunk)) order.root = facts.roots[row.chunk];
  TYTO_ASSERT(order.root || order.source.kind == SourceKind::kOrigin ||
              found.reason.choice == Choice::kCarriedOver);
  order.generation = Generation(row.generation);
  order.patience = patience_of(state, found);
  order.is_hedge = kind == Assignment::kHedge;
  order.run = found.run;
  Medium medium = row.is_in_memory != 0 ? Medium::kMemory : Medium::kDisk;
  order.placement = placement_at(state, row.receiver, row.version, medium);
  order.reason = state.transfers.reason(index);
  return order;
}

}  // namespace

TransferIndex assign(State& state, PeerIndex receiver, VersionIndex version, uint32_t chunk,
                     const Found& found, Assignment kind) {
  const VersionRow& facts = state.versions[version];
  Reason reason = found.reason;
  reason.copies = facts.copies[chunk];
  if (facts.bucket != kNoBucket)
    reason.policy_version = state.buckets[facts.bucket].config.policy_version;
  TransferIndex index =
      state.transfers.start(row_of(state, receiver, version, chunk, found), reason, found.upstream);
  note_assigned(state, index, kind);
  charge_crossing(state, state.transfers[index], found.reason.choice);
  SessionIndex session = state.fleet.peer(receiver).session;
  state.sessions[session].downloads.push_back({index, version, chunk});
  if (ReaderIndex reader = state.readers.find(receiver, version); reader != kNoReader) {
    charge(state, version, facts.chunking.length_of(ChunkIndex(chunk)));
    state.readers[reader].served_at = state.now;
    if (kind == Assignment::kOnly) {
      state.readers[reader].in_flight.set(chunk);
      ++state.readers[reader].active;
    }
  }
  ++state.counters.assignments;
  state.describe(session, version);
  state.stage(session, order_of(state, index, found, kind));
  return index;
}

}  // namespace tyto::tracker
