#include "tests/support/faulty_origin.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/assert.h"
#include "peer/origin/http_rules.h"

namespace tyto::support {
namespace {

struct Wanted {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// "bytes=a-b" within an object of `size` bytes; nothing if it is not that.
std::optional<Wanted> wanted_range(std::string_view text, uint64_t size) {
  if (!text.starts_with("bytes=")) return std::nullopt;
  text.remove_prefix(6);
  Wanted wanted;
  auto first = std::from_chars(text.data(), text.data() + text.size(), wanted.begin);
  if (first.ec != std::errc{} || *first.ptr != '-') return std::nullopt;
  auto last = std::from_chars(first.ptr + 1, text.data() + text.size(), wanted.end);
  if (last.ec != std::errc{}) return std::nullopt;
  wanted.end = std::min(wanted.end + 1, size);
  return wanted;
}

}  // namespace

FaultyOrigin::FaultyOrigin(io::Loop& loop, std::string object_bytes)
    : bytes(std::move(object_bytes)) {
  io::HttpServerOptions options;
  options.bind = {"127.0.0.1", 0};
  options.queue_bytes_max = 1;  // so that on_room tells when all has gone to the kernel
  auto server = io::HttpServer::listen(loop, options);
  TYTO_ASSERT(server.ok());
  server_ = std::move(server).value();
  server_->route("GET", "/", [this](io::HttpRequest request, auto responder) {
    answer(request, std::move(responder));
  });
}

uint16_t FaultyOrigin::port() const {
  return server_->bound().port;
}

std::string FaultyOrigin::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port()) + path;
}

OriginPin FaultyOrigin::pin(const std::string& path) const {
  return {url(path), peer::strong_etag(etag), peer::parse_http_date(last_modified)};
}

io::HttpHeaders FaultyOrigin::object_headers() const {
  io::HttpHeaders headers;
  if (!faults.hides_accept_ranges)
    headers.add("Accept-Ranges", faults.lacks_ranges ? "none" : "bytes");
  if (!faults.hides_validators && !etag.empty()) headers.add("ETag", etag);
  if (!faults.hides_validators && !last_modified.empty())
    headers.add("Last-Modified", last_modified);
  if (!faults.content_encoding.empty()) headers.add("Content-Encoding", faults.content_encoding);
  return headers;
}

bool FaultyOrigin::is_condition_met(const io::HttpRequest& request) const {
  if (faults.ignores_conditions) return true;
  if (auto* match = request.headers.find("If-Match")) return *match == etag;
  auto* unmodified = request.headers.find("If-Unmodified-Since");
  return unmodified == nullptr || *unmodified == last_modified;
}

void FaultyOrigin::answer(const io::HttpRequest& request,
                          std::shared_ptr<io::HttpResponder> responder) {
  bool is_head = request.method == "HEAD";
  ++(is_head ? heads : gets);
  if (!is_head) requests.push_back(request.headers);
  if (!is_head && before_get) before_get(gets);
  if (faults.fail_first > 0) {
    --faults.fail_first;
    io::HttpHeaders headers;
    if (!faults.retry_after.empty()) headers.add("Retry-After", faults.retry_after);
    return responder->reply(faults.fail_status, headers, "no\n");
  }
  if (is_head && faults.refuses_head) return responder->reply(405, "text/plain", "no\n");
  if (!faults.redirect_to.empty())
    return responder->reply(302, {{"Location", faults.redirect_to}}, "");
  if (!is_condition_met(request)) return responder->reply(412, "text/plain", "changed\n");
  auto headers = object_headers();
  if (is_head) {
    std::optional<uint64_t> length = bytes.size();
    if (faults.hides_length) length.reset();
    responder->start(200, headers, length);
    return responder->finish();
  }
  auto range =
      faults.lacks_ranges ? std::nullopt : wanted_range(request.headers.get("Range"), bytes.size());
  if (!range) return send_body(std::move(responder), 200, headers, 0, bytes.size());
  if (range->begin >= range->end) {
    headers.add("Content-Range", "bytes */" + std::to_string(bytes.size()));
    return responder->reply(416, headers, "");
  }
  headers.add("Content-Range", "bytes " + std::to_string(range->begin) + "-" +
                                   std::to_string(range->end - 1) + "/" +
                                   std::to_string(bytes.size()));
  send_body(std::move(responder), 206, headers, range->begin, range->end);
}

void FaultyOrigin::send_body(std::shared_ptr<io::HttpResponder> responder, int status,
                             io::HttpHeaders headers, uint64_t begin, uint64_t end) {
  uint64_t send = end - begin;
  bool is_cut = faults.cut_after && faults.cut_times > 0;
  bool is_stalled = faults.stall_after && faults.stall_times > 0;
  if (is_cut) {
    --faults.cut_times;
    send = std::min(send, *faults.cut_after);
  }
  if (is_stalled) {
    --faults.stall_times;
    send = std::min(send, *faults.stall_after);
  }
  at_once_max = std::max(at_once_max, ++at_once);
  responder->on_sent([this] { --at_once; });
  responder->on_gone([this] { --at_once; });
  std::optional<uint64_t> length = end - begin;
  if (faults.hides_length || faults.surplus_bytes > 0) length.reset();
  responder->start(status, headers, length);
  auto body = std::make_shared<std::string>(bytes.substr(begin, send));
  body->append(faults.surplus_bytes, 'x');
  body_bytes += body->size();
  auto rest = std::as_bytes(std::span(body->data(), body->size()));
  if (send == end - begin) {
    responder->write(rest, body);
    return responder->finish();
  }
  stalled_.push_back(responder);
  if (is_cut)
    responder->on_room([weak = std::weak_ptr(responder)] {
      if (auto cut = weak.lock()) cut->finish();  // bytes are missing: cuts the connection
    });
  if (responder->write(rest, body) == io::HttpResponder::Room::kMore && is_cut) responder->finish();
}

}  // namespace tyto::support
