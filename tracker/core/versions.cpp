#include "tracker/core/versions.h"

#include <algorithm>

namespace tyto::tracker {
namespace {

constexpr uint32_t kPartsUnderWay = 6;
constexpr uint32_t kAssignmentsMin = 8;

uint32_t assignments_of(const Chunking& chunking) {
  return std::max(chunking.chunk_count() / kPartsUnderWay, kAssignmentsMin);
}

}  // namespace

void VersionRow::learn(uint32_t chunk, const Digest& root) {
  if (root.is_zero()) return;
  if (roots.empty()) roots.resize(chunk_count());
  roots[chunk] = root;
  roots_known[chunk / 64] |= uint64_t{1} << (chunk % 64);
  note_chunk(chunk);
}

void VersionRow::note_chunk(uint32_t chunk) {
  uint64_t bit = uint64_t{1} << (chunk % 64);
  auto put = [&](uint64_t& word, bool is_set) { word = is_set ? word | bit : word & ~bit; };
  put(ready[chunk / 64], copies[chunk] > 0 && knows_root(chunk));
  put(fresh[chunk / 64], is_only_at_superpeers(*this, chunk));
}

VersionIndex Versions::intern(const VersionId& id, const Chunking& chunking) {
  VersionIndex next(size());
  auto [it, is_new] = by_id_.try_emplace(id, next);
  if (!is_new) return it->second;
  VersionRow& row = rows_.emplace_back();
  row.id = id;
  row.chunking = chunking;
  row.copies.resize(chunking.chunk_count());
  row.roots_known.resize((chunking.chunk_count() + 63) / 64);
  row.ready.resize(row.roots_known.size());
  row.fresh.resize(row.roots_known.size());
  row.superpeer_copies.resize(chunking.chunk_count());
  row.in_flight.resize(chunking.chunk_count());
  row.newest_transfer.resize(chunking.chunk_count(), kNoTransfer);
  row.assignments_max = std::min(assignments_of(chunking), assignments_per_peer_);
  return next;
}

std::optional<VersionIndex> Versions::find(const VersionId& id) const {
  auto it = by_id_.find(id);
  if (it == by_id_.end()) return std::nullopt;
  return it->second;
}

}  // namespace tyto::tracker
