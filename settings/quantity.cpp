#include "settings/quantity.h"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>

namespace tyto::settings {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};

// Largest first, so that the shortest whole number is found first.
constexpr std::array<Unit, 9> kByteUnits{{{"TiB", 1ull << 40},
                                          {"TB", 1'000'000'000'000},
                                          {"GiB", 1ull << 30},
                                          {"GB", 1'000'000'000},
                                          {"MiB", 1ull << 20},
                                          {"MB", 1'000'000},
                                          {"KiB", 1ull << 10},
                                          {"kB", 1'000},
                                          {"B", 1}}};
constexpr std::array<Unit, 7> kTimeUnits{{{"d", 86'400'000'000'000},
                                          {"h", 3'600'000'000'000},
                                          {"m", 60'000'000'000},
                                          {"s", 1'000'000'000},
                                          {"ms", 1'000'000},
                                          {"us", 1'000},
                                          {"ns", 1}}};

// In bits a second.
constexpr std::array<Unit, 13> kRateUnits{{{"TiB/s", 8ull << 40},
                                           {"TB/s", 8'000'000'000'000},
                                           {"GiB/s", 8ull << 30},
                                           {"GB/s", 8'000'000'000},
                                           {"Gbit/s", 1'000'000'000},
                                           {"MiB/s", 8ull << 20},
                                           {"MB/s", 8'000'000},
                                           {"Mbit/s", 1'000'000},
                                           {"KiB/s", 8ull << 10},
                                           {"kB/s", 8'000},
                                           {"kbit/s", 1'000},
                                           {"B/s", 8},
                                           {"bit/s", 1}}};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::optional<uint64_t> factor_of(std::span<const Unit> units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return unit.factor;
  return std::nullopt;
}

// "12" or "1.25" times `factor`, exactly; nothing if that is no whole number or too large.
std::optional<uint64_t> scaled(std::string_view number, uint64_t factor) {
  std::size_t point = number.find('.');
  std::string_view whole = number.substr(0, point);
  std::string_view fraction =
      point == std::string_view::npos ? std::string_view() : number.substr(point + 1);
  if (whole.empty() || (point != std::string_view::npos && fraction.empty())) return std::nullopt;
  unsigned __int128 value = 0, scale = 1;
  for (std::string_view part : {whole, fraction})
    for (char c : part) {
      if (!is_digit(c) || value > (static_cast<unsigned __int128>(1) << 64)) return std::nullopt;
      value = value * 10 + static_cast<unsigned>(c - '0');
    }
  if (fraction.size() > 18) return std::nullopt;
  for (std::size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  if (value > (static_cast<unsigned __int128>(1) << 64)) return std::nullopt;
  value *= factor;
  if (value % scale != 0) return std::nullopt;
  value /= scale;
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<uint64_t>(value);
}

// A number and its unit, with or without a space between.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.')) ++end;
  std::string_view unit = text.substr(end);
  if (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  return {text.substr(0, end), unit};
}

std::string with_largest_unit(uint64_t value, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (value % unit.factor == 0 && value >= unit.factor)
      return std::to_string(value / unit.factor) + std::string(unit.name);
  return "0" + std::string(units.back().name);
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  auto [number, unit] = split(text);
  auto factor = unit.empty() ? std::optional<uint64_t>(1) : factor_of(kByteUnits, unit);
  auto bytes = factor ? scaled(number, *factor) : std::nullopt;
  if (bytes) return *bytes;
  return {ErrorCode::kInvalidArgument,
          "\"" + std::string(text.substr(0, 40)) +
              "\" is no size in bytes: write a number and B, KiB, MiB, GiB, TiB, kB, MB, GB or TB, "
              "as \"64MiB\""};
}

Result<Duration> parse_duration(std::string_view text) {
  auto [number, unit] = split(text);
  auto factor = text == "0" ? std::optional<uint64_t>(1) : factor_of(kTimeUnits, unit);
  auto ns = factor ? scaled(number, *factor) : std::nullopt;
  if (ns) return Duration::nanoseconds(static_cast<int64_t>(*ns));
  return {ErrorCode::kInvalidArgument, "\"" + std::string(text.substr(0, 40)) +
                                           "\" is no span of time: write a number and ns, us, ms, "
                                           "s, m, h or d, as \"20s\""};
}

Result<uint64_t> parse_rate(std::string_view text) {
  auto [number, unit] = split(text);
  auto factor = factor_of(kRateUnits, unit);
  auto bits = factor ? scaled(number, *factor) : std::nullopt;
  if (bits && *bits % 8 == 0) return *bits / 8;
  return {ErrorCode::kInvalidArgument,
          "\"" + std::string(text.substr(0, 40)) +
              "\" is no rate in whole bytes a second: write a number and bit/s, kbit/s, Mbit/s, "
              "Gbit/s, B/s, kB/s, KiB/s, MB/s, MiB/s, GB/s or GiB/s, as \"50 Mbit/s\""};
}

Result<uint32_t> parse_share(std::string_view text) {
  auto [number, unit] = split(text);
  auto permille = unit == "%" ? scaled(number, 10) : std::nullopt;
  if (permille && *permille <= 1000) return static_cast<uint32_t>(*permille);
  return {ErrorCode::kInvalidArgument,
          "\"" + std::string(text.substr(0, 40)) +
              "\" is no share: write a number up to 100, in steps of 0.1, and %, as \"25%\""};
}

std::string bytes_text(uint64_t bytes) {
  return with_largest_unit(bytes, kByteUnits);
}

std::string duration_text(Duration span) {
  if (span == Duration::forever()) return "forever";
  if (span.ns() < 0) return "-" + duration_text(Duration::nanoseconds(-span.ns()));
  if (span.ns() == 0) return "0s";
  return with_largest_unit(static_cast<uint64_t>(span.ns()), kTimeUnits);
}

std::string rate_text(uint64_t bytes_per_s) {
  if (bytes_per_s > std::numeric_limits<uint64_t>::max() / 8)
    return std::to_string(bytes_per_s) + "B/s";
  return with_largest_unit(bytes_per_s * 8, kRateUnits);
}

std::string share_text(uint32_t permille) {
  std::string tenths = permille % 10 == 0 ? "" : "." + std::to_string(permille % 10);
  return std::to_string(permille / 10) + tenths + "%";
}

}  // namespace tyto::settings
