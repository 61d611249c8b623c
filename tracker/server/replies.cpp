#include "tracker/server/replies.h"

#include <string>

#include "base/names.h"

namespace tyto::tracker {

Result<void> check_type(const io::HttpRequest& request, std::string_view expected) {
  std::string_view type = request.headers.get("Content-Type");
  if (io::equal_ignoring_case(type.substr(0, type.find(';')), expected)) return {};
  return {ErrorCode::kInvalidArgument,
          "Content-Type is \"" + printable(type) + "\"; expected " + std::string(expected)};
}

}  // namespace tyto::tracker
