// Answers of the HTTP API in JSON.
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "io/http/http_server.h"
#include "tracker/server/api_json.h"

namespace tyto::tracker {

inline constexpr const char* kJsonType = "application/json";

using Responder = std::shared_ptr<io::HttpResponder>;

inline void reply(const Responder& responder, int status, const Json& json) {
  responder->reply(status, kJsonType, json_text(json));
}

inline void reply(const Responder& responder, const Error& error) {
  reply(responder, http_status_of(error.code), json_of(error));
}

// Whether the body is of this type; a charset may follow it.
Result<void> check_type(const io::HttpRequest& request, std::string_view expected);

}  // namespace tyto::tracker
