// How bytes share links.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/strong.h"
#include "base/time.h"

namespace tyto::sim {

using LinkId = Strong<struct LinkIdTag, uint32_t>;
// Numbered from 1, never reused.
using FlowId = Strong<struct FlowIdTag, uint64_t>;

// A flow reached a quarter of its bytes; 4 is the end, after which the flow is forgotten.
struct FlowEvent {
  FlowId flow;
  uint8_t quarter = 0;
};

enum class FlowState : uint8_t { kMoving, kBlocked };

// The seam between the world and a model of the network: flows of a known size cross a path of
// links and report their quarters. Exact models suit small worlds, cheap ones large worlds.
//
// Purity: pure, integers only: bytes, ns, bytes/s.
class FlowModel {
 public:
  virtual ~FlowModel() = default;
  // A link that carries `bytes_per_s` (> 0) in one direction.
  virtual LinkId add_link(uint64_t bytes_per_s) = 0;
  // Starts a flow of `bytes` (<= 16 GiB) over all the links of `path`; an empty path is memory.
  virtual FlowId start(Instant now, std::span<const LinkId> path, uint64_t bytes) = 0;
  // Ends a flow early; returns the bytes it moved. Unknown flows moved none.
  virtual uint64_t stop(Instant now, FlowId flow) = 0;
  // A blocked flow keeps its place and moves nothing.
  virtual void set_state(Instant now, FlowId flow, FlowState state) = 0;
  // Bytes moved so far.
  virtual uint64_t moved(Instant now, FlowId flow) = 0;
  // When advance() has something to report next; Instant::never() if nothing moves.
  virtual Instant next_event() = 0;
  // Appends what was reached up to `now`, in order of time, then of flow.
  virtual void advance(Instant now, std::vector<FlowEvent>& events) = 0;
};

}  // namespace tyto::sim
