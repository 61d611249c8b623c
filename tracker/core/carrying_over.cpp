// Transfers that were under way when a peer came to this tracker, from another one, after a time
// without any, or because this one has started anew: each goes on as an assignment of this
// tracker's, from the very source that it has, so that nothing is fetched twice and nobody is sent
// in a circle.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Superpeers read for all; peers where what they read may be taught to others.
bool is_read_for_all(const State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  if (state.fleet.peer(peer).is_superpeer) return true;
  const VersionRow& row = state.versions[version];
  bool is_trusted = row.bucket != kNoBucket && state.buckets[row.bucket].config.trust_peers;
  return row.facts->is_published || row.knows_root(chunk) || is_trusted;
}

// A read of the origin goes on as a lease, unless somebody else has one here.
void carry_over_lease(State& state, PeerIndex peer, ChunkKey key, Medium medium) {
  const VersionRow& row = state.versions[key.version];
  bool is_possible = !row.facts->origin.url.empty() && !row.is_origin_gone &&
                     is_read_for_all(state, peer, key.version, key.chunk);
  if (!is_possible || row.is_leased(key.chunk)) return;
  if (state.cluster.wishes.contains(key)) withdraw_wish(state, key);
  Found found;
  found.reason.choice =
      state.fleet.peer(peer).is_superpeer ? Choice::kOriginLease : Choice::kOriginNoSuperpeer;
  found.medium = medium;
  book_transfer(state, peer, key, medium);
  carry_over_read(state, key, peer, found);
}

// Its sender's copy, as far as this tracker knows it: a whole one, or one on its way there.
uint16_t generation_of(const State& state, PeerIndex source, ChunkKey key, uint16_t told) {
  HoldingIndex holding = state.holdings.find(key.version, source);
  if (holding != kNoHolding && state.holdings.has(holding, key.chunk)) return 0;
  return std::max<uint16_t>(told, 1);
}

// The peer knows what the chunk must hash to, though this tracker may not, and never refuses to go
// on. One that speaks an earlier version goes on by itself, and tells what it got.
bool may_be_told(const State& state, PeerIndex peer, ChunkKey key) {
  const Session& session = state.sessions[state.fleet.peer(peer).session];
  return state.versions[key.version].knows_root(key.chunk) ||
         session.protocol_version >= kProtocolOfUnknownRoots;
}

void carry_over_copy(State& state, PeerIndex peer, ChunkKey key, const ChunkUnderway& what) {
  const Source& source = what.source;
  if (source.generation.value() > kTreeDepthMax || source.address.port == 0) return;
  if (!may_be_told(state, peer, key)) return;
  Found found;
  found.reason.choice = Choice::kCarriedOver;
  PeerIndex own = state.fleet.find(source.peer);
  bool is_own = own != kNoPeer && state.fleet.peer(own).session != kNoSession;
  found.source = is_own ? own : enter_stranger(state, source);
  found.generation = is_own ? generation_of(state, own, key, source.generation.value())
                            : source.generation.value();
  found.reason.generation = found.generation;
  found.medium = what.medium;
  book_transfer(state, peer, key, what.medium);
  TransferIndex transfer = assign(state, peer, key.version, key.chunk, found);
  if (!is_own) state.cluster.imports[transfer] = Import{};
}

}  // namespace

void carry_over(State& state, PeerIndex peer, VersionIndex version, const ChunkUnderway& what) {
  const VersionRow& row = state.versions[version];
  bool is_known = row.facts != nullptr && what.chunk < row.chunk_count();
  if (!is_known || is_coming_to(state, version, what.chunk, peer)) return;
  HoldingIndex holding = state.holdings.find(version, peer);
  if (holding != kNoHolding && state.holdings.has(holding, what.chunk)) return;
  ChunkKey key{version, what.chunk};
  if (what.source.kind == SourceKind::kOrigin)
    carry_over_lease(state, peer, key, what.medium);
  else if (what.source.peer != state.fleet.peer(peer).id)
    carry_over_copy(state, peer, key, what);
}

}  // namespace tyto::tracker
