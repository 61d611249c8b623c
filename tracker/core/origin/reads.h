// Every read of an origin that is under way, and who holds the right to it.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracker/core/rows.h"

namespace tyto::tracker {

using ReadIndex = Strong<struct ReadIndexTag, uint32_t>;
inline constexpr ReadIndex kNoRead{kNone};

// One request to an origin, of one chunk. Freed rows have holder == kNoPeer.
struct OriginRead {
  PeerIndex holder = kNoPeer;
  VersionIndex version{kNone};
  BucketIndex bucket = kNoBucket;
  TransferIndex transfer = kNoTransfer;
  Instant began;
  bool is_of_directory = false;  // by its lease: its budget is not this tracker's
  Instant progressed;            // when the holder last said that a read of this origin moves
};

// Purity: pure. Bounds: the origin's transfers under way.
class OriginReads {
 public:
  ReadIndex begin(const OriginRead& read) {
    ReadIndex index(rows());
    if (free_.empty()) {
      rows_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    rows_[index.value()] = read;
    by_transfer_[read.transfer] = index;
    return index;
  }
  // The transfer has ended, and the read with it; nothing if it was from a peer.
  std::optional<OriginRead> end(TransferIndex transfer) {
    auto it = by_transfer_.find(transfer);
    if (it == by_transfer_.end()) return std::nullopt;
    OriginRead read = std::exchange(rows_[it->second.value()], OriginRead{});
    free_.push_back(it->second);
    by_transfer_.erase(it);
    return read;
  }
  // The read that a transfer is; kNoRead: none, it is from a peer.
  ReadIndex find(TransferIndex transfer) const {
    auto it = by_transfer_.find(transfer);
    return it == by_transfer_.end() ? kNoRead : it->second;
  }
  OriginRead& operator[](ReadIndex index) { return rows_[index.value()]; }
  const OriginRead& operator[](ReadIndex index) const { return rows_[index.value()]; }
  bool is_used(ReadIndex index) const {
    return index.value() < rows_.size() && rows_[index.value()].holder != kNoPeer;
  }
  uint32_t rows() const { return static_cast<uint32_t>(rows_.size()); }

 private:
  std::vector<OriginRead> rows_;
  std::vector<ReadIndex> free_;
  std::unordered_map<TransferIndex, ReadIndex> by_transfer_;  // order-free: looked up only
};

}  // namespace tyto::tracker
