#include "peer/cli/tracker_api.h"

#include <optional>

#include "base/names.h"
#include "io/http/http_client.h"
#include "io/loop/loop.h"
#include "peer/cli/agent_json.h"

namespace tyto::cli {
namespace {

constexpr std::size_t kAnswerBytesMax = 64 << 20;
constexpr Duration kAnswerWithin = Duration::seconds(120);

}  // namespace

Result<nlohmann::json> call_tracker(const std::string& api, const ApiCall& call) {
  io::Loop loop;
  io::HttpClient client(loop);
  io::HttpClientRequest request;
  request.method = call.method;
  request.url = (api.ends_with('/') ? api.substr(0, api.size() - 1) : api) + "/api/v1" + call.path;
  if (!call.body.empty() || call.method == "PUT")
    request.headers.set("Content-Type", call.content_type);
  request.body = call.body;
  std::optional<Result<io::HttpResponse>> answer;
  auto pending = client.fetch(std::move(request), kAnswerBytesMax,
                              [&](Result<io::HttpResponse> got) { answer = std::move(got); });
  loop.run_until([&] { return answer.has_value(); }, kAnswerWithin);
  if (!answer) return Error{ErrorCode::kTimedOut, "the tracker at " + api + " does not answer"};
  if (!answer->ok())
    return Error{answer->error().code, "tracker API " + api + ": " + answer->error().message +
                                           "; is a tracker running there? (--api)"};
  auto json = nlohmann::json::parse((*answer)->body, nullptr, false);
  if (json.is_object() && json.contains("error")) return error_of_json(json["error"]);
  if (json.is_discarded() || (*answer)->status >= 300)
    return Error{ErrorCode::kUnavailable, "tracker API " + api + " answers " +
                                              std::to_string((*answer)->status) + ": " +
                                              printable((*answer)->body)};
  return json;
}

}  // namespace tyto::cli
