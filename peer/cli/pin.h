// `tyto pin` and `unpin`.
#pragma once

#include <string>

#include "peer/cli/show.h"

namespace tyto::cli {

struct PinOptions {
  std::string object;   // bucket/key
  std::string span;     // for how long, as "7d"
  std::string version;  // 64 hex digits; empty: what the name stands for
};

int run_pin(const ApiOptions& options, const PinOptions& pin);
int run_unpin(const ApiOptions& options, const std::string& object);
// `bucket`: empty for all.
int run_pin_ls(const ApiOptions& options, const std::string& bucket);

}  // namespace tyto::cli
