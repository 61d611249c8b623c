#include "peer/cli/bucket.h"

#include <cstdio>

#include "io/http/url.h"
#include "io/settings/settings.h"
#include "peer/cli/text_file.h"

namespace tyto::cli {

int run_bucket_ls(const ApiOptions& options) {
  return show(options, {"GET", "/buckets", "", ""}, [](const Json& answer) {
    std::vector<std::vector<std::string>> rows{{"BUCKET", "ORIGIN", "REVALIDATE", "TRUST PEERS"}};
    for (const auto& b : answer["buckets"])
      rows.push_back({text_of(b["name"]), text_of(b["origin"]), text_of(b["revalidate"]),
                      text_of(b["trust_peers"])});
    std::fputs(table(rows).c_str(), stdout);
  });
}

int run_bucket_create(const ApiOptions& options, const BucketOptions& bucket) {
  auto age = io::parse_duration(bucket.revalidate_age);
  if (!age.ok()) return report(age.error(), options.format);
  Json body = {{"name", bucket.name},
               {"origin", bucket.origin},
               {"revalidate", bucket.revalidate},
               {"revalidate_age_ms", age->ms()},
               {"trust_peers", bucket.trusts_peers}};
  if (!bucket.policy_file.empty()) {
    auto policy = read_text_file(bucket.policy_file);
    if (!policy.ok()) return report(policy.error(), options.format);
    body["policy"] = *policy;
  }
  std::string text = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return show(options, {"POST", "/buckets", text, "application/json"}, print_members);
}

int run_bucket_show(const ApiOptions& options, const std::string& name) {
  return show(options, {"GET", "/buckets/" + io::percent_encode(name), "", ""}, print_members);
}

}  // namespace tyto::cli
