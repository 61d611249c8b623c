#include "peer/origin/http_rules.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>

#include "base/limits.h"
#include "base/names.h"

namespace tyto::peer {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

template <class Number>
std::optional<Number> decimal(std::string_view text) {
  Number value = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Judgement fail(FailureKind kind, std::string detail) {
  return {Verdict::kFail, kind, std::move(detail), std::nullopt};
}

Judgement changed(const VersionFacts& facts, const std::string& how) {
  return fail(FailureKind::kOriginChanged,
              printable(facts.origin.url) + " is not the version that was looked up: " + how);
}

// Nothing if the answer's validators are those of the pin.
std::optional<Judgement> check_validators(const io::HttpResponseHead& head,
                                          const VersionFacts& facts) {
  const OriginPin& pin = facts.origin;
  if (!pin.etag.empty()) {
    std::string_view etag = head.headers.get("ETag");
    if (etag == pin.etag) return std::nullopt;
    return changed(facts, "its ETag is " + (etag.empty() ? "not told" : printable(etag)) +
                              ", expected " + printable(pin.etag));
  }
  if (!pin.modified) return std::nullopt;
  std::string_view text = head.headers.get("Last-Modified");
  if (auto modified = parse_http_date(text); modified && *modified == *pin.modified)
    return std::nullopt;
  return changed(facts, "its Last-Modified is " + (text.empty() ? "not told" : printable(text)) +
                            ", expected " + http_date(*pin.modified));
}

Judgement judge_part(const io::HttpResponseHead& head, const VersionFacts& facts,
                     const ByteRange& asked) {
  std::string url = printable(facts.origin.url);
  auto content = parse_content_range(head.headers.get("Content-Range"));
  if (!content)
    return fail(FailureKind::kOriginFailed, url + " answered 206 without a good Content-Range");
  if (content->total && *content->total != facts.chunking.object_bytes)
    return changed(facts, "it has " + std::to_string(*content->total) + " bytes, expected " +
                              std::to_string(facts.chunking.object_bytes));
  const ByteRange& range = content->range;
  bool fits = range.begin == asked.begin && range.end > range.begin && range.end <= asked.end;
  if (fits && head.content_length && *head.content_length != range.end - range.begin) fits = false;
  if (!fits)
    return {Verdict::kRetry, FailureKind::kOriginFailed,
            url + " answered with another range or length than asked for", std::nullopt};
  if (auto wrong = check_validators(head, facts)) return *wrong;
  return {Verdict::kPart, {}, {}, std::nullopt};
}

Judgement judge_whole(const io::HttpResponseHead& head, const VersionFacts& facts) {
  if (auto wrong = check_validators(head, facts)) return *wrong;
  if (head.content_length && *head.content_length != facts.chunking.object_bytes)
    return changed(facts, "it has " + std::to_string(*head.content_length) + " bytes, expected " +
                              std::to_string(facts.chunking.object_bytes));
  return {Verdict::kWhole, {}, {}, std::nullopt};
}

}  // namespace

std::string strong_etag(std::string_view header) {
  bool is_strong = header.size() >= 2 && header.size() <= kEtagBytesMax && header.front() == '"' &&
                   header.back() == '"';
  if (!is_strong) return {};
  for (char c : header)
    if (static_cast<unsigned char>(c) < 0x21 || c == 0x7f) return {};
  if (header.substr(1, header.size() - 2).find('"') != std::string_view::npos) return {};
  return std::string(header);
}

std::optional<WallTime> parse_http_date(std::string_view text) {
  // "Sun, 06 Nov 1994 08:49:37 GMT"
  if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" ||
      text[7] != ' ' || text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
    return std::nullopt;
  std::tm parts{};
  parts.tm_mon = -1;
  for (std::size_t i = 0; i < kMonths.size(); ++i)
    if (text.substr(8, 3) == kMonths[i]) parts.tm_mon = static_cast<int>(i);
  auto day = decimal<int>(text.substr(5, 2));
  auto year = decimal<int>(text.substr(12, 4));
  auto hour = decimal<int>(text.substr(17, 2));
  auto minute = decimal<int>(text.substr(20, 2));
  auto second = decimal<int>(text.substr(23, 2));
  if (!day || !year || !hour || !minute || !second || parts.tm_mon < 0) return std::nullopt;
  if (*day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60 || *year < 1970)
    return std::nullopt;
  parts.tm_mday = *day;
  parts.tm_year = *year - 1900;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  int64_t seconds = ::timegm(&parts);
  // Years that nanoseconds in 64 bits cannot hold (2262 on) are no modification times.
  if (seconds > 9'000'000'000) return std::nullopt;
  return WallTime::from_unix_s(seconds);
}

std::string http_date(WallTime time) {
  std::time_t seconds = time.unix_s();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays[static_cast<std::size_t>(parts.tm_wday)].data(), parts.tm_mday,
                kMonths[static_cast<std::size_t>(parts.tm_mon)].data(), parts.tm_year + 1900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text;
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  if (!text.starts_with(kUnit)) return std::nullopt;
  text.remove_prefix(kUnit.size());
  std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange content;
  if (std::string_view total = text.substr(slash + 1); total != "*") {
    content.total = decimal<uint64_t>(total);
    if (!content.total) return std::nullopt;
  }
  std::string_view range = text.substr(0, slash);
  if (range == "*") return content;
  std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto first = decimal<uint64_t>(range.substr(0, dash));
  auto last = decimal<uint64_t>(range.substr(dash + 1));
  if (!first || !last || *last < *first || *last >= kObjectBytesMax) return std::nullopt;
  content.range = {*first, *last + 1};
  return content;
}

std::optional<Duration> parse_retry_after(std::string_view text) {
  auto seconds = decimal<uint32_t>(text);
  if (!seconds) return std::nullopt;
  return Duration::seconds(*seconds);
}

void add_conditions(io::HttpHeaders& headers, const OriginPin& pin) {
  if (!pin.etag.empty())
    headers.add("If-Match", pin.etag);
  else if (pin.modified)
    headers.add("If-Unmodified-Since", http_date(*pin.modified));
}

bool is_passing_status(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status <= 599);
}

Judgement judge(const io::HttpResponseHead& head, const VersionFacts& facts,
                std::optional<ByteRange> asked) {
  std::string url = printable(facts.origin.url);
  std::string answered = url + " answered " + std::to_string(head.status);
  std::string_view encoding = head.headers.get("Content-Encoding");
  bool is_encoded = !encoding.empty() && !io::equal_ignoring_case(encoding, "identity");
  if (is_encoded && (head.status == 200 || head.status == 206))
    return fail(FailureKind::kOriginFailed,
                url + " is sent with Content-Encoding " + printable(encoding) +
                    " though identity was asked for; turn that off at the origin");
  if (head.status == 206 && asked) return judge_part(head, facts, *asked);
  if (head.status == 200) return judge_whole(head, facts);
  if (head.status == 404 || head.status == 410)
    return fail(FailureKind::kOriginMissing, answered + ": the object is gone");
  if (head.status == 412) return changed(facts, "412 Precondition Failed");
  if (head.status == 416) return changed(facts, "it is too short for the range asked for (416)");
  if (is_passing_status(head.status))
    return {Verdict::kRetry, FailureKind::kOriginFailed, answered,
            parse_retry_after(head.headers.get("Retry-After"))};
  return fail(FailureKind::kOriginFailed, answered);
}

}  // namespace tyto::peer
