#include "tracker/core/worklist.h"

namespace tyto::tracker {
namespace {

// A bucket is owed at most so much, for its weight: what others were sent while it could not take
// any is not all made good at once.
constexpr uint64_t kOwedMax = uint64_t{256} * 1024 * 1024 * 1000;

template <class Index>
Index take(std::deque<Index>& queue) {
  Index first = queue.front();
  queue.pop_front();
  return first;
}

}  // namespace

Worklist::Queue& Worklist::queue_of(BucketIndex bucket) {
  if (queues_.size() <= bucket.value()) queues_.resize(bucket.value() + 1);
  return queues_[bucket.value()];
}

std::optional<Worklist::Item> Worklist::pop() {
  Queue* next = nullptr;
  for (Queue& queue : queues_)
    if (queue.has_work() && (next == nullptr || queue.served < next->served)) next = &queue;
  if (next == nullptr) return std::nullopt;
  served_last_ = static_cast<std::size_t>(next - queues_.data());
  bool is_lot_next =
      !next->lots.empty() &&
      (next->overdue.empty() || next->lots.front().since <= next->overdue.begin()->first);
  if (is_lot_next) return take(next->lots).lot;
  if (!next->overdue.empty()) return next->overdue.extract(next->overdue.begin()).value().second;
  if (!next->readers.empty()) return take(next->readers);
  return take(next->versions);
}

std::optional<Worklist::Item> Worklist::ahead(std::size_t n) const {
  if (served_last_ >= queues_.size() || n == 0) return std::nullopt;
  const Queue& queue = queues_[served_last_];
  if (!queue.overdue.empty()) return std::nullopt;
  if (n <= queue.lots.size()) return queue.lots[n - 1].lot;
  n -= queue.lots.size();
  if (n <= queue.readers.size()) return queue.readers[n - 1];
  return std::nullopt;
}

void Worklist::charge(BucketIndex bucket, uint32_t bytes, uint32_t weight) {
  Queue& charged = queue_of(bucket);
  charged.served += uint64_t{bytes} * 1000 / std::max(1u, weight);
  for (Queue& other : queues_)
    if (other.active > 0 && other.served + kOwedMax < charged.served)
      other.served = charged.served - kOwedMax;
}

void Worklist::add_reader(BucketIndex bucket) {
  if (queue_of(bucket).active++ > 0) return;
  Queue& begun = queue_of(bucket);
  uint64_t least = UINT64_MAX;
  for (const Queue& other : queues_)
    if (&other != &begun && other.active > 0) least = std::min(least, other.served);
  if (least != UINT64_MAX) begun.served = std::max(begun.served, least);
}

bool Worklist::is_anothers_turn(BucketIndex bucket) const {
  if (queues_.size() < 2) return false;
  const Queue& own = queues_[bucket.value()];
  return std::any_of(queues_.begin(), queues_.end(), [&](const Queue& other) {
    return &other != &own && other.has_work() && other.served < own.served;
  });
}

}  // namespace tyto::tracker
