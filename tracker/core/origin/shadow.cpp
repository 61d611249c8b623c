#include "tracker/core/origin/shadow.h"

#include "tracker/core/caching/eviction_orders.h"

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

enum class Part : uint8_t { kPassed, kAll };

bool is_wanted(const Reader& reader, uint32_t chunk) {
  return reader.wants_all || (reader.window.size() != 0 && reader.window.test(chunk));
}

// Returns the bytes that it ordered to be freed.
uint64_t evict_brought(State& state, ReaderIndex index, Part part, const Ousting& ousting) {
  Reader& reader = state.readers[index];
  const Chunking& chunking = state.versions[reader.version].chunking;
  Bitmap& brought = reader.at_origin.brought;  // empty but for shadow readers
  EvictionOrders orders(state, reader.peer, reader.version, ousting);
  uint64_t found = 0;
  for (uint32_t c = brought.next_set(0); c < brought.size() && found < ousting.bytes;
       c = brought.next_set(c + 1)) {
    if (part == Part::kPassed && is_wanted(reader, c)) continue;
    bool is_elsewhere =
        ousting.medium && medium_of(state, reader.peer, reader.version, c) != *ousting.medium;
    if (is_elsewhere) continue;
    brought.reset(c);
    begin_evicting(state, reader.peer, reader.version, c);
    orders.add(c);
    found += chunking.length_of(ChunkIndex(c));
  }
  orders.finish();
  return found;
}

// Calls `visit` for the readers of a peer that keep something.
template <class Visit>
void visit_keeping(const State& state, PeerIndex peer, std::optional<BucketIndex> bucket,
                   const Visit& visit) {
  for (ReaderIndex index : state.sessions[state.fleet.peer(peer).session].readers) {
    const Reader& reader = state.readers[index];
    bool is_asked_for = !bucket || *bucket == state.versions[reader.version].bucket;
    if (is_asked_for && !reader.at_origin.brought.none()) visit(index);
  }
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

void keep_shadow_copy(State& state, ReaderIndex index, uint32_t chunk, Medium medium) {
  Reader& reader = state.readers[index];
  if (reader.at_origin.brought.test(chunk)) return;
  reader.at_origin.brought.set(chunk);
  book(state, reader.peer, {reader.version, chunk}, medium);
}

void lose_shadow_copy(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  ReaderIndex index = state.readers.find(peer, version);
  if (index == kNoReader) return;
  ReaderAtOrigin& own = state.readers[index].at_origin;
  if (!own.is_shadow || !own.brought.test(chunk)) return;
  own.brought.reset(chunk);
  if (own.to_come > 0) ++own.to_come;
  unbook(state, peer, version, chunk);
}

uint64_t shadow_bytes(const State& state, PeerIndex peer, VersionIndex version) {
  ReaderIndex index = state.readers.find(peer, version);
  if (index == kNoReader) return 0;
  const Bitmap& brought = state.readers[index].at_origin.brought;
  uint64_t bytes = 0;
  for (uint32_t c = brought.next_set(0); c < brought.size(); c = brought.next_set(c + 1))
    bytes += state.versions[version].chunking.length_of(ChunkIndex(c));
  return bytes;
}

void end_at_origin(State& state, ReaderIndex index) {
  leave_origin_line(state, index);
  evict_brought(state, index, Part::kAll, {.why = Choice::kEvictConsumed});
}

uint64_t evict_passed(State& state, PeerIndex peer, std::optional<BucketIndex> bucket,
                      const Ousting& ousting) {
  uint64_t found = 0;
  visit_keeping(state, peer, bucket, [&](ReaderIndex index) {
    if (found >= ousting.bytes) return;
    Ousting rest = ousting;
    rest.bytes -= found;
    found += evict_brought(state, index, Part::kPassed, rest);
  });
  return found;
}

void list_kept(const State& state, PeerIndex peer, std::optional<BucketIndex> bucket,
               std::vector<VersionIndex>& kept) {
  visit_keeping(state, peer, bucket,
                [&](ReaderIndex index) { kept.push_back(state.readers[index].version); });
}

}  // namespace tyto::tracker
