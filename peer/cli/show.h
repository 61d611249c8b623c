// Answers of the tracker's API, shown to people and programs.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "peer/cli/output.h"
#include "peer/cli/tracker_api.h"

namespace tyto::cli {

using Json = nlohmann::json;

struct ApiOptions {
  std::string api = "http://127.0.0.1:7401";
  Format format = Format::kText;
};

// A value in a word: "yes", "-", "7".
std::string text_of(const Json& value);
void print_json(const Json& json);
// A member a line; nested objects indented by their name.
void print_members(const Json& json);

// Calls, and prints the answer with `print` unless JSON was asked for. Returns the exit code.
int show(const ApiOptions& options, const ApiCall& call,
         const std::function<void(const Json&)>& print);

}  // namespace tyto::cli
