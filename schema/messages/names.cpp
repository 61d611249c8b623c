#include "schema/messages/events.h"

namespace tyto {

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
