#include "peer/cli/admin.h"

#include <array>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/names.h"
#include "io/http/url.h"
#include "io/settings/settings.h"
#include "peer/cli/exit_codes.h"
#include "peer/cli/tracker_api.h"

namespace tyto::cli {
namespace {

using Json = nlohmann::json;

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "-";
  return value.dump();
}

void print_json(const Json& json) {
  std::puts(json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

// A member a line; nested objects indented by their name.
void print_members(const Json& json, const std::string& prefix = "") {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : json.items()) {
    if (value.is_object()) {
      for (const auto& [inner, inner_value] : value.items())
        rows.push_back({prefix + name + "." + inner, text_of(inner_value)});
    } else {
      rows.push_back({prefix + name, text_of(value)});
    }
  }
  std::fputs(table(rows).c_str(), stdout);
}

// Calls, and prints the answer with `print` unless JSON was asked for.
template <class Print>
int show(const ApiOptions& options, const ApiCall& call, const Print& print) {
  auto answer = call_tracker(options.api, call);
  if (!answer.ok()) return report(answer.error(), options.format);
  if (options.format == Format::kJson) {
    print_json(*answer);
  } else {
    print(*answer);
  }
  return kExitOk;
}

// All pages of a bucket's names, in one answer.
Result<Json> list_all(const ApiOptions& options, const std::string& bucket,
                      const std::string& prefix) {
  Json objects = Json::array();
  std::string after;
  for (;;) {
    std::string path = "/buckets/" + io::percent_encode(bucket) +
                       "/objects?limit=1000&prefix=" + io::percent_encode(prefix);
    if (!after.empty()) path += "&after=" + io::percent_encode(after);
    auto page = call_tracker(options.api, {"GET", path, "", ""});
    if (!page.ok()) return page;
    for (auto& object : (*page)["objects"]) objects.push_back(object);
    const Json& next = (*page)["next_after"];
    if (!next.is_string()) return Json{{"objects", objects}};
    after = next.get<std::string>();
  }
}

std::string pin_path(const ObjectName& name) {
  return "/buckets/" + name.bucket + "/pins/" + io::percent_encode_path(name.key);
}

// "2026-11-26 15:04:05 UTC".
std::string text_of_time(int64_t unix_ns) {
  auto seconds = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return {text.data(), length};
}

void print_pins(const Json& pins) {
  std::vector<std::vector<std::string>> rows{{"SIZE", "VERSION", "UNTIL", "OBJECT"}};
  for (const auto& pin : pins)
    rows.push_back({human_bytes(pin.value("object_bytes", uint64_t{0})),
                    text_of(pin.value("version", Json(""))).substr(0, 12),
                    text_of_time(pin.value("expires_unix_ns", int64_t{0})),
                    printable(text_of(pin["bucket"]) + "/" + text_of(pin["key"]))});
  std::fputs(table(rows).c_str(), stdout);
}

}  // namespace

int run_bucket_ls(const ApiOptions& options) {
  return show(options, {"GET", "/buckets", "", ""}, [](const Json& answer) {
    std::vector<std::vector<std::string>> rows{{"BUCKET", "ORIGIN", "REVALIDATE", "TRUST PEERS"}};
    for (const auto& b : answer["buckets"])
      rows.push_back({text_of(b["name"]), text_of(b["origin"]), text_of(b["revalidate"]),
                      text_of(b["trust_peers"])});
    std::fputs(table(rows).c_str(), stdout);
  });
}

int run_ls(const ApiOptions& options, const std::string& what) {
  if (what.empty()) return run_bucket_ls(options);
  std::size_t slash = what.find('/');
  std::string bucket = what.substr(0, slash);
  std::string prefix = slash == std::string::npos ? "" : what.substr(slash + 1);
  if (auto good = check_bucket_name(bucket); !good.ok())
    return report(good.error(), options.format);
  auto answer = list_all(options, bucket, prefix);
  if (!answer.ok()) return report(answer.error(), options.format);
  if (options.format == Format::kJson) {
    print_json(*answer);
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"SIZE", "COMPLETE COPIES", "VERSION", "KEY"}};
  for (const auto& o : (*answer)["objects"])
    rows.push_back({human_bytes(o.value("object_bytes", uint64_t{0})),
                    text_of(o.value("holders_complete", Json())),
                    text_of(o.value("version", Json(""))).substr(0, 12),
                    printable(text_of(o["key"]))});
  std::fputs(table(rows).c_str(), stdout);
  return kExitOk;
}

int run_stat(const ApiOptions& options, const std::string& object) {
  auto name = ObjectName::parse(object);
  if (!name.ok()) return report(name.error(), options.format);
  std::string path = "/buckets/" + name->bucket + "/objects/" + io::percent_encode_path(name->key);
  return show(options, {"GET", path, "", ""}, [](const Json& answer) { print_members(answer); });
}

int run_peers(const ApiOptions& options) {
  return show(options, {"GET", "/peers?limit=1000", "", ""}, [](const Json& answer) {
    std::vector<std::vector<std::string>> rows{
        {"NAME", "ROLE", "LOCATION", "ADDRESS", "USED", "LENT", "UPLOADS", "STATE"}};
    for (const auto& p : answer["peers"]) {
      std::string state = p.value("is_connected", true) ? "connected" : "lost";
      if (p.value("is_leaving", false)) state = "leaving";
      if (p.value("is_suspect", false)) state = "suspect";
      if (p.value("is_quarantined", false)) state = "quarantined";
      rows.push_back({printable(text_of(p.value("name", Json("")))),
                      text_of(p.value("role", Json(""))), text_of(p.value("location", Json(""))),
                      text_of(p.value("data_address", Json(""))),
                      human_bytes(p.value("used_bytes", uint64_t{0})),
                      human_bytes(p.value("store_bytes", uint64_t{0})),
                      text_of(p.value("uploads", Json(0))), state});
    }
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
  return show(options, {"POST", "/buckets", body.dump(), "application/json"},
              [](const Json& answer) { print_members(answer); });
}

int run_pin(const ApiOptions& options, const PinOptions& pin) {
  auto name = ObjectName::parse(pin.object);
  if (!name.ok()) return report(name.error(), options.format);
  if (pin.span.empty())
    return report({ErrorCode::kInvalidArgument,
                   "say for how long " + printable(pin.object) + " is to be pinned: --for 7d"},
                  options.format);
  auto span = io::parse_duration(pin.span);
  if (!span.ok())
    return report({span.error().code, "--for: " + span.error().message}, options.format);
  Json body = {{"for_ms", span->ms()}};
  if (!pin.version.empty()) body["version"] = pin.version;
  return show(options, {"PUT", pin_path(*name), body.dump(), "application/json"},
              [](const Json& answer) { print_pins(Json::array({answer})); });
}

int run_unpin(const ApiOptions& options, const std::string& object) {
  auto name = ObjectName::parse(object);
  if (!name.ok()) return report(name.error(), options.format);
  return show(options, {"DELETE", pin_path(*name), "", ""},
              [&](const Json&) { std::printf("unpinned %s\n", printable(object).c_str()); });
}

int run_pin_ls(const ApiOptions& options, const std::string& bucket) {
  if (!bucket.empty()) {
    if (auto good = check_bucket_name(bucket); !good.ok())
      return report(good.error(), options.format);
  }
  std::string path = bucket.empty() ? "/pins" : "/buckets/" + bucket + "/pins";
  return show(options, {"GET", path, "", ""},
              [](const Json& answer) { print_pins(answer["pins"]); });
}

int run_bucket_show(const ApiOptions& options, const std::string& name) {
  return show(options, {"GET", "/buckets/" + io::percent_encode(name), "", ""},
              [](const Json& answer) { print_members(answer); });
}

}  // namespace tyto::cli
