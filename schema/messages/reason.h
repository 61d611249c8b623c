// Why a decision was taken, in 32 bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace tyto {

// What was decided.
enum class Choice : uint8_t {
  kNone = 0,
  kWholeCopy,          // from a peer that holds the chunk whole
  kInFlightCopy,       // from a peer that is itself receiving it
  kSuperpeerCopy,      // from a superpeer's cache
  kOriginLease,        // from the origin, for all: nobody held it
  kOriginNoSuperpeer,  // from the origin by the reader itself: no superpeer is registered
  kWaitForLease,       // wait: somebody is reading it from the origin
  kWaitForSource,      // wait: all holders are at their caps
  kWaitForRecovery,    // wait: the tracker has just started and does not know the fleet yet
  kWaitForSpace,       // wait: the reader's lent bytes are full until an eviction is confirmed
  kEvictLru,           // evicted: least recently used on that peer
  kEvictConsumed,      // evicted: its reader has passed it
  kWaitForOrigin,      // wait: the bucket's budget of its origin is spent, or others come first
  kOriginShadow,       // from the origin by the reader itself, which measures what that takes
};

std::string_view choice_name(Choice choice);

// A decision's reason: the choice, how many candidates were seen and what rejected the others,
// how near and how good the one chosen was, and under which policy. Small enough to travel with
// every assignment.
struct Reason {
  Choice choice = Choice::kNone;
  uint8_t nearness = 0;           // of the source chosen, as `Nearness`
  uint16_t generation = 0;        // of the source chosen
  uint16_t candidates = 0;        // sources looked at
  uint16_t rejected_busy = 0;     // at their outflow cap
  uint16_t rejected_suspect = 0;  // stalled, silent or lying of late
  uint16_t rejected_cycle = 0;    // a generation not below the reader's own
  uint16_t rejected_lacking = 0;  // do not hold the chunk
  uint16_t chunks_considered = 0;
  uint32_t copies = 0;          // of the chunk, in the fleet, before this decision
  uint32_t score = 0;           // of the source chosen: 0 is best
  uint32_t policy_version = 0;  // of the bucket's policy
  bool operator==(const Reason&) const = default;
};
static_assert(sizeof(Reason) <= 32);

}  // namespace tyto
