// The tracker's JSON API, called and waited for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "base/result.h"

namespace tyto::cli {

struct ApiCall {
  std::string method = "GET";
  std::string path;  // below /api/v1, escaped: "/buckets/models"
  std::string body;
  std::string content_type = "application/json";
};

// Calls the tracker at `api` ("http://127.0.0.1:7401") and returns its answer. An error that the
// tracker answers is returned as that error; kUnavailable if it cannot be reached.
Result<nlohmann::json> call_tracker(const std::string& api, const ApiCall& call);

}  // namespace tyto::cli
