// The options of `tyto bucket ...`.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "peer/cli/bucket.h"
#include "peer/cli/bucket_policy.h"

namespace tyto::cli {

// --json, for a command that prints in `format`.
void add_json(CLI::App& command, Format& format);
// --json and --api.
void add_api(CLI::App& command, ApiOptions& api);

// The subcommands of `tyto bucket`.
//
// Ownership: borrows the application, and is borrowed by it: both live until it has parsed.
class BucketCommands {
 public:
  explicit BucketCommands(CLI::App& app);
  BucketCommands(const BucketCommands&) = delete;
  BucketCommands& operator=(const BucketCommands&) = delete;

  // Whether one of them was given.
  bool is_given() const { return run_ != nullptr; }
  // Runs it; the exit code. Requires: is_given().
  int run() const { return run_(); }

 private:
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                std::function<int()> run);
  void add_buckets(CLI::App& parent);
  void add_policies(CLI::App& parent);
  void add_changes(CLI::App& parent);
  // Options that all changes of a policy have.
  void add_terms(CLI::App& command);

  ApiOptions api_;
  BucketOptions bucket_;
  PolicyOptions policy_;
  std::function<int()> run_;
};

}  // namespace tyto::cli
