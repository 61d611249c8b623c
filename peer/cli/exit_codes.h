// What the `tyto` command says with its exit code. Documented in docs/cli.md.
#pragma once

#include "base/result.h"

namespace tyto::cli {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;    // an error of no other kind
inline constexpr int kExitUsage = 2;     // a wrong argument
inline constexpr int kExitNotFound = 3;  // no such bucket, key, version or file
inline constexpr int kExitDenied = 4;
inline constexpr int kExitUnavailable = 5;  // no tracker, no source, time-out: try again
inline constexpr int kExitCorrupt = 6;
inline constexpr int kExitNoSpace = 7;
inline constexpr int kExitConflict = 8;  // the object changed meanwhile, or already exists
inline constexpr int kExitInterrupted = 130;

constexpr int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return kExitUsage;
    case ErrorCode::kNotFound: return kExitNotFound;
    case ErrorCode::kDenied: return kExitDenied;
    case ErrorCode::kOverloaded:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimedOut: return kExitUnavailable;
    case ErrorCode::kCorrupt: return kExitCorrupt;
    case ErrorCode::kNoSpace: return kExitNoSpace;
    case ErrorCode::kConflict: return kExitConflict;
    case ErrorCode::kCancelled: return kExitInterrupted;
    case ErrorCode::kUnsupported:
    case ErrorCode::kInternal: return kExitFailed;
  }
  return kExitFailed;
}

}  // namespace tyto::cli
