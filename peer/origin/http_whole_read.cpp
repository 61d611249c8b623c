#include "peer/origin/http_whole_read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/names.h"
#include "peer/origin/file_read.h"
#include "peer/origin/http_rules.h"
#include "peer/transfer/failure.h"

namespace tyto::peer {
namespace {

// A file that nobody else sees and that is gone with its descriptor; -1 with errno on failure.
int open_nameless(const std::string& dir) {
  int fd = ::open(dir.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR)) return fd;
  std::string path = dir + "/tyto-spool-XXXXXX";  // file systems without O_TMPFILE
  fd = ::mkostemp(path.data(), O_CLOEXEC);
  if (fd >= 0) ::unlink(path.c_str());
  return fd;
}

}  // namespace

WholeRead::WholeRead(HttpShared& shared, VersionFactsRef facts, Duration patience, Owner& owner)
    : shared_(shared),
      facts_(std::move(facts)),
      patience_(patience),
      owner_(owner),
      backoff_(shared.options.backoff),
      timer_(shared.loop),
      use_timer_(shared.loop) {}

WholeRead::~WholeRead() {
  if (spool_ < 0) return;
  ::close(spool_);
  shared_.spool_bytes -= facts_->chunking.object_bytes;
}

Result<std::unique_ptr<WholeRead>> WholeRead::create(HttpShared& shared, VersionFactsRef facts,
                                                     Duration patience, Owner& owner) {
  std::unique_ptr<WholeRead> whole(new WholeRead(shared, std::move(facts), patience, owner));
  if (auto opened = whole->open_spool(); !opened) return opened.error();
  whole->watch_use();
  return whole;
}

Result<void> WholeRead::open_spool() {
  uint64_t bytes = facts_->chunking.object_bytes;
  std::string why = printable(facts_->origin.url) + " is behind an origin without ranges, so its " +
                    std::to_string(bytes) + " bytes are spooled in " + shared_.options.spool_dir;
  if (bytes > shared_.options.spool_bytes_max -
                  std::min(shared_.options.spool_bytes_max, shared_.spool_bytes))
    return {ErrorCode::kNoSpace, why + ", where the limit is " +
                                     std::to_string(shared_.options.spool_bytes_max) +
                                     " bytes: raise it, or mend the origin"};
  spool_ = open_nameless(shared_.options.spool_dir);
  if (spool_ < 0) return {ErrorCode::kNoSpace, why + ": " + std::strerror(errno)};
  shared_.spool_bytes += bytes;
  return {};
}

void WholeRead::start() {
  position_ = 0;
  spooled_before_ = spooled_;
  exchange_ = std::make_unique<Exchange>(shared_, RequestGate::Kind::kOther,
                                         object_request(*facts_, patience_, std::nullopt), *this);
}

void WholeRead::adopt(std::unique_ptr<Exchange> exchange) {
  exchange_ = std::move(exchange);
  exchange_->hand_to(*this);
}

void WholeRead::add(ChunkRead& read) {
  reads_.emplace(read.id, Serving{&read});
  serve_ready();
}

void WholeRead::remove(uint64_t read) {
  reads_.erase(read);
  watch_use();
}

void WholeRead::watch_use() {
  if (!reads_.empty()) return;
  use_timer_.start_after(shared_.options.spool_kept, [this] {
    if (reads_.empty()) owner_.unused(facts_->id);
  });
}

void WholeRead::on_head(const io::HttpResponseHead& head) {
  Judgement judgement = judge(head, *facts_, std::nullopt);
  if (judgement.verdict == Verdict::kWhole) return;
  if (judgement.verdict == Verdict::kRetry) return retry(judgement.detail, judgement.retry_after);
  break_off(judgement.kind, judgement.detail);
}

io::HttpFlow WholeRead::on_data(std::span<const std::byte> bytes) {
  shared_.stats.bytes_read += bytes.size();
  if (bytes.size() > facts_->chunking.object_bytes - position_) {
    break_off(FailureKind::kOriginChanged,
              printable(facts_->origin.url) + " is longer than when it was looked up");
    return io::HttpFlow::kMore;
  }
  uint64_t passed = std::min<uint64_t>(bytes.size(), spooled_ - position_);
  position_ += bytes.size();
  bytes = bytes.subspan(passed);
  while (!bytes.empty()) {
    ssize_t put = ::pwrite(spool_, bytes.data(), bytes.size(), static_cast<off_t>(spooled_));
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      break_off(FailureKind::kNoSpace, "the spool in " + shared_.options.spool_dir +
                                           " cannot be written: " + std::strerror(errno));
      return io::HttpFlow::kMore;
    }
    spooled_ += static_cast<uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  serve_ready();
  return io::HttpFlow::kMore;
}

void WholeRead::on_done(Result<void> result) {
  exchange_.reset();
  if (spooled_ == facts_->chunking.object_bytes) return;
  if (!result && (result.error().code == ErrorCode::kInvalidArgument ||
                  result.error().code == ErrorCode::kDenied))
    return break_off(FailureKind::kOriginFailed, result.error().message);
  retry(
      result ? printable(facts_->origin.url) + ": the answer ended early" : result.error().message,
      {});
}

void WholeRead::retry(const std::string& why, std::optional<Duration> retry_after) {
  exchange_.reset();
  if (spooled_ >= spooled_before_ + kBlockBytes) backoff_.reset();
  auto wait = backoff_.next(shared_.rng, retry_after);
  if (!wait)
    return break_off(FailureKind::kOriginFailed,
                     why + "; given up after " + std::to_string(backoff_.failed()) + " attempts");
  ++shared_.stats.retries;
  timer_.start_after(*wait, [this] { start(); });
}

// Every read fails; what was spooled is of no more use, since its rest cannot be had.
void WholeRead::break_off(FailureKind kind, const std::string& detail) {
  exchange_.reset();
  timer_.cancel();
  is_broken_ = true;
  while (!reads_.empty()) end(reads_.begin()->first, {std::nullopt, kind, detail});
  use_timer_.start_after(Duration{}, [this] { owner_.unused(facts_->id); });
}

void WholeRead::serve_ready() {
  for (auto& [id, serving] : reads_) {
    if (serving.has_begun || serving.read->end() > spooled_) continue;
    serving.has_begun = true;
    post_slice(id);
  }
}

void WholeRead::post_slice(uint64_t read) {
  shared_.loop.post([this, alive = std::weak_ptr<int>(alive_), read] {
    if (!alive.expired()) serve_slice(read);
  });
}

void WholeRead::serve_slice(uint64_t id) {
  auto it = reads_.find(id);
  if (it == reads_.end()) return;
  ChunkRead& read = *it->second.read;
  ChunkAssembly& assembly = *read.assembly;
  std::vector<std::byte> buffer(std::min(kReadBytesMax, assembly.missing_bytes()));
  auto from = static_cast<off_t>(read.begin() + assembly.received_bytes());
  ssize_t got = ::pread(spool_, buffer.data(), buffer.size(), from);
  if (got <= 0 && !(got < 0 && errno == EINTR))
    return end(id, {std::nullopt, FailureKind::kInternal, "the spool cannot be read"});
  if (got > 0) {
    auto taken = assembly.append(std::span(buffer).first(static_cast<std::size_t>(got)));
    if (!taken)
      return end(id, {std::nullopt, failure_of_assembly(taken.error()), taken.error().message});
    if (assembly.missing_bytes() == 0) return end(id, finish_read(read));
  }
  post_slice(id);
  owner_.progressed(read);
}

void WholeRead::end(uint64_t id, Outcome outcome) {
  auto node = reads_.extract(id);
  if (node.empty()) return;
  watch_use();
  owner_.ended(*node.mapped().read, std::move(outcome));
}

}  // namespace tyto::peer
