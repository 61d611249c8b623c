// Why a call was not taken, and when to come back.
#pragma once

#include "base/result.h"
#include "base/time.h"

namespace tyto {

struct Refusal {
  Error error;
  Duration retry_after;  // with kOverloaded or kUnavailable: not before; zero: as the caller likes
  bool operator==(const Refusal&) const = default;
};

}  // namespace tyto
