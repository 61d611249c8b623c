#include "tracker/core/readers.h"

namespace tyto::tracker {

ReaderIndex Readers::intern(PeerIndex peer, VersionIndex version, uint32_t chunks) {
  ReaderIndex known = find(peer, version);
  if (known != kNoReader) return known;
  ReaderIndex next = free_.empty() ? ReaderIndex(rows()) : free_.back();
  by_key_.insert(key(peer, version), next.value());
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
  static_assert(IndexMap::kAbsent == kNoReader.value());
  return ReaderIndex(by_key_.find(key(peer, version)));
}

void Readers::remove(ReaderIndex index) {
  Reader& row = (*this)[index];
  by_key_.erase(key(row.peer, row.version));
  row = Reader{};
  free_.push_back(index);
}

}  // namespace tyto::tracker
