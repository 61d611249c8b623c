#include "peer/origin/http_range_read.h"

#include <algorithm>
#include <utility>

#include "base/names.h"
#include "peer/origin/http_rules.h"
#include "peer/transfer/failure.h"

namespace tyto::peer {

RangeRead::RangeRead(HttpShared& shared, ChunkRead& read, Owner& owner)
    : shared_(shared),
      owner_(owner),
      reads_{&read},
      backoff_(shared.options.backoff),
      timer_(shared.loop) {}

void RangeRead::start() {
  has_started_ = true;
  if (!reads_.empty()) attempt();
}

bool RangeRead::is_followed_by(const ChunkRead& read) const {
  const OriginFetch& last = reads_.back()->fetch;
  return last.run > 1 && last.facts->id == read.fetch.facts->id &&
         last.chunk.value() + 1 == read.fetch.chunk.value() && last.run == read.fetch.run + 1;
}

// Up to the first gap that a chunk left which was taken out.
ByteRange RangeRead::missing() const {
  ByteRange range{reads_.front()->begin() + reads_.front()->assembly->received_bytes(),
                  reads_.front()->end()};
  for (std::size_t i = 1; i < reads_.size() && reads_[i]->begin() == range.end; ++i)
    range.end = reads_[i]->end();
  return range;
}

void RangeRead::attempt() {
  asked_ = missing();
  received_ = 0;
  const OriginFetch& first = reads_.front()->fetch;
  exchange_ =
      std::make_unique<Exchange>(shared_, RequestGate::Kind::kRead,
                                 object_request(*first.facts, first.patience, asked_), *this);
}

void RangeRead::remove(const ChunkRead& read) {
  auto it = std::find(reads_.begin(), reads_.end(), &read);
  if (it == reads_.end()) return;
  bool is_asked_for = exchange_ != nullptr && read.begin() < asked_.end;
  reads_.erase(it);
  if (reads_.empty()) {
    exchange_.reset();
    timer_.cancel();
  } else if (is_asked_for) {
    exchange_.reset();
    attempt();
  }
}

void RangeRead::on_head(const io::HttpResponseHead& head) {
  auto self = shared_from_this();  // outlives what its owner does meanwhile
  ChunkRead& front = *reads_.front();
  Judgement judgement = judge(head, *front.fetch.facts, asked_);
  switch (judgement.verdict) {
    case Verdict::kPart: return owner_.ranges_work(front);
    case Verdict::kWhole: {
      std::vector<ChunkRead*> reads(reads_.begin(), reads_.end());
      reads_.clear();
      return owner_.whole_object_came(reads, std::move(exchange_));
    }
    case Verdict::kRetry: return retry(judgement.detail, judgement.retry_after);
    case Verdict::kFail: break;
  }
  exchange_.reset();
  end_all(judgement.kind, judgement.detail);
}

io::HttpFlow RangeRead::on_data(std::span<const std::byte> bytes) {
  auto self = shared_from_this();
  shared_.stats.bytes_read += bytes.size();
  if (bytes.size() > asked_.end - asked_.begin - received_) {
    retry(printable(reads_.front()->fetch.facts->origin.url) + " sent more bytes than asked for",
          {});
    return io::HttpFlow::kMore;
  }
  received_ += bytes.size();
  while (!bytes.empty()) {
    ChunkRead& front = *reads_.front();
    std::size_t part = std::min<std::size_t>(bytes.size(), front.assembly->missing_bytes());
    if (auto taken = front.assembly->append(bytes.first(part)); !taken) {
      exchange_.reset();
      end_front({std::nullopt, failure_of_assembly(taken.error()), taken.error().message});
      if (!reads_.empty()) attempt();
      return io::HttpFlow::kMore;
    }
    bytes = bytes.subspan(part);
    owner_.progressed(front);
    // Progress may have had reads taken out, and the rest asked for anew.
    if (exchange_ == nullptr || received_ == 0) return io::HttpFlow::kMore;
    // The last one ends with the answer, so that its request is over by then.
    bool is_last = front.end() == asked_.end;
    if (front.assembly->missing_bytes() == 0 && !is_last) end_front(finish_read(front));
  }
  return io::HttpFlow::kMore;
}

void RangeRead::on_done(Result<void> result) {
  auto self = shared_from_this();
  ChunkRead& front = *reads_.front();
  bool is_whole = received_ == asked_.end - asked_.begin;
  if (is_whole) exchange_->completed(received_);
  exchange_.reset();
  if (is_whole) {
    end_front(finish_read(front));
    if (!reads_.empty()) attempt();
    return;
  }
  if (!result && (result.error().code == ErrorCode::kInvalidArgument ||
                  result.error().code == ErrorCode::kDenied))
    return end_all(FailureKind::kOriginFailed, result.error().message);
  retry(result ? printable(front.fetch.facts->origin.url) + ": the answer ended early"
               : result.error().message,
        {});
}

void RangeRead::retry(const std::string& why, std::optional<Duration> retry_after) {
  exchange_.reset();
  if (received_ >= kBlockBytes) backoff_.reset();
  auto wait = backoff_.next(shared_.rng, retry_after);
  if (!wait)
    return end_all(FailureKind::kOriginFailed,
                   why + "; given up after " + std::to_string(backoff_.failed()) + " attempts");
  ++shared_.stats.retries;
  timer_.start_after(*wait, [this] { attempt(); });
  owner_.ranges_work(*reads_.front());
}

void RangeRead::end_front(Outcome outcome) {
  ChunkRead& front = *reads_.front();
  reads_.pop_front();
  owner_.ended(front, std::move(outcome));
}

void RangeRead::end_all(FailureKind kind, const std::string& detail) {
  while (!reads_.empty()) end_front({std::nullopt, kind, detail});
}

}  // namespace tyto::peer
