// The words between `tyto get` and `tyto agent`, as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "base/result.h"
#include "tyto/object.h"

namespace tyto::cli {

nlohmann::json json_of(const Progress& progress);
Progress progress_of_json(const nlohmann::json& json);
nlohmann::json json_of(const Error& error);
Error error_of_json(const nlohmann::json& json);

}  // namespace tyto::cli
