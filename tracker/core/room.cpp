// A store that cannot hold all that its peer reads at once: chunks are sent so that one read after
// another can be ended, and make room for the next. Without that, reads would fill the store with
// halves, none of which can go.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// What a reader of a whole version takes of the store, and will take besides, in bytes.
struct Claim {
  ReaderIndex reader = kNoReader;
  uint64_t has = 0;
  uint64_t lacks = 0;
};

// What the claims must fit into: all that is lent in a medium, or one bucket's share of it.
struct Limit {
  Medium medium = Medium::kDisk;
  uint64_t bytes = 0;
  std::optional<BucketIndex> bucket;
};

// Chunks of its version that the reader's peer has elsewhere, from when they were kept there.
uint64_t chunks_elsewhere(const State& state, const Reader& reader, Medium medium,
                          uint64_t chunks_held) {
  uint64_t in_memory = chunks_in_memory(state, reader.peer, reader.version);
  if (medium == Medium::kDisk) return std::min(in_memory, chunks_held);
  return chunks_held - std::min(in_memory, chunks_held);
}

Claim claim_of(const State& state, ReaderIndex index, Medium medium) {
  const Reader& reader = state.readers[index];
  const Chunking& chunking = state.versions[reader.version].chunking;
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer);
  uint64_t chunks = reader.at_origin.brought.count();
  if (holding != kNoHolding) chunks += state.holdings[holding].count;
  uint64_t elsewhere = chunks_elsewhere(state, reader, medium, chunks) * chunking.chunk_bytes;
  uint64_t needs = chunking.object_bytes - std::min(elsewhere, chunking.object_bytes);
  uint64_t has = std::min((chunks + reader.active) * chunking.chunk_bytes, chunking.object_bytes);
  has -= std::min(elsewhere, has);
  has = std::min(has, needs);
  return {index, has, needs - has};
}

// Streams claim nothing: what their windows have passed can go.
std::vector<Claim> claims_on(const State& state, PeerIndex peer, const Limit& limit) {
  std::vector<Claim> claims;
  for (ReaderIndex index : state.sessions[state.fleet.peer(peer).session].readers) {
    const Reader& reader = state.readers[index];
    bool is_within = !limit.bucket || state.versions[reader.version].bucket == *limit.bucket;
    bool is_there = medium_now(state, reader.version) == limit.medium;
    if (reader.wants_all && is_within && is_there)
      claims.push_back(claim_of(state, index, limit.medium));
  }
  return claims;
}

// Whether all can be ended one after another, each leaving what it has (the banker's algorithm,
// Dijkstra 1965). Those that would not fit even alone do not count but for what they have.
bool can_all_end(std::vector<Claim> claims, uint64_t room) {
  std::stable_sort(claims.begin(), claims.end(),
                   [](const Claim& a, const Claim& b) { return a.lacks < b.lacks; });
  uint64_t taken = 0;
  for (const Claim& claim : claims) taken += claim.has;
  for (const Claim& claim : claims) {
    if (claim.has + claim.lacks > room) continue;
    if (taken + claim.lacks > room) return false;
    taken -= claim.has;
  }
  return true;
}

bool would_lock_up_within(const State& state, ReaderIndex reader, uint32_t bytes,
                          const Limit& limit) {
  std::vector<Claim> claims = claims_on(state, state.readers[reader].peer, limit);
  if (claims.size() < 2 || !can_all_end(claims, limit.bytes)) return false;
  for (Claim& claim : claims) {
    if (claim.reader != reader) continue;
    claim.has += bytes;
    claim.lacks -= std::min<uint64_t>(claim.lacks, bytes);
  }
  return !can_all_end(claims, limit.bytes);
}

}  // namespace

bool would_lock_up(const State& state, Medium medium, PeerIndex peer, VersionIndex version,
                   uint32_t bytes) {
  SessionIndex session = state.fleet.peer(peer).session;
  if (state.sessions[session].readers.size() < 2) return false;
  ReaderIndex reader = state.readers.find(peer, version);
  if (reader == kNoReader || !state.readers[reader].wants_all) return false;
  uint64_t quota = state.policy(version).caching.bytes_per_peer;
  uint64_t lent = account_of(state, peer, medium).limit_bytes;
  if (would_lock_up_within(state, reader, bytes, {medium, lent, {}})) return true;
  if (quota == 0) return false;
  return would_lock_up_within(state, reader, bytes,
                              {medium, quota, state.versions[version].bucket});
}

}  // namespace tyto::tracker
