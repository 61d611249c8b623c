#include "schema/messages/events.h"
#include "schema/messages/reason.h"

namespace tyto {

std::string_view choice_name(Choice choice) {
  switch (choice) {
    case Choice::kNone: return "none";
    case Choice::kWholeCopy: return "whole_copy";
    case Choice::kInFlightCopy: return "in_flight_copy";
    case Choice::kSuperpeerCopy: return "superpeer_copy";
    case Choice::kOriginLease: return "origin_lease";
    case Choice::kOriginNoSuperpeer: return "origin_no_superpeer";
    case Choice::kWaitForLease: return "wait_for_lease";
    case Choice::kWaitForSource: return "wait_for_source";
    case Choice::kWaitForRecovery: return "wait_for_recovery";
    case Choice::kWaitForSpace: return "wait_for_space";
    case Choice::kEvictLru: return "evict_lru";
    case Choice::kEvictConsumed: return "evict_consumed";
    case Choice::kWaitForOrigin: return "wait_for_origin";
    case Choice::kOriginShadow: return "origin_shadow";
  }
  return "unknown";
}

std::string_view failure_kind_name(FailureKind kind) {
  switch (kind) {
    case FailureKind::kUnreachable: return "unreachable";
    case FailureKind::kStalled: return "stalled";
    case FailureKind::kCorrupt: return "corrupt";
    case FailureKind::kLacking: return "lacking";
    case FailureKind::kBusy: return "busy";
    case FailureKind::kRefused: return "refused";
    case FailureKind::kOriginChanged: return "origin_changed";
    case FailureKind::kOriginFailed: return "origin_failed";
    case FailureKind::kOriginMissing: return "origin_missing";
    case FailureKind::kNoSpace: return "no_space";
    case FailureKind::kCancelled: return "cancelled";
    case FailureKind::kInternal: return "internal";
  }
  return "unknown";
}

}  // namespace tyto
