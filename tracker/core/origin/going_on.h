// Reads of an origin that began under another tracker, or none.
#pragma once

#include "tracker/core/origin/budget.h"

namespace tyto::tracker {

// The read goes on, whatever the limits: it counts, and holds back those to come.
inline void count_going_on(OriginBudget& budget, Instant now, uint64_t bytes) {
  const OriginLimits limits = budget.limits();
  budget.set({});
  budget.begin(now, bytes);
  budget.set(limits);
}

}  // namespace tyto::tracker
