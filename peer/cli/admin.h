// `tyto ls`, `stat`, `peers` and `trackers`: what the tracker knows.
#pragma once

#include <string>

#include "peer/cli/show.h"

namespace tyto::cli {

// `what`: empty (all buckets), "bucket" or "bucket/prefix".
int run_ls(const ApiOptions& options, const std::string& what);
int run_stat(const ApiOptions& options, const std::string& object);
int run_peers(const ApiOptions& options);
int run_trackers(const ApiOptions& options);

}  // namespace tyto::cli
