#include "base/wait.h"

namespace tyto {

std::string_view waits_for_name(WaitsFor what) {
  switch (what) {
    case WaitsFor::kNothing: return "nothing";
    case WaitsFor::kSource: return "source";
    case WaitsFor::kLease: return "lease";
    case WaitsFor::kOriginBudget: return "origin_budget";
    case WaitsFor::kBandwidthLimit: return "bandwidth_limit";
    case WaitsFor::kSpace: return "space";
    case WaitsFor::kRecovery: return "recovery";
  }
  return "unknown";
}

}  // namespace tyto
