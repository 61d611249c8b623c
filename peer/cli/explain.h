// `tyto explain`: why an object was read as it was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "peer/cli/admin.h"

namespace tyto::cli {

struct ExplainOptions {
  std::string object;  // "bucket/key"; may be empty if there is a peer
  std::string peer;
  std::optional<uint32_t> chunk;
  std::string since;  // a span, as "10m"; empty: all that is kept
  uint32_t limit = 50;
  bool shows_candidates = false;
};

// Asks the tracker's journal; prints the answers, and then a time line.
int run_explain(const ApiOptions& options, const ExplainOptions& explain);

}  // namespace tyto::cli
