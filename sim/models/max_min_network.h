// Links shared fairly: the fluid ideal of many TCP streams.
#pragma once

#include <optional>
#include <queue>
#include <unordered_map>

#include "sim/models/flow_model.h"

namespace tyto::sim {

// Max-min fairness by progressive filling (Bertsekas and Gallager, Data Networks, 6.5.2), shares
// rounded down to whole bytes/s. A flow that has come as far as its upstream lets it takes no more
// than upstream's rate, and one with a cap no more than that. A change touches only the flows that
// are connected to the one that changed, through links or through limits.
//
// Bounds: O(F log L) for each change, with the F flows and L links connected to it. Limits are kept
// to within kNear bytes, and no flow gets ahead of its own.
class MaxMinNetwork final : public FlowModel {
 public:
  static constexpr uint64_t kNear = 4;  // bytes

  LinkId add_link(uint64_t bytes_per_s) override;
  FlowId start(Instant now, std::span<const LinkId> path, uint64_t bytes,
               uint64_t from = 0) override;
  uint64_t stop(Instant now, FlowId flow) override;
  void set_state(Instant now, FlowId flow, FlowState state) override;
  uint64_t moved(Instant now, FlowId flow) override;
  uint64_t peek(Instant now, FlowId flow) const override;
  void limit(Instant now, FlowId flow, const FlowLimit& limit) override;
  void unlimit(Instant now, FlowId flow) override;
  void cap(Instant now, FlowId flow, uint64_t bytes_per_s) override;
  void set_link_rate(Instant now, LinkId link, uint64_t bytes_per_s) override;
  Instant idle_since(FlowId flow) override;
  Instant next_event() override;
  void advance(Instant now, std::vector<FlowEvent>& events) override;

  // The flow's rate at the moment, in bytes/s.
  uint64_t rate(FlowId flow);

 private:
  struct Flow {
    std::vector<LinkId> path;
    uint64_t total = 0;  // all amounts in billionths of a byte, so that rate * ns is exact
    uint64_t from = 0;   // where it began
    uint64_t left = 0;   // as of `settled`
    uint64_t rate = 0;   // bytes/s
    uint64_t cap = kUncapped;
    Instant settled;
    Instant idle_since;
    std::optional<FlowLimit> limit;  // amounts as above, and not in bytes
    std::vector<FlowId> followers;   // whose limits name this flow
    uint8_t quarter = 0;             // reported so far
    bool is_blocked = false;
    bool is_stale = false;  // its due time has to be found anew
    uint64_t visit = 0;
    uint64_t fixed = 0;
    uint64_t fixed_rate = 0;
    uint64_t position() const { return total - left; }
    Instant due = Instant::never();
  };
  struct Link {
    uint64_t bytes_per_s = 0;
    std::vector<FlowId> flows;  // that are not blocked
    uint64_t visit = 0;
    uint64_t left = 0;     // capacity not given out, while filling
    uint32_t unfixed = 0;  // flows without a rate, while filling
  };
  // What is left of content of `total` at its quarters' ends.
  static uint64_t left_at(uint64_t total, uint32_t quarter) { return total / 4 * (4 - quarter); }
  struct Due {
    Instant at;
    FlowId flow;
    bool operator>(const Due& other) const {
      return at != other.at ? at > other.at : flow > other.flow;
    }
  };
  struct Component {
    std::vector<LinkId> links;
    std::vector<FlowId> flows;
  };

  Flow* find(FlowId id);
  const Flow* find(FlowId id) const;
  void touch(Instant now, FlowId id, const Flow& flow);
  void refill();
  Component connected();
  void settle(Flow& flow, Instant now);
  uint64_t position_at(const Flow& flow, Instant now, uint32_t hops) const;
  void join(FlowId id, const Flow& flow);
  void part(FlowId id, const Flow& flow);
  void unfollow(FlowId id, Flow& flow);
  void release_followers(Instant now, Flow& flow);

  // --- rates ---
  void fill(const Component& component);
  void fix_idle(const Component& component);
  std::vector<FlowId> capped(const Component& component);
  void fix(Flow& flow, uint64_t rate);
  void fix_with_followers(Flow& flow, uint64_t rate);
  void apply(const Component& component);
  static void set_rate(Flow& flow, uint64_t rate);
  void schedule(FlowId id, Flow& flow);

  // --- limits; flows are settled ---
  uint64_t reach(const Flow& flow);
  bool is_at_limit(const Flow& flow);
  bool is_idle(const Flow& flow);
  std::optional<uint64_t> ns_to_limit(const Flow& flow);

  std::vector<Link> links_;
  std::unordered_map<FlowId, Flow> flows_;  // looked up, never walked
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::vector<LinkId> dirty_links_;
  std::vector<FlowId> dirty_flows_;
  Instant dirty_at_;
  uint64_t next_flow_ = 1;
  uint64_t visit_ = 0;
};

}  // namespace tyto::sim
