// Hosts, their links and the chunks on their way to them: flat rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/fleet/time_wheel.h"

namespace tyto::sim::fleet {

// A link in one direction, shared by flows that look at it when it is their turn.
struct ShareLink {
  uint64_t capacity = 0;  // bytes/s
  uint64_t used = 0;      // by the rates that its flows have
  uint32_t flows = 0;

  // What a flow that has `rate` now may have from now on: an equal share, or what it has and its
  // part of what nobody uses. Where rates exceed the capacity, it gives up its part of that.
  uint64_t share(uint64_t rate) const {
    uint64_t fair = capacity / std::max(1u, flows);
    if (used > capacity) return std::max(fair, cut(rate));
    uint64_t part = (capacity - used) / std::max(1u, flows / 2);
    return std::max(fair, rate + part);
  }
  // What of `bytes` really gets through.
  uint64_t carried(uint64_t bytes) const { return used <= capacity ? bytes : cut(bytes); }

 private:
  // In proportion to what the rates have too much. Of what is small the division is quick.
  uint64_t cut(uint64_t amount) const {
    if ((amount | capacity) >> 32 == 0) return amount * capacity / used;
    return static_cast<uint64_t>(static_cast<unsigned __int128>(amount) * capacity / used);
  }
};

enum class FlowState : uint8_t {
  kGated,    // a read of the origin that waits for its turn
  kAsking,   // the request or its answer is on its way
  kWaiting,  // the source has nothing of the chunk to send yet
  kMoving,
};

// A chunk on its way, as its receiver keeps it.
struct Flow {
  uint32_t transfer = 0;
  uint32_t source = 0;    // a node, or Network::origin()
  uint32_t chunk = 0;     // see Chunks
  uint32_t length = 0;    // of the chunk; bytes, as all amounts
  uint32_t from = 0;      // where it began
  uint32_t position = 0;  // as of Host::updated
  uint32_t rate = 0;      // bytes/s
  Tick since = 0;
  Tick begins = 0;  // its answer arrives
  Tick idle_since = 0;
  uint16_t patience = 0;  // ticks
  uint16_t source_life = 0;
  FlowState state = FlowState::kAsking;
  uint8_t quarters_told = 0;
  uint8_t upstream = 0;          // where among its source's flows that of the chunk was last
  uint8_t is_in_flight : 1 = 0;  // the source was receiving the chunk when it was named
  uint8_t has_slot : 1 = 0;      // takes one of its source's uploads
};
static_assert(sizeof(Flow) <= 48);

struct alignas(64) Host {
  ShareLink up;
  std::vector<Flow> flows;  // to it
  uint32_t rack = 0;
  Tick updated = 0;          // the positions and rates of its flows are of then
  uint16_t uploads = 0;      // under way or promised
  uint16_t uploads_max = 0;  // 0: any number
  uint16_t life = 0;         // counts its processes
  bool is_alive = false;
};
static_assert(sizeof(Host) <= 64);

inline constexpr uint32_t kNoRack = 0xffffffff;

}  // namespace tyto::sim::fleet
