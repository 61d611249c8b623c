// What a reader waits for.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"

namespace tyto {

enum class WaitsFor : uint8_t {
  kNothing = 0,         // it is being served, or its tracker has said nothing
  kSource = 1,          // all who have what it lacks are busy
  kLease = 2,           // somebody reads it from the origin
  kOriginBudget = 3,    // what the bucket may ask of its origin is spent
  kBandwidthLimit = 4,  // what the bucket may be sent is spent
  kSpace = 5,           // the store is full until something is evicted
  kRecovery = 6,        // the tracker has just started and does not know the fleet yet
};
std::string_view waits_for_name(WaitsFor what);

struct Wait {
  WaitsFor what = WaitsFor::kNothing;
  uint32_t place = 0;  // in line, from 1; 0: there is no line, or it is not known
  Duration expected;   // until its turn; zero: not known
  bool operator==(const Wait&) const = default;
};

}  // namespace tyto
