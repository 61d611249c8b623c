#include "tracker/core/versions.h"

namespace tyto::tracker {

VersionIndex Versions::intern(const VersionId& id, const Chunking& chunking) {
  VersionIndex next(size());
  auto [it, is_new] = by_id_.try_emplace(id, next);
  if (!is_new) return it->second;
  VersionRow& row = rows_.emplace_back();
  row.id = id;
  row.chunking = chunking;
  row.copies.resize(chunking.chunk_count());
  row.superpeer_copies.resize(chunking.chunk_count());
  row.in_flight.resize(chunking.chunk_count());
  row.newest_transfer.resize(chunking.chunk_count(), kNoTransfer);
  return next;
}

std::optional<VersionIndex> Versions::find(const VersionId& id) const {
  auto it = by_id_.find(id);
  if (it == by_id_.end()) return std::nullopt;
  return it->second;
}

}  // namespace tyto::tracker
