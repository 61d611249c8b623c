// The events of a world: plain numbers, so that they hash and cost little.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tyto::sim {

enum class EventKind : uint8_t {
  kFlow,            // the network has something to report
  kPeerTimer,       // a: node
  kTrackerTimer,    // a: tracker
  kPeerMail,        // a: mail
  kTrackerMail,     // a: mail
  kConnectTimeout,  // a: node, b: connection
  kCutTimeout,      // a: node, b: cut
  kRequest,         // a: transfer. Arrives at its source
  kBody,            // a: transfer. Its first byte leaves the source
  kRefusal,         // a: transfer, b: failure. Arrives at the reader
  kPatience,        // a: transfer, b: silence. Ran out
  kLookup,          // a: look-up. Its answer arrives
  kNodeStart,       // a: node
  kRead,            // a: read
  kFault,           // a: fault
  kFaultEnd,        // a: fault
  kCalm,
  kTick,
  kTrackerFree,     // a: tracker. Its processor has done what it was given
  kWindow,          // a: transfer. A round trip has passed, and its window may grow
  kWholeRead,       // a: read of an object. Its first byte arrives
  kClusterMail,     // a: mail between trackers
  kTrackerLink,     // a: pair of trackers, b: change. Their link comes up, or is given up
  kTrackerMembers,  // a: tracker, b: serial. Its members are others
};
inline constexpr std::size_t kEventKinds = 24;

std::string_view event_kind_name(EventKind kind);

struct WorldEvent {
  EventKind kind = EventKind::kTick;
  uint64_t a = 0;
  uint64_t b = 0;
};

}  // namespace tyto::sim
