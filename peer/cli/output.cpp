#include "peer/cli/output.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "peer/cli/exit_codes.h"

namespace tyto::cli {

int report(const Error& error, Format format) {
  std::fprintf(stderr, "tyto: %s\n", error.message.c_str());
  if (format == Format::kJson) {
    nlohmann::json json = {
        {"error", {{"code", error_code_name(error.code)}, {"message", error.message}}}};
    std::puts(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  }
  return exit_code_of(error.code);
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      bool is_last = i + 1 == row.size();
      text += is_last ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    text += "\n";
  }
  return text;
}

std::string human_bytes(uint64_t bytes) {
  static constexpr std::array kUnits{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

namespace {

std::string ordinal(uint32_t n) {
  bool is_teen = n % 100 >= 11 && n % 100 <= 13;
  const char* ending = is_teen       ? "th"
                       : n % 10 == 1 ? "st"
                       : n % 10 == 2 ? "nd"
                       : n % 10 == 3 ? "rd"
                                     : "th";
  return std::to_string(n) + ending;
}

// What fits on the terminal's line, so that the next drawing begins where this one did.
std::size_t columns_left() {
  winsize size{};
  bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return is_known ? size.ws_col - 1u : std::string::npos;
}

std::string cause_text(WaitsFor what, const std::string& bucket) {
  switch (what) {
    case WaitsFor::kNothing: return {};
    case WaitsFor::kSource: return "a peer that is free to send";
    case WaitsFor::kLease: return "what another reads from the origin";
    case WaitsFor::kOriginBudget: return "the origin's budget of bucket " + bucket;
    case WaitsFor::kBandwidthLimit: return "the bandwidth limit of bucket " + bucket;
    case WaitsFor::kSpace: return "space in its store";
    case WaitsFor::kRecovery: return "the tracker, which has just started";
  }
  return {};
}

}  // namespace

std::string wait_text(const Wait& wait, const std::string& bucket) {
  if (wait.what == WaitsFor::kNothing) return {};
  std::string text = "waits for " + cause_text(wait.what, bucket);
  if (wait.place > 0) text += ": " + ordinal(wait.place) + " in line";
  int64_t seconds = (wait.expected.ms() + 999) / 1000;
  if (seconds > 0)
    text += (wait.place > 0 ? ", about " : ": about ") + std::to_string(seconds) + " s";
  return text;
}

void ProgressPrinter::show(const Progress& p, double seconds) {
  double share = p.total_bytes == 0
                     ? 1.0
                     : static_cast<double>(p.done_bytes) / static_cast<double>(p.total_bytes);
  share = std::min(share, 1.0);
  uint64_t fetched = p.done_bytes - std::min(p.done_bytes, p.from_store);
  double rate = seconds > 0 ? static_cast<double>(fetched) / seconds / 1e6 : 0;
  std::string waits = wait_text(p.wait, bucket_);
  switch (style_) {
    case ProgressStyle::kOff: return;
    case ProgressStyle::kBar: {
      std::string filled(static_cast<std::size_t>(share * 30), '#');
      std::string line = fmt::format("{} [{:<30}] {:3}% {} of {}, {}", name_, filled,
                                     static_cast<int>(share * 100), human_bytes(p.done_bytes),
                                     human_bytes(p.total_bytes),
                                     waits.empty() ? fmt::format("{:.1f} MB/s", rate) : waits);
      std::fprintf(stderr, "\r%s\033[K", line.substr(0, columns_left()).c_str());
      is_drawn_ = true;
      break;
    }
    case ProgressStyle::kLines: {
      if (p.wait != last_wait_ && !waits.empty())
        std::fprintf(stderr, "%s: %s\n", name_.c_str(), waits.c_str());
      last_wait_ = p.wait;
      int tenth = static_cast<int>(share * 10);
      if (tenth == last_tenth_) return;
      last_tenth_ = tenth;
      std::fprintf(stderr, "%s: %d%% of %s, %.1f MB/s\n", name_.c_str(), tenth * 10,
                   human_bytes(p.total_bytes).c_str(), rate);
      break;
    }
    case ProgressStyle::kJson: {
      nlohmann::json json = {
          {"progress",
           {{"done_bytes", p.done_bytes}, {"total_bytes", p.total_bytes}, {"seconds", seconds}}}};
      if (!waits.empty()) json["progress"]["waits_for"] = waits;
      std::fprintf(stderr, "%s\n", json.dump().c_str());
      break;
    }
  }
  std::fflush(stderr);
}

void ProgressPrinter::finish() {
  if (is_drawn_) std::fputc('\n', stderr);
}

}  // namespace tyto::cli
