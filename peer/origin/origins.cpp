#include "peer/origin/origins.h"

#include <utility>

#include "base/names.h"
#include "io/loop/loop.h"

namespace tyto::peer {
namespace {

// The readers number their fetches each from 1; the two lowest bits tell them apart here.
constexpr int kKindBits = 2;
constexpr uint64_t kKindMask = 3;
constexpr uint64_t kFile = 0;
constexpr uint64_t kHttp = 1;
constexpr uint64_t kNone = 2;

std::string unsupported(const std::string& url) {
  return "no origin reader for \"" + printable(url) +
         "\": expected a URL that begins with file://, http:// or https://";
}

bool is_http(const std::string& url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

}  // namespace

Origins::Origins(io::Loop& loop, OriginsOptions options)
    : loop_(loop),
      alive_(std::make_shared<int>(0)),
      file_(std::make_unique<FileOrigin>(loop, std::move(options.file))),
      http_(std::make_unique<HttpOrigin>(loop, std::move(options.http))) {}

Origins::~Origins() = default;

OriginReader* Origins::reader_of(const std::string& url) {
  if (url.starts_with("file:")) return file_.get();
  if (is_http(url)) return http_.get();
  return nullptr;
}

template <class Call>
void Origins::post(Call call) {
  loop_.post([watch = std::weak_ptr<int>(alive_), call = std::move(call)] {
    if (!watch.expired()) call();
  });
}

void Origins::resolve(const std::string& url, Resolved resolved) {
  if (OriginReader* reader = reader_of(url)) return reader->resolve(url, std::move(resolved));
  ++failures_;
  post([url, resolved = std::move(resolved)] {
    resolved({ErrorCode::kUnsupported, unsupported(url)});
  });
}

uint64_t Origins::fetch(OriginFetch fetch, std::unique_ptr<ChunkWriter> writer,
                        TransferEvents events) {
  const std::string url = fetch.facts->origin.url;
  if (OriginReader* reader = reader_of(url)) {
    uint64_t id = reader->fetch(std::move(fetch), std::move(writer), std::move(events));
    return id << kKindBits | (is_http(url) ? kHttp : kFile);
  }
  return refuse(url, std::move(events));
}

uint64_t Origins::refuse(const std::string& url, TransferEvents events) {
  uint64_t id = ++failures_ << kKindBits | kNone;
  refused_.insert(id);
  post([this, id, url, events = std::move(events)] {
    if (refused_.erase(id) == 0) return;  // cancelled
    if (events.failed) events.failed(FailureKind::kOriginFailed, 0, unsupported(url));
  });
  return id;
}

void Origins::cancel(uint64_t fetch) {
  switch (fetch & kKindMask) {
    case kFile: file_->cancel(fetch >> kKindBits); break;
    case kHttp: http_->cancel(fetch >> kKindBits); break;
    default: refused_.erase(fetch); break;
  }
}

OriginStats Origins::stats() const {
  OriginStats file = file_->stats();
  OriginStats http = http_->stats();
  return {file.bytes_read + http.bytes_read, file.requests + http.requests,
          file.retries + http.retries, file.failures + http.failures + failures_};
}

}  // namespace tyto::peer
