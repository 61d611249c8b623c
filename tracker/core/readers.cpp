#include "tracker/core/readers.h"

namespace tyto::tracker {

ReaderIndex Readers::intern(PeerIndex peer, VersionIndex version, uint32_t chunks) {
  ReaderIndex next = free_.empty() ? ReaderIndex(rows()) : free_.back();
  auto [it, is_new] = by_key_.try_emplace(key(peer, version), next);
  if (!is_new) return it->second;
  if (free_.empty()) {
    rows_.emplace_back();
  } else {
    free_.pop_back();
  }
  Reader& row = rows_[next.value()];
  row.peer = peer;
  row.version = version;
  row.in_flight = Bitmap(chunks);
  return next;
}

ReaderIndex Readers::find(PeerIndex peer, VersionIndex version) const {
  auto it = by_key_.find(key(peer, version));
  return it == by_key_.end() ? kNoReader : it->second;
}

void Readers::remove(ReaderIndex index) {
  Reader& row = (*this)[index];
  by_key_.erase(key(row.peer, row.version));
  row = Reader{};
  free_.push_back(index);
}

}  // namespace tyto::tracker
