#include "peer/cli/bucket_commands.h"

#include "peer/cli/bucket_edit.h"

namespace tyto::cli {

void add_json(CLI::App& command, Format& format) {
  command.add_flag_callback(
      "--json", [&format] { format = Format::kJson; }, "Print JSON");
}

void add_api(CLI::App& command, ApiOptions& api) {
  add_json(command, api.format);
  command.add_option("--api", api.api, "The tracker's HTTP address")
      ->envname("TYTO_API")
      ->capture_default_str();
}

BucketCommands::BucketCommands(CLI::App& app) {
  auto* parent = app.add_subcommand("bucket", "Make and show buckets, and change their policies");
  parent->require_subcommand(1);
  add_buckets(*parent);
  add_policies(*parent);
  add_changes(*parent);
}

CLI::App* BucketCommands::add(CLI::App& parent, const std::string& name, const std::string& help,
                              std::function<int()> run) {
  auto* command = parent.add_subcommand(name, help);
  add_api(*command, api_);
  command->callback([this, run = std::move(run)] { run_ = run; });
  return command;
}

void BucketCommands::add_buckets(CLI::App& parent) {
  auto* create =
      add(parent, "create", "Make a bucket", [this] { return run_bucket_create(api_, bucket_); });
  create->add_option("name", bucket_.name, "1 to 63 of a-z 0-9 -")->required();
  create->add_option("--origin", bucket_.origin,
                     "URL that keys are appended to: http(s)://host/path/ or file:///path/");
  create
      ->add_option("--revalidate", bucket_.revalidate,
                   "When names are looked up at the origin again")
      ->check(CLI::IsMember({"never", "age", "always"}))
      ->capture_default_str();
  create->add_option("--revalidate-age", bucket_.revalidate_age, "With age: how old, as 60s")
      ->capture_default_str();
  create->add_flag("--trust-peers", bucket_.trusts_peers,
                   "Let ordinary peers, not only superpeers, teach what they read at the origin");
  create->add_option("--policy", bucket_.policy_file,
                     "Its policy, from a file (- for standard input)");
  auto* show =
      add(parent, "show", "Show a bucket", [this] { return run_bucket_show(api_, bucket_.name); });
  show->add_option("name", bucket_.name, "The bucket")->required();
  add(parent, "ls", "List buckets", [this] { return run_bucket_ls(api_); });
}

void BucketCommands::add_policies(CLI::App& parent) {
  auto* policy = add(parent, "policy", "Print a bucket's policy",
                     [this] { return run_bucket_policy(api_, policy_); });
  policy->add_option("name", policy_.name, "The bucket");
  policy->add_option("--version", policy_.version, "An earlier one, by its number");
  policy->add_flag("--format", policy_.wants_format,
                   "Print every setting, with its meaning, bounds and default");
  auto* history = add(parent, "history", "List the versions of a bucket's policy",
                      [this] { return run_bucket_history(api_, policy_); });
  history->add_option("name", policy_.name, "The bucket")->required();
}

void BucketCommands::add_terms(CLI::App& command) {
  command.add_option("--note", policy_.note, "Why, for the history");
}

void BucketCommands::add_changes(CLI::App& parent) {
  constexpr const char* kExpected = "Refuse if the policy is at another version";
  auto* edit = add(parent, "edit", "Edit a bucket's policy in $VISUAL, $EDITOR or vi",
                   [this] { return run_bucket_edit(api_, policy_); });
  edit->add_option("name", policy_.name, "The bucket")->required();
  add_terms(*edit);
  auto* set = add(parent, "set", "Change settings of a bucket's policy, or replace it",
                  [this] { return run_bucket_set(api_, policy_); });
  set->add_option("name", policy_.name, "The bucket")->required();
  set->add_option("settings", policy_.settings, "NAME=VALUE, as selection.weight=3");
  set->add_option("--file", policy_.file, "A whole policy, from a file (- for standard input)");
  set->add_option("--expected", policy_.expected, kExpected);
  add_terms(*set);
  auto* rollback = add(parent, "rollback", "Make an earlier policy the present one again",
                       [this] { return run_bucket_rollback(api_, policy_); });
  rollback->add_option("name", policy_.name, "The bucket")->required();
  rollback->add_option("version", policy_.version, "Its version, as history lists it")->required();
  rollback->add_option("--expected", policy_.expected, kExpected);
  add_terms(*rollback);
}

}  // namespace tyto::cli
