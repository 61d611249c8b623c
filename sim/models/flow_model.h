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

// A flow reached a quarter of its content; 4 is the end, after which the flow is forgotten.
struct FlowEvent {
  FlowId flow;
  uint8_t quarter = 0;
};

enum class FlowState : uint8_t { kMoving, kBlocked };

// How far a flow may go: to position `floor`, or to `lag` bytes behind where `upstream` is,
// whichever is farther. No upstream: to `floor`.
struct FlowLimit {
  uint64_t floor = 0;
  FlowId upstream;
  uint64_t lag = 0;
};

// The rate of a flow that only its links and its limit hold back.
inline constexpr uint64_t kUncapped = UINT64_MAX;

// The seam between the world and a model of the network: flows of a known size cross a path of
// links and report their quarters. A flow may be limited to what another, upstream, has brought
// to its source: that is how a relay moves. Exact models suit small worlds, cheap ones large ones.
//
// Purity: pure, integers only: bytes, ns, bytes/s.
class FlowModel {
 public:
  virtual ~FlowModel() = default;
  // A link that carries `bytes_per_s` (> 0) in one direction.
  virtual LinkId add_link(uint64_t bytes_per_s) = 0;
  // Starts a flow of content of `bytes` (<= 16 GiB) over all the links of `path`, from position
  // `from` (<= bytes) on; an empty path is memory.
  virtual FlowId start(Instant now, std::span<const LinkId> path, uint64_t bytes,
                       uint64_t from = 0) = 0;
  // Ends a flow early; returns the bytes it moved. Unknown flows moved none.
  virtual uint64_t stop(Instant now, FlowId flow) = 0;
  // A blocked flow keeps its place and moves nothing.
  virtual void set_state(Instant now, FlowId flow, FlowState state) = 0;
  // Bytes moved so far.
  virtual uint64_t moved(Instant now, FlowId flow) = 0;
  // The same for who only looks: nothing is settled, so that a run is the same with it and without.
  // Requires: next_event() was called since the last change.
  virtual uint64_t peek(Instant now, FlowId flow) const = 0;
  // From now on the flow goes as far as the limit says, or as far as it is if that is farther.
  // When upstream has gone, what was within reach stays so, until another limit is set.
  virtual void limit(Instant now, FlowId flow, const FlowLimit& limit) = 0;
  // The flow may go to its end.
  virtual void unlimit(Instant now, FlowId flow) = 0;
  // From now on the flow moves no faster than this (> 0), whatever its links would let it have;
  // kUncapped ends that. A cap below the rate of its upstream makes it fall behind.
  virtual void cap(Instant now, FlowId flow, uint64_t bytes_per_s) = 0;
  // From now on the link carries `bytes_per_s` (> 0).
  virtual void set_link_rate(Instant now, LinkId link, uint64_t bytes_per_s) = 0;
  // Since when it has been moving nothing; never() if it moves.
  virtual Instant idle_since(FlowId flow) = 0;
  // When advance() has something to report next; Instant::never() if nothing moves.
  virtual Instant next_event() = 0;
  // Appends what was reached up to `now`, in order of time, then of flow.
  virtual void advance(Instant now, std::vector<FlowEvent>& events) = 0;
};

}  // namespace tyto::sim
