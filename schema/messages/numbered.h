// Numbered, acknowledged, resent: the two ends of one direction of a session.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "base/ids.h"

namespace tyto {

// Items on their way to the other side: kept until acknowledged, sent again after a reconnect.
//
// Purity: pure. Bounds: the caller looks at unacknowledged() and stops adding at its limit.
template <class Item>
class NumberedOutbox {
 public:
  // Appends an item and returns its number.
  Sequence push(Item item) {
    items_.push_back(std::move(item));
    return Sequence(first_ + items_.size() - 1);
  }
  // The other side has applied all up to `applied`: forgets them. It may name items sent before a
  // rewind() and not yet sent again. False, and nothing is changed, if `applied` was never sent:
  // the other side is mistaken.
  [[nodiscard]] bool acknowledge(Sequence applied) {
    if (applied.value() < first_) return true;  // an old acknowledgement
    if (applied.value() >= never_sent_) return false;
    auto count = static_cast<std::ptrdiff_t>(applied.value() + 1 - first_);
    items_.erase(items_.begin(), items_.begin() + count);
    first_ = applied.value() + 1;
    // Sessions are many, and keep no room for a backlog they once had.
    if (items_.capacity() > kIdleCapacityMax && items_.size() * 4 <= items_.capacity())
      items_ = std::vector<Item>(std::make_move_iterator(items_.begin()),
                                 std::make_move_iterator(items_.end()));
    if (next_to_send_ < first_) next_to_send_ = first_;
    return true;
  }
  // Everything not acknowledged will be sent again.
  void rewind() { next_to_send_ = first_; }
  // Forgets everything and starts again from number 1, with `items` to be sent.
  void restart() {
    items_.clear();
    first_ = 1;
    next_to_send_ = 1;
    never_sent_ = 1;
  }
  bool has_unsent() const { return next_to_send_ < first_ + items_.size(); }
  std::size_t unacknowledged() const { return items_.size(); }
  Sequence first_unsent() const { return Sequence(next_to_send_); }
  // Takes up to `max` items not sent yet, copied; they stay here until acknowledged.
  std::vector<Item> take_unsent(std::size_t max) {
    return take_unsent(max, [](const Item&) { return true; });
  }
  // The same, up to the first item of which `fits` says no; each is asked about once, in order.
  template <class Fits>
  std::vector<Item> take_unsent(std::size_t max, Fits&& fits) {
    std::vector<Item> taken;
    taken.reserve(std::min<std::size_t>(max, first_ + items_.size() - next_to_send_));
    while (taken.size() < max && has_unsent()) {
      const Item& item = items_[next_to_send_ - first_];
      if (!fits(item)) break;
      taken.push_back(item);
      ++next_to_send_;
    }
    if (never_sent_ < next_to_send_) never_sent_ = next_to_send_;
    return taken;
  }
  // Items not acknowledged, oldest first, to look through.
  const std::vector<Item>& items() const { return items_; }

 private:
  static constexpr std::size_t kIdleCapacityMax = 4;
  std::vector<Item> items_;
  uint64_t first_ = 1;         // number of items_.front()
  uint64_t next_to_send_ = 1;  // first_ <= next_to_send_ <= first_ + items_.size()
  uint64_t never_sent_ = 1;    // next_to_send_ <= never_sent_ <= first_ + items_.size()
};

// The receiving end: tells repeats from news and notices gaps.
class NumberedInbox {
 public:
  enum class Verdict { kNew, kRepeat, kGap };
  // Looks at the item with the given number, and counts it as applied if it is new.
  Verdict accept(Sequence number) {
    if (number.value() <= applied_.value()) return Verdict::kRepeat;
    if (number.value() != applied_.value() + 1) return Verdict::kGap;
    applied_ = number;
    return Verdict::kNew;
  }
  Sequence applied() const { return applied_; }
  void restart() { applied_ = Sequence(0); }

 private:
  Sequence applied_;
};

}  // namespace tyto
