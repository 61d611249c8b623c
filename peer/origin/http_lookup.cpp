#include "peer/origin/http_lookup.h"

#include <charconv>

#include "base/names.h"
#include "peer/origin/http_rules.h"

namespace tyto::peer {
namespace {

constexpr int kRedirectsMax = 5;

std::optional<uint64_t> length_of(const io::HttpResponseHead& head) {
  std::string_view text = head.headers.get("Content-Length");
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Whether a server that answers HEAD so may answer GET otherwise.
bool refuses_head(int status) {
  return status == 400 || status == 403 || status == 405 || status == 501;
}

}  // namespace

HttpLookup::HttpLookup(HttpShared& shared, std::string url, Ended ended)
    : shared_(shared),
      url_(std::move(url)),
      ended_(std::move(ended)),
      backoff_(shared.options.backoff),
      retry_timer_(shared.loop),
      deadline_timer_(shared.loop) {}

void HttpLookup::start() {
  deadline_timer_.start_after(shared_.options.resolve_within, [this] {
    std::string last = last_error_.message.empty() ? "" : "; last: " + last_error_.message;
    end({ErrorCode::kTimedOut, printable(url_) + " was not answered for within " +
                                   std::to_string(shared_.options.resolve_within.ms()) + " ms" +
                                   last});
  });
  attempt();
}

void HttpLookup::attempt() {
  io::HttpClientRequest request;
  request.url = url_;
  request.method = method_ == Method::kHead ? "HEAD" : "GET";
  request.headers.add("Accept-Encoding", "identity");
  if (method_ == Method::kGetFirstByte) request.headers.add("Range", "bytes=0-0");
  request.connect_within = Duration::seconds(5);
  request.idle_max = Duration::seconds(5);
  request.redirects_max = kRedirectsMax;
  exchange_ =
      std::make_unique<Exchange>(shared_, RequestGate::Kind::kOther, std::move(request), *this);
}

void HttpLookup::on_head(const io::HttpResponseHead& head) {
  if (method_ == Method::kHead) {
    bool is_told = head.status == 200 && length_of(head);
    if (is_told) return on_object(head, length_of(head));
    if (head.status != 200 && !refuses_head(head.status)) return on_error_status(head);
    method_ = Method::kGetFirstByte;
    return attempt();
  }
  if (head.status == 200) return on_object(head, head.content_length);
  if (head.status == 206 || head.status == 416) {
    auto content = parse_content_range(head.headers.get("Content-Range"));
    bool is_empty = content && content->total == uint64_t{0};
    if (head.status == 206 || is_empty)
      return on_object(head, content ? content->total : std::nullopt);
  }
  on_error_status(head);
}

void HttpLookup::on_object(const io::HttpResponseHead& head, std::optional<uint64_t> size) {
  if (!size)
    return end({ErrorCode::kUnsupported,
                printable(url_) + ": its origin does not tell the size, which must be known"});
  std::string_view encoding = head.headers.get("Content-Encoding");
  if (!encoding.empty() && !io::equal_ignoring_case(encoding, "identity"))
    return end({ErrorCode::kUnsupported, printable(url_) + " is sent with Content-Encoding " +
                                             printable(encoding) +
                                             "; turn that off at the origin"});
  OriginObject object;
  object.url = url_;
  object.etag = strong_etag(head.headers.get("ETag"));
  object.modified = parse_http_date(head.headers.get("Last-Modified"));
  object.size = *size;
  std::optional<bool> support;
  std::string_view accepts = head.headers.get("Accept-Ranges");
  if (head.status == 206 || io::equal_ignoring_case(accepts, "bytes")) support = true;
  if (io::equal_ignoring_case(accepts, "none")) support = false;
  if (method_ == Method::kGetFirstByte && head.status == 200 && *size > 0) support = false;
  object.accepts_ranges = support.value_or(true);
  end(std::move(object), support);
}

void HttpLookup::on_error_status(const io::HttpResponseHead& head) {
  std::string answered = printable(url_) + " answered " + std::to_string(head.status);
  switch (head.status) {
    case 404:
    case 410: return end({ErrorCode::kNotFound, answered + ": there is no such object"});
    case 401:
    case 403:
    case 407: return end({ErrorCode::kDenied, answered + ": this process may not read it"});
    default: break;
  }
  Error why{ErrorCode::kUnavailable, answered};
  if (!is_passing_status(head.status)) return end(why);
  retry(std::move(why), parse_retry_after(head.headers.get("Retry-After")));
}

io::HttpFlow HttpLookup::on_data(std::span<const std::byte> bytes) {
  shared_.stats.bytes_read += bytes.size();
  return io::HttpFlow::kMore;
}

void HttpLookup::on_done(Result<void> result) {
  if (result) return end({ErrorCode::kInternal, printable(url_) + ": an answer without a head"});
  Error why = result.error();
  if (why.code == ErrorCode::kUnavailable || why.code == ErrorCode::kTimedOut ||
      why.code == ErrorCode::kCorrupt)
    return retry(std::move(why), std::nullopt);
  end(std::move(why));
}

void HttpLookup::retry(Error why, std::optional<Duration> retry_after) {
  exchange_.reset();
  auto wait = backoff_.next(shared_.rng, retry_after);
  if (!wait) {
    why.message += "; given up after " + std::to_string(backoff_.failed()) + " attempts";
    return end(std::move(why));
  }
  last_error_ = std::move(why);
  ++shared_.stats.retries;
  retry_timer_.start_after(*wait, [this] { attempt(); });
}

void HttpLookup::end(Result<OriginObject> result, std::optional<bool> support) {
  exchange_.reset();
  retry_timer_.cancel();
  deadline_timer_.cancel();
  auto ended = std::move(ended_);
  ended(std::move(result), support);
}

}  // namespace tyto::peer
