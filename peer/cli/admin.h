// `tyto ls`, `stat`, `peers` and `bucket`: what the tracker knows, and buckets changed.
#pragma once

#include <string>

#include "peer/cli/output.h"

namespace tyto::cli {

struct ApiOptions {
  std::string api = "http://127.0.0.1:7401";
  Format format = Format::kText;
};

struct BucketOptions {
  std::string name;
  std::string origin;
  std::string revalidate = "age";
  std::string revalidate_age = "60s";
  bool trusts_peers = false;
};

// `what`: empty (all buckets), "bucket" or "bucket/prefix".
int run_ls(const ApiOptions& options, const std::string& what);
int run_stat(const ApiOptions& options, const std::string& object);
int run_peers(const ApiOptions& options);
int run_bucket_create(const ApiOptions& options, const BucketOptions& bucket);
int run_bucket_show(const ApiOptions& options, const std::string& name);
int run_bucket_ls(const ApiOptions& options);

}  // namespace tyto::cli
