// How chunks move between a million hosts: a network that is looked at host by host.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "schema/messages/events.h"
#include "sim/fleet/chunks.h"
#include "sim/fleet/hosts.h"
#include "sim/world/scenario.h"

namespace tyto::sim::fleet {

// A flow that is over, as it was then.
struct EndedFlow {
  Flow flow;
  std::optional<FailureKind> failure;  // none: the chunk is whole
};

// Bytes that crossed links.
struct NetworkTraffic {
  std::vector<uint64_t> sent_by_superpeer;
  std::vector<uint64_t> into_rack;
};

// Stands for max-min fairness where that costs too much: each receiver looks at its flows once in
// a while, and between two looks they keep their rates. At a look a flow may have, on each link of
// its path, an equal share or what others leave (ShareLink::share), and the receiver's own link is
// shared max-min fairly among what the flows may have. A relay may go to one block behind where
// its upstream is by its own rate, and no faster than what it gets.
//
// Purity:    pure, integers only.
// Ownership: borrows the scenario and the chunks.
// Bounds:    a row of 48 bytes a flow. Cost: constant a flow and look, so `refresh` is what
// exactness
//            costs.
class Network {
 public:
  Network(const Scenario& scenario, const Chunks& chunks, Duration refresh);

  uint32_t origin() const { return static_cast<uint32_t>(hosts_.size() - 1); }
  Host& host(uint32_t node) { return hosts_[node]; }
  const Host& host(uint32_t node) const { return hosts_[node]; }
  uint32_t rack_of(uint32_t node) const { return hosts_[node].rack; }

  // Fetches into the caches what advance() and share() of a host will look at, in steps that each
  // need what the one before has fetched. Changes nothing.
  enum class Ahead : uint8_t { kHost, kFlows, kSources, kUpstreams };
  void look_ahead(uint32_t node, Ahead what) const;

  // Whether a flow to the host is over by now, if it had what its rate promised.
  bool may_end(uint32_t node, Tick now) const;

  // Takes a flow in; its state, source, chunk, length, begins and patience are the caller's.
  void start(uint32_t node, Flow flow, Tick now);
  // Moves all flows of a host up to `now`, begins those whose answer has come, and takes out those
  // that are over.
  void advance(uint32_t node, Tick now, std::vector<EndedFlow>& ended);
  // Gives the flows new rates. Requires: advance() was called at `now`.
  void share(uint32_t node, Tick now);
  // When the host is to be looked at again; kNever without flows.
  Tick next_look(uint32_t node, Tick now) const;
  // Ends a flow early; nothing if there is no such.
  std::optional<Flow> stop(uint32_t node, uint32_t transfer);
  // Ends all flows to a host, whose process is gone.
  std::vector<Flow> stop_all(uint32_t node);
  bool is_receiving(uint32_t node, uint32_t chunk) const { return find(node, chunk) != nullptr; }

  // --- what is left of chunks whose flow failed ---
  void keep_partial(uint32_t node, uint32_t chunk, uint32_t bytes);
  uint32_t partial(uint32_t node, uint32_t chunk) const;
  void drop_partial(uint32_t node, uint32_t chunk);

  const NetworkTraffic& traffic() const { return traffic_; }
  uint32_t busiest_uploads() const { return busiest_uploads_; }

 private:
  struct alignas(64) Rack {
    ShareLink up;
    ShareLink down;
  };
  static uint64_t place(uint32_t node, uint32_t chunk) { return uint64_t{node} << 32 | chunk; }
  const Flow* find(uint32_t node, uint32_t chunk) const;
  const Flow* upstream(Flow& flow) const;
  uint32_t position(const Host& host, const Flow& flow, Tick now) const;
  uint32_t reach(Flow& flow, Tick now) const;
  std::optional<FailureKind> begin(uint32_t node, Flow& flow, Tick now);
  std::optional<FailureKind> move(uint32_t node, Flow& flow, Tick now, Tick passed);
  void set_moving(uint32_t node, Flow& flow, Tick now);
  void set_rate(uint32_t node, Flow& flow, uint64_t rate);
  void leave(uint32_t node, Flow& flow);
  uint64_t limit(uint32_t node, Flow& flow, Tick now) const;
  bool crosses_racks(uint32_t node, const Flow& flow) const;
  void note_traffic(uint32_t node, const Flow& flow, uint64_t bytes);

  const Scenario& scenario_;
  const Chunks& chunks_;
  const Tick refresh_;
  std::vector<Host> hosts_;  // the nodes, and the origin
  std::vector<Rack> racks_;
  std::unordered_map<uint64_t, uint32_t> partials_;  // looked up, never walked
  NetworkTraffic traffic_;
  uint32_t busiest_uploads_ = 0;
};

}  // namespace tyto::sim::fleet
