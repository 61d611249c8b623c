#include "io/log/log_line.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <ctime>
#include <nlohmann/json.hpp>

namespace tyto::io {
namespace {

// A JSON string, in quotes. Broken UTF-8 becomes U+FFFD. Beyond JSON's rules, DEL and the C1
// controls are escaped too, since terminals obey them.
std::string quoted(std::string_view text) {
  bool is_cut = text.size() > kLogTextBytesMax;
  std::string part(text.substr(0, kLogTextBytesMax));
  if (is_cut) part += "...";
  std::string json = nlohmann::json(std::move(part))
                         .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string safe;
  safe.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    auto byte = static_cast<unsigned char>(json[i]);
    auto next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0u;
    if (byte == 0x7f) {
      safe += "\\u007f";
    } else if (byte == 0xc2 && next >= 0x80 && next <= 0x9f) {
      safe += fmt::format("\\u{:04x}", next);
      ++i;
    } else {
      safe += json[i];
    }
  }
  return safe;
}

bool is_plain(std::string_view text) {
  if (text.empty() || text.size() > kLogTextBytesMax) return false;
  for (char c : text) {
    bool is_alphanumeric =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!is_alphanumeric && std::string_view("._:/+-@%").find(c) == std::string_view::npos)
      return false;
  }
  return true;
}

std::string timestamp(WallTime time) {
  std::tm parts{};
  std::time_t seconds = time.unix_s();
  gmtime_r(&seconds, &parts);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", parts, time.unix_ns() / 1'000'000 % 1000);
}

enum class Style { kText, kJson };

struct ValueText {
  Style style;
  std::string operator()(std::string_view text) const {
    return style == Style::kText && is_plain(text) ? std::string(text) : quoted(text);
  }
  std::string operator()(const std::string& text) const { return (*this)(std::string_view(text)); }
  std::string operator()(int64_t value) const { return fmt::to_string(value); }
  std::string operator()(uint64_t value) const { return fmt::to_string(value); }
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(double value) const {
    if (std::isfinite(value)) return fmt::format("{:.6g}", value);
    return style == Style::kText ? fmt::to_string(value) : "null";
  }
};

std::string value_text(const LogValue& value, Style style) {
  return std::visit(ValueText{style}, value.value());
}

std::string_view padded_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "DEBUG";
    case LogLevel::kInfo: return "INFO ";
    case LogLevel::kWarning: return "WARN ";
    case LogLevel::kError: return "ERROR";
    case LogLevel::kOff: break;
  }
  return "     ";
}

}  // namespace

std::string text_line(const LogLine& line) {
  std::string out = timestamp(line.time);
  out += ' ';
  out += padded_level(line.level);
  out += ' ';
  if (!line.component.empty()) out += std::string(line.component) + ' ';
  out += quoted(line.message);
  for (std::size_t i = 0; i < line.field_count; ++i) {
    std::string value = value_text(line.fields[i].value, Style::kText);
    if (out.size() + line.fields[i].key.size() + value.size() > kLogLineBytesMax - 32)
      return out + " truncated=true";
    out.append(" ").append(line.fields[i].key).append("=").append(value);
  }
  return out;
}

std::string json_line(const LogLine& line) {
  std::string out = "{\"time\":\"" + timestamp(line.time) + "\",\"level\":\"";
  out += log_level_name(line.level);
  out += '"';
  if (!line.component.empty()) out += ",\"component\":" + quoted(line.component);
  out += ",\"message\":" + quoted(line.message);
  for (std::size_t i = 0; i < line.field_count; ++i) {
    std::string value = value_text(line.fields[i].value, Style::kJson);
    if (out.size() + line.fields[i].key.size() + value.size() > kLogLineBytesMax - 32)
      return out + ",\"truncated\":true}";
    out.append(",\"").append(line.fields[i].key).append("\":").append(value);
  }
  return out + "}";
}

}  // namespace tyto::io
