#include "peer/cli/pin.h"

#include <cstdio>

#include "base/names.h"
#include "io/http/url.h"
#include "io/settings/settings.h"
#include "peer/cli/exit_codes.h"

namespace tyto::cli {
namespace {

std::string pin_path(const ObjectName& name) {
  return "/buckets/" + name.bucket + "/pins/" + io::percent_encode_path(name.key);
}

void print_pins(const Json& pins) {
  std::vector<std::vector<std::string>> rows{{"SIZE", "VERSION", "UNTIL", "OBJECT"}};
  for (const auto& pin : pins)
    rows.push_back({human_bytes(pin.value("object_bytes", uint64_t{0})),
                    text_of(pin.value("version", Json(""))).substr(0, 12),
                    date_of(pin.value("expires_unix_ns", Json())),
                    printable(text_of(pin["bucket"]) + "/" + text_of(pin["key"]))});
  std::fputs(table(rows).c_str(), stdout);
}

}  // namespace

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

}  // namespace tyto::cli
