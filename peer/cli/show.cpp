#include "peer/cli/show.h"

#include <cstdio>

#include "peer/cli/exit_codes.h"

namespace tyto::cli {

std::string text_of(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_null()) return "-";
  return value.dump();
}

void print_json(const Json& json) {
  std::puts(json.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
}

void print_members(const Json& json) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& [name, value] : json.items()) {
    if (value.is_object()) {
      for (const auto& [inner, inner_value] : value.items())
        rows.push_back({name + "." + inner, text_of(inner_value)});
    } else {
      rows.push_back({name, text_of(value)});
    }
  }
  std::fputs(table(rows).c_str(), stdout);
}

int show(const ApiOptions& options, const ApiCall& call,
         const std::function<void(const Json&)>& print) {
  auto answer = call_tracker(options.api, call);
  if (!answer.ok()) return report(answer.error(), options.format);
  if (options.format == Format::kJson) {
    print_json(*answer);
  } else {
    print(*answer);
  }
  return kExitOk;
}

}  // namespace tyto::cli
