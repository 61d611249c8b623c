// Mail on its way, by the tick at which it arrives.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "sim/fleet/time_wheel.h"

namespace tyto::sim::fleet {

// Bags of mail, one a tick. Emptied bags are used again: a fleet sends thousands of pieces each
// tick, and a vector that grows from nothing moves each of them about twice.
//
// Purity: pure. Bounds: the mail on its way; kSparesMax empty bags, as large as they once were.
template <class Mail>
class MailBags {
 public:
  void post(Tick due, Mail mail) {
    auto [bag, is_new] = bags_.try_emplace(due);
    if (is_new && !spares_.empty()) {
      bag->second = std::move(spares_.back());
      spares_.pop_back();
    }
    bag->second.push_back(std::move(mail));
  }
  bool has_due(Tick now) const { return !bags_.empty() && bags_.begin()->first <= now; }
  // The mail of the first tick. Requires: has_due(). To be given back when it has been read.
  std::vector<Mail> take() {
    std::vector<Mail> bag = std::move(bags_.begin()->second);
    bags_.erase(bags_.begin());
    return bag;
  }
  void give_back(std::vector<Mail> bag) {
    bag.clear();
    if (spares_.size() < kSparesMax) spares_.push_back(std::move(bag));
  }

 private:
  static constexpr std::size_t kSparesMax = 4;
  std::map<Tick, std::vector<Mail>> bags_;
  std::vector<std::vector<Mail>> spares_;
};

}  // namespace tyto::sim::fleet
