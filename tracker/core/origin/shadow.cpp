// The shadow share: readers that, by lot, read the origin as if there were no Tyto, to be compared
// with the others of their bucket.
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kLots = 1000;

bool is_compared(const State& state, VersionIndex version) {
  return state.policy(version).origin.shadow_permille > 0;
}

// The reader has all that it lacked.
void note_complete(State& state, const Reader& reader) {
  auto took = static_cast<uint64_t>((state.now - reader.at_origin.asked).ns());
  Counters& counters = state.counters;
  bool is_shadow = reader.at_origin.is_shadow;
  ++(is_shadow ? counters.shadow_completed : counters.compared_completed);
  (is_shadow ? counters.shadow_ns : counters.compared_ns) += took;
}

}  // namespace

void begin_at_origin(State& state, ReaderIndex index, Instant asked) {
  Reader& reader = state.readers[index];
  const VersionRow& version = state.versions[reader.version];
  if (!is_compared(state, reader.version) || version.facts->origin.url.empty()) return;
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer);
  uint32_t held = holding == kNoHolding ? 0 : state.holdings[holding].count;
  reader.at_origin.asked = asked;
  reader.at_origin.to_come = version.chunk_count() - held;
  uint32_t share = state.policy(reader.version).origin.shadow_permille;
  if (!state.rng.one_in(share, kLots)) return;
  reader.at_origin.is_shadow = true;
  reader.at_origin.brought = Bitmap(version.chunk_count());
  ++state.counters.shadow_opens;
}

void note_brought(State& state, ReaderIndex index, uint32_t bytes) {
  Reader& reader = state.readers[index];
  if (reader.at_origin.to_come == 0) return;
  (reader.at_origin.is_shadow ? state.counters.shadow_bytes : state.counters.compared_bytes) +=
      bytes;
  if (--reader.at_origin.to_come == 0 && reader.wants_all) note_complete(state, reader);
}

void keep_shadow_copy(State& state, ReaderIndex index, uint32_t chunk) {
  Reader& reader = state.readers[index];
  if (reader.at_origin.brought.test(chunk)) return;
  reader.at_origin.brought.set(chunk);
  state.fleet.peer(reader.peer).used_bytes +=
      state.versions[reader.version].chunking.length_of(ChunkIndex(chunk));
}

void end_at_origin(State& state, ReaderIndex index) {
  leave_origin_line(state, index);
  const Reader& reader = state.readers[index];
  if (!reader.at_origin.is_shadow) return;
  PeerRow& peer = state.fleet.peer(reader.peer);
  const VersionRow& version = state.versions[reader.version];
  const Bitmap& brought = reader.at_origin.brought;
  for (uint32_t c = brought.next_set(0); c < brought.size(); c = brought.next_set(c + 1)) {
    uint32_t bytes = version.chunking.length_of(ChunkIndex(c));
    if (state.sessions[peer.session].evictions.emplace(reader.version, c).second)
      peer.evicting_bytes += bytes;
    else
      peer.used_bytes -= bytes;  // an earlier order covers it: one drop will confirm both
    Reason reason;
    reason.choice = Choice::kEvictConsumed;
    state.stage(peer.session, Evict{version.id, c, 1, reason});
  }
}

}  // namespace tyto::tracker
