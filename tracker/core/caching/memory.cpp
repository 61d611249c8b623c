#include "tracker/core/caching/memory.h"

#include <algorithm>
#include <iterator>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

const MemoryAccount* find_account(const State& state, PeerIndex peer) {
  SessionIndex session = state.fleet.peer(peer).session;
  return session == kNoSession ? nullptr : state.sessions[session].memory.get();
}

}  // namespace

Account account_of(const State& state, PeerIndex peer, Medium medium) {
  const PeerRow& row = state.fleet.peer(peer);
  if (medium == Medium::kDisk) return {row.store_bytes, row.used_bytes, row.evicting_bytes};
  const MemoryAccount* memory = find_account(state, peer);
  if (memory == nullptr) return {};
  return {memory->limit_bytes, memory->used_bytes, memory->evicting_bytes};
}

Medium medium_now(const State& state, VersionIndex version) {
  return medium_of(state.policy(version).caching.placement);
}

Placement placement_at(const State& state, PeerIndex peer, VersionIndex version, Medium medium) {
  if (medium == Medium::kMemory) return Placement::kMemory;
  bool is_both = state.policy(version).caching.placement == Placement::kBoth;
  return is_both && lends_memory(state, peer) ? Placement::kBoth : Placement::kDisk;
}

bool lends_memory(const State& state, PeerIndex peer) {
  const MemoryAccount* memory = find_account(state, peer);
  return memory != nullptr && memory->lent_bytes > 0;
}

bool can_keep(const State& state, PeerIndex peer, VersionIndex version) {
  return medium_now(state, version) == Medium::kDisk || lends_memory(state, peer);
}

Medium medium_of(const State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  const MemoryAccount* memory = find_account(state, peer);
  bool is_there = memory != nullptr && memory->kept.contains({version, chunk});
  return is_there ? Medium::kMemory : Medium::kDisk;
}

uint32_t chunks_in_memory(const State& state, PeerIndex peer, VersionIndex version) {
  const MemoryAccount* memory = find_account(state, peer);
  if (memory == nullptr) return 0;
  uint32_t count = 0;
  auto it = memory->kept.lower_bound({version, 0});
  for (; it != memory->kept.end() && it->first == version; it = memory->kept.upper_bound(*it))
    ++count;
  return count;
}

MemoryAccount& memory_of(Session& session) {
  if (session.memory == nullptr) session.memory = std::make_unique<MemoryAccount>();
  return *session.memory;
}

void set_memory_lent(Session& session, uint64_t bytes) {
  bool may_lend = bytes > 0 && session.protocol_version >= kProtocolOfMemory;
  if (!may_lend && session.memory == nullptr) return;
  MemoryAccount& memory = memory_of(session);
  memory.lent_bytes = memory.limit_bytes = may_lend ? bytes : 0;
}

void try_full_memory_again(State& state, PeerIndex peer) {
  MemoryAccount* memory = state.sessions[state.fleet.peer(peer).session].memory.get();
  if (memory != nullptr && state.now >= memory->full_until)
    memory->limit_bytes = memory->lent_bytes;
}

VersionBytes memory_bytes(const State& state, const Session& session, VersionIndex version) {
  VersionBytes bytes;
  if (session.memory == nullptr) return bytes;
  const MemoryAccount& memory = *session.memory;
  const Chunking& chunking = state.versions[version].chunking;
  auto sum = [&](const auto& chunks, uint64_t& total) {
    auto it = chunks.lower_bound({version, 0});
    for (; it != chunks.end() && it->first == version; ++it)
      total += chunking.length_of(ChunkIndex(it->second));
  };
  sum(memory.kept, bytes.held);
  sum(memory.evictions, bytes.evicting);
  for (const Download& download : session.downloads)
    if (download.version == version && state.transfers[download.transfer].is_in_memory != 0)
      bytes.held += chunking.length_of(ChunkIndex(download.chunk));
  return bytes;
}

}  // namespace tyto::tracker
