// What the next decide() has to look at, and in which order buckets are served.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.h"
#include "tracker/core/parking.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// Readers, lots and versions to be looked at, by bucket. Of the buckets that have any, the one
// comes next that was sent the least, for its weight: so buckets that want the same uplinks get
// bytes in proportion to their weights, and what one does not want another takes (self-clocked fair
// queueing, Golestani 1994). Within a bucket lots of parked readers come first, since who has a
// slot free again would take it for itself otherwise; then readers, then versions, each in their
// order. Versions that are overdue come with the lots, whichever has waited longer.
//
// Purity: pure.
// Bounds: the caller enters each reader, lot and version once.
class Worklist {
 public:
  using Item = std::variant<ReaderIndex, VersionIndex, LotIndex>;

  void push(BucketIndex bucket, ReaderIndex reader) { queue_of(bucket).readers.push_back(reader); }
  void push(BucketIndex bucket, VersionIndex version) {
    queue_of(bucket).versions.push_back(version);
  }
  // `since`: the first of its readers has waited since then.
  void push(BucketIndex bucket, LotIndex lot, Instant since) {
    queue_of(bucket).lots.push_back({lot, since});
  }
  void push_overdue(BucketIndex bucket, VersionIndex version, Instant since) {
    queue_of(bucket).overdue.emplace(since, version);
  }
  // The next one, which is taken off; nothing if there is none.
  std::optional<Item> pop();
  // What comes n after the one that was popped last, if its bucket goes on being served; 1: the
  // next. Nothing if that is not known, or a version.
  std::optional<Item> ahead(std::size_t n) const;
  // The bucket was sent so many bytes.
  void charge(BucketIndex bucket, uint32_t bytes, uint32_t weight);
  // A reader of the bucket came or went. What a bucket without readers did not want is not owed.
  void add_reader(BucketIndex bucket);
  void remove_reader(BucketIndex bucket) { --queue_of(bucket).active; }
  // Whether another bucket that has work was sent less, for its weight, than this one.
  bool is_anothers_turn(BucketIndex bucket) const;

 private:
  struct WaitingLot {
    LotIndex lot;
    Instant since;
  };
  struct Queue {
    std::deque<WaitingLot> lots;
    std::set<std::pair<Instant, VersionIndex>> overdue;
    std::deque<ReaderIndex> readers;
    std::deque<VersionIndex> versions;
    uint64_t served = 0;  // bytes over weight, in 1/1000
    uint32_t active = 0;  // readers that the bucket has
    bool has_work() const {
      return !lots.empty() || !overdue.empty() || !readers.empty() || !versions.empty();
    }
  };
  Queue& queue_of(BucketIndex bucket);

  std::vector<Queue> queues_;
  std::size_t served_last_ = 0;  // of queues_
};

}  // namespace tyto::tracker
