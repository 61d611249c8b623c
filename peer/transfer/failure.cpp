#include "peer/transfer/failure.h"

namespace tyto::peer {

FailureKind failure_of_assembly(const Error& error) {
  switch (error.code) {
    case ErrorCode::kCorrupt: return FailureKind::kCorrupt;
    case ErrorCode::kNoSpace: return FailureKind::kNoSpace;
    default: return FailureKind::kInternal;
  }
}

FailureKind failure_of_connection(const Error& error) {
  return error.code == ErrorCode::kTimedOut ? FailureKind::kStalled : FailureKind::kUnreachable;
}

}  // namespace tyto::peer
