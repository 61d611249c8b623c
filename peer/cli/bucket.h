// `tyto bucket create`, `show` and `ls`.
#pragma once

#include <string>

#include "peer/cli/show.h"

namespace tyto::cli {

struct BucketOptions {
  std::string name;
  std::string origin;
  std::string revalidate = "age";
  std::string revalidate_age = "60s";
  bool trusts_peers = false;
  std::string policy_file;  // empty: the default policy
};

int run_bucket_create(const ApiOptions& options, const BucketOptions& bucket);
int run_bucket_show(const ApiOptions& options, const std::string& name);
int run_bucket_ls(const ApiOptions& options);

}  // namespace tyto::cli
