// Every read of an origin that is under way, and who holds the right to it.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "schema/messages/cluster.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

using ReadIndex = Strong<struct ReadIndexTag, uint32_t>;
inline constexpr ReadIndex kNoRead{kNone};

// One chunk that is being read at an origin. Those of one request have the same `run`, which no
// other read has. Freed rows have holder == kNoPeer.
struct OriginRead {
  PeerIndex holder = kNoPeer;
  VersionIndex version{kNone};
  BucketIndex bucket = kNoBucket;
  TransferIndex transfer = kNoTransfer;
  Instant began;
  bool is_of_directory = false;  // by its lease: its budget is not this tracker's
  Instant progressed;            // when the holder last said that a read of this origin moves
  uint64_t run = 0;
  PermitId permit;  // of the request, where the cluster keeps the budget; 0: it has none
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
    ++runs_[read.run].chunks;
    return index;
  }
  // A number for the reads of one request.
  uint64_t draw_run() { return ++last_run_; }
  enum class Request : uint8_t { kGoesOn, kIsOver };
  struct Ended {
    OriginRead read;
    Request request = Request::kIsOver;
  };
  // The transfer has ended, and the read with it; nothing if it was from a peer.
  std::optional<Ended> end(TransferIndex transfer) {
    auto it = by_transfer_.find(transfer);
    if (it == by_transfer_.end()) return std::nullopt;
    Ended ended{std::exchange(rows_[it->second.value()], OriginRead{})};
    free_.push_back(it->second);
    by_transfer_.erase(it);
    auto run = runs_.find(ended.read.run);
    if (--run->second.chunks > 0)
      ended.request = Request::kGoesOn;
    else
      runs_.erase(run);
    return ended;
  }
  // One of a request's chunks could not be read. Whether it is the first: one fault may end many.
  // True for a transfer from a peer.
  bool is_first_failure(TransferIndex transfer) {
    ReadIndex index = find(transfer);
    return index == kNoRead || !std::exchange(runs_.at(rows_[index.value()].run).has_failed, true);
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
  struct Run {
    uint32_t chunks = 0;  // under way
    bool has_failed = false;
  };
  std::unordered_map<uint64_t, Run> runs_;  // order-free: looked up only
  uint64_t last_run_ = 0;
};

}  // namespace tyto::tracker
