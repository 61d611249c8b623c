#include "peer/origin/http_range_read.h"

#include "base/names.h"
#include "peer/origin/http_rules.h"
#include "peer/transfer/failure.h"

namespace tyto::peer {

RangeRead::RangeRead(HttpShared& shared, ChunkRead& read, Owner& owner)
    : shared_(shared),
      read_(read),
      owner_(owner),
      backoff_(shared.options.backoff),
      timer_(shared.loop) {}

void RangeRead::attempt() {
  received_before_ = read_.assembly->received_bytes();
  ByteRange range{read_.begin() + received_before_, read_.end()};
  exchange_ = std::make_unique<Exchange>(
      shared_, RequestGate::Kind::kRead,
      object_request(*read_.fetch.facts, read_.fetch.patience, range), *this);
}

void RangeRead::on_head(const io::HttpResponseHead& head) {
  ByteRange asked{read_.begin() + received_before_, read_.end()};
  Judgement judgement = judge(head, *read_.fetch.facts, asked);
  switch (judgement.verdict) {
    case Verdict::kPart: return owner_.ranges_work(read_);
    case Verdict::kWhole: return owner_.whole_object_came(read_, std::move(exchange_));
    case Verdict::kRetry: return retry(judgement.detail, judgement.retry_after);
    case Verdict::kFail: break;
  }
  exchange_.reset();
  owner_.ended(read_, {std::nullopt, judgement.kind, std::move(judgement.detail)});
}

io::HttpFlow RangeRead::on_data(std::span<const std::byte> bytes) {
  shared_.stats.bytes_read += bytes.size();
  if (bytes.size() > read_.assembly->missing_bytes()) {
    retry(printable(read_.fetch.facts->origin.url) + " sent more bytes than asked for", {});
    return io::HttpFlow::kMore;
  }
  if (auto taken = read_.assembly->append(bytes); !taken) {
    exchange_.reset();
    owner_.ended(read_, {std::nullopt, failure_of_assembly(taken.error()), taken.error().message});
    return io::HttpFlow::kMore;
  }
  owner_.progressed(read_);
  return io::HttpFlow::kMore;
}

void RangeRead::on_done(Result<void> result) {
  if (read_.assembly->missing_bytes() == 0)
    exchange_->completed(read_.assembly->chunk_bytes() - received_before_);
  exchange_.reset();
  if (read_.assembly->missing_bytes() == 0) return owner_.ended(read_, finish_read(read_));
  if (!result && (result.error().code == ErrorCode::kInvalidArgument ||
                  result.error().code == ErrorCode::kDenied))
    return owner_.ended(read_, {std::nullopt, FailureKind::kOriginFailed, result.error().message});
  retry(result ? printable(read_.fetch.facts->origin.url) + ": the answer ended early"
               : result.error().message,
        {});
}

void RangeRead::retry(const std::string& why, std::optional<Duration> retry_after) {
  exchange_.reset();
  if (read_.assembly->received_bytes() >= received_before_ + kBlockBytes) backoff_.reset();
  auto wait = backoff_.next(shared_.rng, retry_after);
  if (!wait)
    return owner_.ended(
        read_, {std::nullopt, FailureKind::kOriginFailed,
                why + "; given up after " + std::to_string(backoff_.failed()) + " attempts"});
  ++shared_.stats.retries;
  timer_.start_after(*wait, [this] { attempt(); });
  owner_.ranges_work(read_);
}

}  // namespace tyto::peer
