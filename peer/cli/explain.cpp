#include "peer/cli/explain.h"

#include <ctime>

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/names.h"
#include "io/http/url.h"
#include "io/settings/settings.h"
#include "peer/cli/exit_codes.h"
#include "peer/cli/tracker_api.h"

namespace tyto::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLineBytesMax = 2000;

std::tm utc(int64_t unix_ms) {
  std::time_t seconds = unix_ms / 1000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return parts;
}

std::string date_of(int64_t unix_ms) {
  std::tm t = utc(unix_ms);
  return fmt::format("{:04}-{:02}-{:02}", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday);
}

std::string time_of(int64_t unix_ms) {
  std::tm t = utc(unix_ms);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", t.tm_hour, t.tm_min, t.tm_sec, unix_ms % 1000);
}

std::string text_in(const Json& json, const char* member) {
  return printable(json.value(member, std::string()), kLineBytesMax);
}

// The path to ask, or what is wrong with the arguments.
Result<std::string> path_of(const ExplainOptions& explain) {
  std::string path = "/explain?limit=" + std::to_string(explain.limit);
  if (explain.object.empty() && explain.peer.empty())
    return Error{ErrorCode::kInvalidArgument,
                 "there is nothing to explain: name an object as bucket/key, or a --peer"};
  if (!explain.object.empty()) {
    auto name = ObjectName::parse(explain.object);
    if (!name.ok()) return name.error();
    path += "&bucket=" + io::percent_encode(name->bucket) + "&key=" + io::percent_encode(name->key);
  }
  if (!explain.peer.empty()) path += "&peer=" + io::percent_encode(explain.peer);
  if (explain.chunk) path += "&chunk=" + std::to_string(*explain.chunk);
  if (explain.since.empty()) return path;
  auto since = io::parse_duration(explain.since);
  if (!since.ok()) return Error{since.error().code, "--since: " + since.error().message};
  return path + "&since_ms=" + std::to_string(since->ms());
}

void print_answers(const Json& answer) {
  for (const auto& one : answer["answers"]) {
    fmt::print("{}\n", text_in(one, "question"));
    for (const auto& line : one["lines"])
      fmt::print("  {}\n", printable(line.get<std::string>(), kLineBytesMax));
  }
}

void print_candidates(const Json& record) {
  if (!record.contains("candidates")) return;
  for (const auto& candidate : record["candidates"])
    fmt::print("{:14}{}\n", "", text_in(candidate, "text"));
}

void print_time_line(const Json& answer, const ExplainOptions& explain) {
  const Json& records = answer["records"];
  if (records.empty()) return;
  auto total = answer.value("total", records.size());
  std::string date;
  for (const auto& record : records) {
    auto at = record.value("at_unix_ms", int64_t{0});
    if (std::string today = date_of(at); today != date) {
      fmt::print("{}Time line, {} UTC{}\n", date.empty() ? "" : "\n", today,
                 total > records.size() && date.empty()
                     ? fmt::format(", the newest {} of {} records", records.size(), total)
                     : "");
      date = today;
    }
    std::string object = explain.object.empty() ? text_in(record, "object") + ": " : "";
    fmt::print("{}  {}{}\n", time_of(at), object, text_in(record, "text"));
    if (explain.shows_candidates) print_candidates(record);
  }
}

void print(const Json& answer, const ExplainOptions& explain) {
  print_answers(answer);
  print_time_line(answer, explain);
  std::string note = text_in(answer, "note");
  if (note.empty()) return;
  const Json& since = answer["journal"]["complete_since_unix_ms"];
  if (since.is_number_integer())
    note += fmt::format(" (complete since {} {} UTC)", date_of(since.get<int64_t>()),
                        time_of(since.get<int64_t>()));
  fmt::print("Note: {}\n", note);
}

}  // namespace

int run_explain(const ApiOptions& options, const ExplainOptions& explain) {
  auto path = path_of(explain);
  if (!path.ok()) return report(path.error(), options.format);
  auto answer = call_tracker(options.api, {"GET", *path, "", ""});
  if (!answer.ok()) return report(answer.error(), options.format);
  if (options.format == Format::kJson) {
    fmt::print("{}\n", answer->dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    print(*answer, explain);
  }
  return kExitOk;
}

}  // namespace tyto::cli
