// `tyto ls`, `stat`, `peers`, `bucket` and `pin`: what the tracker knows, and buckets changed.
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

struct PinOptions {
  std::string object;   // bucket/key
  std::string span;     // for how long, as "7d"
  std::string version;  // 64 hex digits; empty: what the name stands for
};

// `what`: empty (all buckets), "bucket" or "bucket/prefix".
int run_ls(const ApiOptions& options, const std::string& what);
int run_stat(const ApiOptions& options, const std::string& object);
int run_peers(const ApiOptions& options);
int run_bucket_create(const ApiOptions& options, const BucketOptions& bucket);
int run_bucket_show(const ApiOptions& options, const std::string& name);
int run_bucket_ls(const ApiOptions& options);
int run_pin(const ApiOptions& options, const PinOptions& pin);
int run_unpin(const ApiOptions& options, const std::string& object);
// `bucket`: empty for all.
int run_pin_ls(const ApiOptions& options, const std::string& bucket);

}  // namespace tyto::cli
