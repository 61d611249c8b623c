#include "peer/cli/bucket_policy.h"

#include <array>
#include <cstdio>
#include <ctime>

#include "base/names.h"
#include "io/http/url.h"
#include "peer/cli/text_file.h"

namespace tyto::cli {
namespace {

// "?version=7&expected=8&note=why", as far as given.
std::string query_of(const PolicyOptions& policy) {
  std::vector<std::string> terms;
  if (policy.version) terms.push_back("version=" + std::to_string(*policy.version));
  if (policy.expected) terms.push_back("expected=" + std::to_string(*policy.expected));
  if (!policy.note.empty()) terms.push_back("note=" + io::percent_encode(policy.note));
  std::string query;
  for (const std::string& term : terms) query += (query.empty() ? "?" : "&") + term;
  return query;
}

// UTC, to the second.
std::string date_of(const Json& unix_ns) {
  if (!unix_ns.is_number_integer()) return "-";
  const std::time_t seconds = unix_ns.get<int64_t>() / 1'000'000'000;
  std::tm parts{};
  std::array<char, 32> text{};
  gmtime_r(&seconds, &parts);
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

// "selection.weight=3" and so on as the body of a PATCH.
Result<std::string> edits_of(const std::vector<std::string>& settings) {
  nlohmann::ordered_json edits;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      return {ErrorCode::kInvalidArgument,
              "'" + printable(setting) +
                  "' is no setting; expected NAME=VALUE, as "
                  "selection.weight=3 (tyto bucket policy --format lists all)"};
    edits["set"][setting.substr(0, equals)] = setting.substr(equals + 1);
  }
  return edits.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

std::string policy_path(const std::string& bucket) {
  return "/buckets/" + io::percent_encode(bucket) + "/policy";
}

ApiCall put_policy(const PolicyOptions& options, const std::string& document) {
  return {"PUT", policy_path(options.name) + query_of(options), document, "application/toml"};
}

void print_change(const Json& answer) {
  std::printf("%s: policy version %s\n", text_of(answer["bucket"]).c_str(),
              text_of(answer["policy_version"]).c_str());
}

int run_bucket_policy(const ApiOptions& options, const PolicyOptions& policy) {
  auto print_document = [](const Json& answer) {
    const auto document = answer["document"].get<std::string>();
    if (document.empty())
      std::fprintf(stderr, "tyto: the default policy; tyto bucket policy --format shows it\n");
    std::fputs(document.c_str(), stdout);
  };
  if (policy.wants_format) return show(options, {"GET", "/policy-format", "", ""}, print_document);
  if (policy.name.empty())
    return report({ErrorCode::kInvalidArgument,
                   "which bucket? tyto bucket policy BUCKET, or --format for all settings"},
                  options.format);
  return show(options, {"GET", policy_path(policy.name) + query_of(policy), "", ""},
              print_document);
}

int run_bucket_set(const ApiOptions& options, const PolicyOptions& policy) {
  if (policy.settings.empty() == policy.file.empty())
    return report({ErrorCode::kInvalidArgument,
                   "what is to be set? give NAME=VALUE, as selection.weight=3, or a whole document "
                   "by --file, and not both"},
                  options.format);
  if (!policy.file.empty()) {
    auto document = read_text_file(policy.file);
    if (!document.ok()) return report(document.error(), options.format);
    return show(options, put_policy(policy, *document), print_change);
  }
  auto edits = edits_of(policy.settings);
  if (!edits.ok()) return report(edits.error(), options.format);
  return show(options,
              {"PATCH", policy_path(policy.name) + query_of(policy), *edits, "application/json"},
              print_change);
}

int run_bucket_history(const ApiOptions& options, const PolicyOptions& policy) {
  // As many as a tracker keeps.
  return show(options, {"GET", policy_path(policy.name) + "/history?limit=1000", "", ""},
              [](const Json& answer) {
                std::vector<std::vector<std::string>> rows{{"VERSION", "MADE", "SIZE", "NOTE"}};
                for (const auto& one : answer["history"])
                  rows.push_back({text_of(one["policy_version"]), date_of(one["made_unix_ns"]),
                                  human_bytes(one.value("document_bytes", uint64_t{0})),
                                  printable(text_of(one["note"]), 500)});
                std::fputs(table(rows).c_str(), stdout);
              });
}

int run_bucket_rollback(const ApiOptions& options, const PolicyOptions& policy) {
  return show(options, {"POST", policy_path(policy.name) + "/rollback" + query_of(policy), "", ""},
              print_change);
}

}  // namespace tyto::cli
