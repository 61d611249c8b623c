// Messages for one other tracker that have not been sent yet.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "schema/codec/cluster_codec.h"
#include "schema/messages/cluster_join.h"

namespace tyto::tracker {

// Cuts what is to be said into batches, and knows when it is too much.
//
// Purity: pure. Bounds: kClusterBacklogMessagesMax, kClusterBacklogBytesMax; see push().
class SendQueue {
 public:
  // False if the backlog has passed its bounds: the link is to be given up.
  [[nodiscard]] bool push(std::vector<ClusterMessage> messages) {
    for (ClusterMessage& message : messages) {
      const std::size_t bytes = cluster_bytes_estimate(message);
      bytes_ += bytes;
      queue_.emplace_back(std::move(message), bytes);
    }
    return queue_.size() <= kClusterBacklogMessagesMax && bytes_ <= kClusterBacklogBytesMax;
  }
  // The next messages, as many as a batch takes; at least one if there is any.
  ClusterBatch take() {
    ClusterBatch batch;
    std::size_t bytes = 0;
    while (!queue_.empty() && batch.messages.size() < kClusterMessagesMax) {
      auto& [message, size] = queue_.front();
      if (!batch.messages.empty() && bytes + size > kClusterBatchBytesAimed) break;
      bytes += size;
      bytes_ -= size;
      batch.messages.push_back(std::move(message));
      queue_.pop_front();
    }
    return batch;
  }
  bool empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  std::deque<std::pair<ClusterMessage, std::size_t>> queue_;
  std::size_t bytes_ = 0;
};

}  // namespace tyto::tracker
