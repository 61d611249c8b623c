// What the API's handlers have in common: how they answer, and what they refuse alike.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http/http_server.h"
#include "tracker/server/api_json.h"

namespace tyto::tracker {

inline constexpr const char* kJsonType = "application/json";

using Responder = std::shared_ptr<io::HttpResponder>;

void reply(const Responder& responder, int status, const Json& json);
// With the status that follows from the error's code.
void reply(const Responder& responder, const Error& error);

// Whether the body is of this type; a charset may follow it. Errors: kInvalidArgument, with both.
Result<void> check_type(const io::HttpRequest& request, std::string_view expected);

Error unknown_bucket(const std::string& name);

}  // namespace tyto::tracker
