// What an operator can set of the journal of decisions.
#pragma once

#include <cstdint>

namespace tyto::tracker {

struct ExplainConfig {
  // Records kept at most, half of them for what is not routine. 0: none, and nothing is written.
  uint32_t records = 65'536;
  // Records kept in full at most, half of them failures.
  uint32_t details = 2'048;
  // Assignments kept in full a second; beyond these every kDetailEvery-th is.
  uint32_t detail_rate = 200;
};
inline constexpr uint32_t kDetailEvery = 256;

}  // namespace tyto::tracker
