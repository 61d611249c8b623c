// Why a decision was taken, in 32 bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace tyto {

// What was decided. A new one goes last here, in the table of reason.cpp, and in
// peer_tracker.capnp; kChoiceLast moves with it.
enum class Choice : uint8_t {
  kNone = 0,
  kWholeCopy,          // from a peer that holds the chunk whole
  kInFlightCopy,       // from a peer that is itself receiving it
  kSuperpeerCopy,      // from a superpeer's cache
  kOriginLease,        // from the origin, for all: nobody held it (copies is 0), or none that
                       // may be read from did
  kOriginNoSuperpeer,  // from the origin by the reader itself: no superpeer can be sent for it
  kWaitForLease,       // wait: somebody is reading it from the origin
  kWaitForSource,      // wait: no holder can serve it now: their caps, mostly
  kWaitForRecovery,    // wait: the tracker has just started and does not know the fleet yet
  kWaitForSpace,       // wait: the reader's lent bytes are full until an eviction is confirmed
  kEvictLru,           // evicted: least recently used on that peer
  kEvictConsumed,      // evicted: its reader has passed it
  kWaitForSuperpeer,   // wait: every superpeer has as many origin reads, or bytes, as it may
  kWaitForRetry,       // wait: the origin failed a moment ago
  kEvictCorrupt,       // evicted: a reader was sent bytes of it that do not match
  kEvictConflict,      // evicted: what was stored does not match the root that is known
  kRefuseNotFound,     // the open ended: no such bucket, object or version
  kRefuseNoSpace,      // the open ended: the reader's store cannot take it
  kRefuseChanged,      // the open ended: the origin has another version by now
  kRefuseUnavailable,  // the open ended: no source, or too many failed attempts
  kRefuseOther,        // the open ended with another error
  kWaitForTurn,        // wait: others pass on what only superpeers hold; its own was not yet
  kOriginPolicy,       // from the origin by the reader itself: its bucket wants it so
  kOriginCold,         // from the origin by the reader itself: too few ask for the object
  kWaitForRate,        // wait: the bucket is sent as many bytes a second as it may
  kEvictLeastRare,     // evicted: of those looked at, the one that most others have
  kEvictRandom,        // evicted: by lot
  kEvictExpired,       // evicted: not used for as long as the bucket keeps copies
  kEvictQuota,         // evicted: the bucket has more of that peer's store than it may
  kEvictNotAdmitted,   // evicted: nobody reads it, and the bucket is kept by superpeers only
  kWaitForOrigin,      // wait: the bucket's budget of its origin is spent, or others come first
  kOriginShadow,       // from the origin by the reader itself, which measures what that takes
  kForeignCopy,        // from a peer of another tracker, which was asked for a source
  kWaitForTracker,     // wait: other trackers were asked who has it
  kCarriedOver,        // from where it was coming already when the peer came to this tracker
  kEvictFleetQuota,    // evicted: all stores together have more of the bucket than they may
};
inline constexpr Choice kChoiceLast = Choice::kEvictFleetQuota;

// As in metrics and JSON: "whole_copy".
std::string_view choice_name(Choice choice);
// For people, to follow on a colon or "because": "nobody else held it".
std::string_view choice_words(Choice choice);

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
  uint16_t rejected_policy = 0;   // too far, or of a kind that the bucket does not read from
  uint16_t chunks_considered = 0;
  uint32_t copies = 0;          // of the chunk, in the fleet, before this decision
  uint32_t score = 0;           // of the source chosen: 0 is best
  uint32_t policy_version = 0;  // of the bucket's policy
  bool operator==(const Reason&) const = default;
};
static_assert(sizeof(Reason) <= 32);

}  // namespace tyto
