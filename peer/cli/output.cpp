#include "peer/cli/output.h"

#include <fmt/format.h>

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

void ProgressPrinter::show(const Progress& p, double seconds) {
  double share = p.total_bytes == 0
                     ? 1.0
                     : static_cast<double>(p.done_bytes) / static_cast<double>(p.total_bytes);
  share = std::min(share, 1.0);
  uint64_t fetched = p.done_bytes - std::min(p.done_bytes, p.from_store);
  double rate = seconds > 0 ? static_cast<double>(fetched) / seconds / 1e6 : 0;
  switch (style_) {
    case ProgressStyle::kOff: return;
    case ProgressStyle::kBar: {
      int filled = static_cast<int>(share * 30);
      std::fprintf(stderr, "\r%s [%-30s] %3d%% %s of %s, %.1f MB/s  ", name_.c_str(),
                   std::string(static_cast<std::size_t>(filled), '#').c_str(),
                   static_cast<int>(share * 100), human_bytes(p.done_bytes).c_str(),
                   human_bytes(p.total_bytes).c_str(), rate);
      is_drawn_ = true;
      break;
    }
    case ProgressStyle::kLines: {
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
