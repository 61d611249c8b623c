#include "io/log/log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "io/log/log_line.h"

namespace tyto::io {
namespace {

constexpr std::string_view kLevelNames[] = {"debug", "info", "warning", "error", "off"};

WallTime wall_now() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return WallTime::from_unix_ns(
      std::chrono::duration_cast<std::chrono::nanoseconds>(since).count());
}

// Writes finished lines; the level and the layout are ours, not spdlog's.
std::shared_ptr<spdlog::logger> make_writer(spdlog::sink_ptr sink) {
  auto writer = std::make_shared<spdlog::logger>("", std::move(sink));
  writer->set_pattern("%v");
  writer->set_level(spdlog::level::trace);
  writer->flush_on(spdlog::level::trace);
  writer->set_error_handler([](const std::string&) {});  // a full disk must not fill stderr
  return writer;
}

Result<std::shared_ptr<spdlog::logger>> open_writer(const std::string& file) {
  try {
    if (file.empty()) return make_writer(std::make_shared<spdlog::sinks::stderr_sink_st>());
    return make_writer(std::make_shared<spdlog::sinks::basic_file_sink_st>(file));
  } catch (const spdlog::spdlog_ex& error) {
    return {ErrorCode::kUnavailable,
            "cannot open the log file " + file + ": " + error.what() + "; check its folder"};
  }
}

std::string duration_value(Duration span) {
  if (span == Duration::forever()) return "forever";
  int64_t ns = span.ns();
  int64_t magnitude = ns < 0 ? -ns : ns;
  if (magnitude >= 1'000'000'000) return fmt::format("{:.3f}s", static_cast<double>(ns) / 1e9);
  if (magnitude >= 1'000'000) return fmt::format("{:.3f}ms", static_cast<double>(ns) / 1e6);
  return fmt::format("{:.3f}us", static_cast<double>(ns) / 1e3);
}

}  // namespace

std::string_view log_level_name(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}

Result<LogLevel> parse_log_level(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kLevelNames); ++i)
    if (kLevelNames[i] == name) return static_cast<LogLevel>(i);
  return {ErrorCode::kInvalidArgument, "a log level is debug, info, warning, error or off, not \"" +
                                           std::string(name.substr(0, 40)) + "\""};
}

LogValue::LogValue(Duration value) : value_(duration_value(value)) {}
LogValue::LogValue(const Error& error)
    : value_(std::string(error_code_name(error.code)) + ": " + error.message) {}
LogValue::LogValue(PeerId peer) : value_(fmt::format("{:016x}", peer.value())) {}

struct Log::State {
  std::string component;
  LogFormat format = LogFormat::kText;
  std::string file;
  std::function<void(std::string_view)> sink;
  std::atomic<LogLevel> level = LogLevel::kOff;
  bool writes = false;  // fixed at the start; false for a log that discards
  std::mutex mutex;     // guards the writer and the sink
  std::shared_ptr<spdlog::logger> writer;
};

Log::Log(std::unique_ptr<State> state) : state_(std::move(state)) {}
Log::~Log() = default;

Result<std::unique_ptr<Log>> Log::open(const LogOptions& options) {
  auto state = std::make_unique<State>();
  state->component = options.component;
  state->format = options.format;
  state->file = options.file;
  state->sink = options.sink;
  state->level = options.level;
  state->writes = true;
  if (!state->sink) {
    auto writer = open_writer(options.file);
    if (!writer) return writer.error();
    state->writer = std::move(writer).value();
  }
  return std::unique_ptr<Log>(new Log(std::move(state)));
}

std::unique_ptr<Log> Log::discard() {
  return std::unique_ptr<Log>(new Log(std::make_unique<State>()));
}

void Log::write(LogLevel level, std::string_view message, const LogField* fields,
                std::size_t count) {
  if (!is_enabled(level)) return;
  LogLine line{wall_now(), level, state_->component, message, fields, count};
  std::string text = state_->format == LogFormat::kText ? text_line(line) : json_line(line);
  std::lock_guard lock(state_->mutex);
  if (state_->sink) {
    state_->sink(text);
  } else {
    state_->writer->log(spdlog::level::info, spdlog::string_view_t(text.data(), text.size()));
  }
}

bool Log::is_enabled(LogLevel level) const {
  return state_->writes && level != LogLevel::kOff &&
         level >= state_->level.load(std::memory_order_relaxed);
}

void Log::set_level(LogLevel level) {
  state_->level = level;
}

Result<void> Log::reopen() {
  if (state_->file.empty()) return {};
  auto writer = open_writer(state_->file);
  if (!writer) return writer.error();
  std::lock_guard lock(state_->mutex);
  state_->writer = std::move(writer).value();
  return {};
}

}  // namespace tyto::io
