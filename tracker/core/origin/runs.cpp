#include "tracker/core/origin/runs.h"

#include <algorithm>

namespace tyto::tracker {
namespace {

bool is_wanted(const Reader& reader, uint32_t chunk) {
  bool is_in_window = reader.window.size() != 0 && reader.window.test(chunk);
  return (reader.wants_all || is_in_window) && !reader.in_flight.test(chunk);
}

bool holds(const State& state, PeerIndex peer, VersionIndex version, uint32_t chunk) {
  HoldingIndex holding = state.holdings.find(version, peer);
  return holding != kNoHolding && state.holdings.has(holding, chunk);
}

bool may_follow(const State& state, const RunAsked& asked, uint32_t chunk) {
  const Reader& reader = state.readers[asked.reader];
  const VersionRow& version = state.versions[reader.version];
  if (!is_wanted(reader, chunk)) return false;
  bool is_brought = reader.at_origin.is_shadow && reader.at_origin.brought.test(chunk);
  if (is_brought || holds(state, asked.holder, reader.version, chunk)) return false;
  if (is_for_itself(asked.why)) return true;
  if (state.cluster.is_several() && is_shared(state, reader, chunk)) return false;
  return version.copies[chunk] == 0 && version.in_flight[chunk] == 0 && !version.is_awaited(chunk);
}

bool understands_runs(const State& state, PeerIndex peer) {
  return state.sessions[state.fleet.peer(peer).session].protocol_version >= kProtocolOfRuns;
}

// How many chunks there may be besides the first.
uint32_t room_for_more(const State& state, VersionIndex version, const RunAsked& asked) {
  const Policy& policy = state.policy(version);
  if (policy.origin.run < 2 || !understands_runs(state, asked.holder)) return 0;
  uint32_t more = policy.origin.run - 1;
  bool is_own = asked.reader != kNoReader && asked.holder == state.readers[asked.reader].peer;
  if (!is_own) return more;
  // What a bucket's readers may be sent is let out chunk by chunk.
  if (policy.selection.bytes_per_s > 0) return 0;
  // Whatever is free of its slots: as they become free one by one, so would runs be of one chunk.
  uint32_t slots = download_slots(state, version, asked.holder);
  return std::min(more, std::max(slots / 2, 1u) - 1);
}

// For whom a lease was granted; kNoReader: for others, or nobody any more.
ReaderIndex reader_of(const State& state, const Wish& wish, VersionIndex version) {
  PeerIndex peer = state.fleet.find(wish.reader);
  return peer == kNoPeer ? kNoReader : state.readers.find(peer, version);
}

bool is_granted_and_not_begun(const State& state, VersionIndex version, const RunAsked& asked,
                              uint32_t chunk) {
  auto wish = state.cluster.wishes.find({version, chunk});
  bool is_granted = wish != state.cluster.wishes.end() &&
                    wish->second.stage == WishStage::kGranted && !wish->second.is_anew;
  const VersionRow& row = state.versions[version];
  if (!is_granted || row.copies[chunk] > 0 || row.in_flight[chunk] > 0) return false;
  return wish->second.directory == state.cluster.wishes.at({version, asked.chunk}).directory;
}

}  // namespace

std::vector<uint32_t> reserve_run(State& state, const RunAsked& asked) {
  const VersionIndex index = state.readers[asked.reader].version;
  const uint32_t more = room_for_more(state, index, asked);
  std::vector<uint32_t> chunks;
  for (uint32_t c = asked.chunk + 1; chunks.size() < more; ++c) {
    const VersionRow& version = state.versions[index];
    if (c >= version.chunk_count() || !may_follow(state, asked, c)) break;
    uint32_t bytes = version.chunking.length_of(ChunkIndex(c));
    if (reserve(state, asked.holder, index, bytes) != Space::kReserved) break;
    chunks.push_back(c);
  }
  return chunks;
}

std::vector<uint32_t> reserve_granted_run(State& state, VersionIndex version, const RunAsked& asked,
                                          const std::function<bool(ReaderIndex)>& may_send) {
  const uint32_t more = room_for_more(state, version, asked);
  std::vector<uint32_t> chunks;
  for (uint32_t c = asked.chunk + 1; chunks.size() < more; ++c) {
    const VersionRow& row = state.versions[version];
    if (c >= row.chunk_count() || !is_granted_and_not_begun(state, version, asked, c)) break;
    if (!may_send(reader_of(state, state.cluster.wishes.at({version, c}), version))) break;
    if (reserve(state, asked.holder, version, row.chunking.length_of(ChunkIndex(c))) !=
        Space::kReserved)
      break;
    chunks.push_back(c);
  }
  return chunks;
}

bool is_for_itself(Choice why) {
  return why == Choice::kOriginPolicy || why == Choice::kOriginShadow;
}

bool has_room_for_run(const State& state, PeerIndex superpeer, VersionIndex version) {
  uint32_t run = state.policy(version).origin.run;
  return state.fleet.peer(superpeer).downloads + run <=
         state.config.origin_reads_per_superpeer * run;
}

}  // namespace tyto::tracker
