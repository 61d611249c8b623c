// `tyto bucket policy`, `set`, `history` and `rollback`: a bucket's policy shown and changed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "peer/cli/show.h"

namespace tyto::cli {

struct PolicyOptions {
  std::string name;                   // the bucket
  std::optional<uint32_t> version;    // which; nothing: the present one
  std::vector<std::string> settings;  // "selection.weight=3"
  std::string file;                   // a document; "-": standard input; empty: none
  std::string note;                   // why, for the history
  std::optional<uint32_t> expected;   // refuse if the policy is at another version
  bool wants_format = false;          // every setting there is, and no bucket's
};

// "/buckets/models/policy", below /api/v1.
std::string policy_path(const std::string& bucket);
// The call that makes `document` the bucket's policy.
ApiCall put_policy(const PolicyOptions& options, const std::string& document);
// What is printed of a change that was done.
void print_change(const Json& answer);

int run_bucket_policy(const ApiOptions& options, const PolicyOptions& policy);
int run_bucket_set(const ApiOptions& options, const PolicyOptions& policy);
int run_bucket_history(const ApiOptions& options, const PolicyOptions& policy);
int run_bucket_rollback(const ApiOptions& options, const PolicyOptions& policy);

}  // namespace tyto::cli
