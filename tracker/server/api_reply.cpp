#include "tracker/server/api_reply.h"

#include "base/names.h"

namespace tyto::tracker {

void reply(const Responder& responder, int status, const Json& json) {
  responder->reply(status, kJsonType, json_text(json));
}

void reply(const Responder& responder, const Error& error) {
  reply(responder, http_status_of(error.code), json_of(error));
}

Result<void> check_type(const io::HttpRequest& request, std::string_view expected) {
  std::string_view type = request.headers.get("Content-Type");
  if (io::equal_ignoring_case(type.substr(0, type.find(';')), expected)) return {};
  return {ErrorCode::kInvalidArgument,
          "Content-Type is \"" + printable(type) + "\"; expected " + std::string(expected)};
}

Error unknown_bucket(const std::string& name) {
  return {ErrorCode::kNotFound,
          "there is no bucket \"" + printable(name) + "\"; GET /api/v1/buckets lists them"};
}

}  // namespace tyto::tracker
