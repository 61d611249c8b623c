// Links shared fairly: the fluid ideal of many TCP streams.
#pragma once

#include <map>
#include <queue>
#include <unordered_map>

#include "sim/models/flow_model.h"

namespace tyto::sim {

// Max-min fairness by progressive filling (Bertsekas and Gallager, Data Networks, 6.5.2), shares
// rounded down to whole bytes/s. A change touches only the flows that are connected, through
// links, to the one that changed.
//
// Bounds: O(F log L) for each change, with the F flows and L links connected to it.
class MaxMinNetwork final : public FlowModel {
 public:
  LinkId add_link(uint64_t bytes_per_s) override;
  FlowId start(Instant now, std::span<const LinkId> path, uint64_t bytes) override;
  uint64_t stop(Instant now, FlowId flow) override;
  void set_state(Instant now, FlowId flow, FlowState state) override;
  uint64_t moved(Instant now, FlowId flow) override;
  Instant next_event() override;
  void advance(Instant now, std::vector<FlowEvent>& events) override;

  // The flow's rate at the moment, in bytes/s.
  uint64_t rate(FlowId flow);

 private:
  struct Flow {
    std::vector<LinkId> path;
    uint64_t total = 0;  // all amounts in billionths of a byte, so that rate * ns is exact
    uint64_t left = 0;   // as of `settled`
    uint64_t rate = 0;   // bytes/s
    Instant settled;
    uint8_t quarter = 0;  // reported so far
    bool is_blocked = false;
    uint64_t visit = 0;
    uint64_t fixed = 0;
    Instant due = Instant::never();
  };
  struct Link {
    uint64_t bytes_per_s = 0;
    std::vector<FlowId> flows;  // that are not blocked
    uint64_t visit = 0;
    uint64_t left = 0;     // capacity not given out, while filling
    uint32_t unfixed = 0;  // flows without a rate, while filling
  };
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

  void touch(Instant now, FlowId id, const Flow& flow);
  void refill();
  Component connected();
  void fill(const Component& component);
  void settle(Flow& flow, Instant now);
  void set_rate(FlowId id, Flow& flow, uint64_t rate);
  void schedule(FlowId id, Flow& flow);
  void join(FlowId id, const Flow& flow);
  void part(FlowId id, const Flow& flow);

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
