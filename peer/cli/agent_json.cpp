#include "peer/cli/agent_json.h"

namespace tyto::cli {

nlohmann::json json_of(const Progress& p) {
  return {{"total_bytes", p.total_bytes},
          {"done_bytes", p.done_bytes},
          {"from_store", p.from_store},
          {"from_peers", p.from_peers},
          {"from_superpeers", p.from_superpeers},
          {"from_origin", p.from_origin},
          {"wait",
           {{"for", static_cast<int>(p.wait.what)},
            {"place", p.wait.place},
            {"expected_ns", p.wait.expected.ns()}}}};
}

Progress progress_of_json(const nlohmann::json& json) {
  Progress p;
  if (!json.is_object()) return p;
  p.total_bytes = json.value("total_bytes", uint64_t{0});
  p.done_bytes = json.value("done_bytes", uint64_t{0});
  p.from_store = json.value("from_store", uint64_t{0});
  p.from_peers = json.value("from_peers", uint64_t{0});
  p.from_superpeers = json.value("from_superpeers", uint64_t{0});
  p.from_origin = json.value("from_origin", uint64_t{0});
  nlohmann::json wait = json.value("wait", nlohmann::json::object());
  int what = wait.value("for", 0);
  if (what < 0 || what > static_cast<int>(WaitsFor::kRecovery)) return p;
  p.wait = {static_cast<WaitsFor>(what), wait.value("place", uint32_t{0}),
            Duration::nanoseconds(wait.value("expected_ns", int64_t{0}))};
  return p;
}

nlohmann::json json_of(const Error& error) {
  return {{"code", error_code_name(error.code)}, {"message", error.message}};
}

Error error_of_json(const nlohmann::json& json) {
  Error error{ErrorCode::kInternal, "the other side's error cannot be read"};
  if (!json.is_object()) return error;
  std::string code = json.value("code", "");
  for (int i = 1; i <= static_cast<int>(ErrorCode::kInternal); ++i)
    if (error_code_name(static_cast<ErrorCode>(i)) == code) error.code = static_cast<ErrorCode>(i);
  error.message = json.value("message", code);
  return error;
}

}  // namespace tyto::cli
