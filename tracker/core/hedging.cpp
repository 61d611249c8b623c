// The tail of a download: what takes long is asked for from a second source as well.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// A transfer is late when it has taken so many times what the reader's transfers take, and this
// long.
constexpr int64_t kLateTimes = 4;
constexpr Duration kLateMin = Duration::seconds(1);
// One that has got so far is waited for.
constexpr uint8_t kQuartersComing = 2;
// At most one chunk in so many is hedged, so that even if all that hedges bring were brought in
// vain, it would be 2 % of the object.
constexpr uint32_t kChunksPerHedge = 50;

uint32_t transfers_of(const State& state, const Reader& reader, uint32_t chunk) {
  uint32_t count = 0;
  SessionIndex session = state.fleet.peer(reader.peer).session;
  for (const Download& download : state.sessions[session].downloads)
    count += download.version == reader.version && download.chunk == chunk ? 1 : 0;
  return count;
}

Instant late_at(const Reader& reader, const TransferRow& row) {
  return row.since + std::max(reader.usual_took * kLateTimes, kLateMin);
}

bool may_hedge(const State& state, const Reader& reader) {
  return reader.wants_all && reader.usual_took > Duration{} &&
         (uint32_t{reader.hedges} + 1) * kChunksPerHedge <=
             state.versions[reader.version].chunk_count();
}

bool hedge(State& state, ReaderIndex index, const TransferRow& late) {
  const Reader& reader = state.readers[index];
  Found found = find_source(state, reader, late.chunk, Scope::kAnywhere);
  bool is_other = found.is_found() && found.generation == 0 && found.source != late.source;
  if (!is_other) return false;
  uint32_t bytes = state.versions[late.version].chunking.length_of(ChunkIndex(late.chunk));
  Medium medium = late.is_in_memory != 0 ? Medium::kMemory : Medium::kDisk;
  if (reserve_in(state, medium, reader.peer, late.version, bytes) != Space::kReserved) return false;
  found.medium = medium;
  ++state.readers[index].hedges;
  assign(state, reader.peer, late.version, late.chunk, found, Assignment::kHedge);
  return true;
}

}  // namespace

Instant hedge_tail(State& state, ReaderIndex index) {
  Instant next = Instant::never();
  SessionIndex session = state.fleet.peer(state.readers[index].peer).session;
  const std::vector<Download> under_way = state.sessions[session].downloads;
  for (const Download& download : under_way) {
    const TransferRow row = state.transfers[download.transfer];
    const Reader& reader = state.readers[index];
    if (row.version != reader.version || row.source == kNoPeer) continue;
    if (!may_hedge(state, reader)) return Instant::never();
    bool is_coming = row.quarters >= kQuartersComing;
    if (is_coming || transfers_of(state, reader, row.chunk) > 1) continue;
    Instant late = late_at(reader, row);
    if (late <= state.now && hedge(state, index, row)) continue;
    next = std::min(next, late <= state.now ? state.now + kLateMin : late);
  }
  return next;
}

}  // namespace tyto::tracker
