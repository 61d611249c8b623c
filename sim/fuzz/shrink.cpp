#include "sim/fuzz/shrink.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tyto::sim {
namespace {

constexpr Duration kCalmMin = Duration::milliseconds(100);

class Shrinker {
 public:
  Shrinker(const Scenario& whole, const std::function<bool(const Scenario&)>& fails,
           uint32_t runs_max)
      : whole_(whole), fails_(fails), runs_max_(runs_max) {}

  Shrunk run() {
    for (Reduction before = best_; has_runs_left(); before = best_) {
      leave_out(&Reduction::faults, whole_.faults.size());
      leave_out(&Reduction::readers, whole_.fleet.readers);
      leave_out(&Reduction::reads, whole_.reads.size());
      for (uint32_t group = 0; group < kKnobGroups; ++group)
        make_plain(static_cast<KnobGroup>(group));
      for (uint32_t object = 0; object < whole_.objects.size(); ++object) halve(object);
      shorten();
      if (best_ == before) break;
    }
    return {best_, runs_};
  }

 private:
  bool has_runs_left() const { return runs_ < runs_max_; }

  bool take_if_failing(Reduction candidate) {
    if (candidate == best_ || !has_runs_left()) return false;
    ++runs_;
    if (!fails_(reduced(whole_, candidate))) return false;
    best_ = std::move(candidate);
    return true;
  }

  void leave_out(std::set<uint32_t> Reduction::*list, std::size_t count) {
    std::vector<uint32_t> left;
    for (uint32_t i = 0; i < count; ++i)
      if (!(best_.*list).contains(i)) left.push_back(i);
    for (std::size_t size = left.size(); size > 0; size /= 2) {
      for (std::size_t at = 0; at < left.size();) {
        std::size_t end = std::min(at + size, left.size());
        auto first = left.begin() + static_cast<std::ptrdiff_t>(at);
        auto last = left.begin() + static_cast<std::ptrdiff_t>(end);
        Reduction candidate = best_;
        (candidate.*list).insert(first, last);
        if (take_if_failing(std::move(candidate))) {
          left.erase(first, last);
        } else {
          at = end;
        }
      }
    }
  }

  void make_plain(KnobGroup group) {
    Reduction candidate = best_;
    candidate.plain.insert(group);
    take_if_failing(std::move(candidate));
  }

  void halve(uint32_t object) {
    while ((whole_.objects[object].bytes >> best_.halved[object]) > 0) {
      Reduction candidate = best_;
      ++candidate.halved[object];
      if (!take_if_failing(std::move(candidate))) break;
    }
    if (best_.halved[object] == 0) best_.halved.erase(object);
  }

  void shorten() {
    for (;;) {
      Duration now = best_.calm_at > Duration() ? best_.calm_at : whole_.calm_at;
      Reduction candidate = best_;
      candidate.calm_at = Duration::milliseconds(now.ns() / 2'000'000);
      if (candidate.calm_at < kCalmMin || !take_if_failing(std::move(candidate))) return;
    }
  }

  const Scenario& whole_;
  const std::function<bool(const Scenario&)>& fails_;
  uint32_t runs_max_;
  uint32_t runs_ = 0;
  Reduction best_;
};

}  // namespace

Shrunk shrink(const Scenario& whole, const std::function<bool(const Scenario&)>& fails,
              uint32_t runs_max) {
  return Shrinker(whole, fails, runs_max).run();
}

}  // namespace tyto::sim
