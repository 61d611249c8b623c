// Chunks by range requests.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "io/loop/timer.h"
#include "peer/origin/backoff.h"
#include "peer/origin/http_exchange.h"

namespace tyto::peer {

// Asks for what is missing of a chunk, or of a run of them that follow on one another, until it is
// there, or attempts run out. A run is one request; after a fault, or if a chunk is taken out of
// it, what is left is asked for by another.
//
// Threads: confined to the loop. Ownership: borrows the reads, until they end or are removed.
class RangeRead final : public ResponseHandler, public std::enable_shared_from_this<RangeRead> {
 public:
  // What comes of it. Each may take reads out, and give the RangeRead up.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The origin knows ranges (a first 206 came), or the first attempt told nothing of it.
    virtual void ranges_work(ChunkRead& read) = 0;
    // The origin answered with the whole object; `exchange` is about to deliver it. The reads are
    // no longer part of this.
    virtual void whole_object_came(const std::vector<ChunkRead*>& reads,
                                   std::unique_ptr<Exchange> exchange) = 0;
    virtual void progressed(ChunkRead& read) = 0;
    // `read` is no longer part of this.
    virtual void ended(ChunkRead& read, Outcome outcome) = 0;
  };

  RangeRead(HttpShared& shared, ChunkRead& read, Owner& owner);
  void start();
  // Requires: can_add(), and it is of the version, and follows on the last one.
  void add(ChunkRead& read) { reads_.push_back(&read); }
  // Nothing was asked for yet.
  bool can_add() const { return !has_started_ && !reads_.empty(); }
  // The chunk after its last one, as a chunk of this version. Requires: can_add().
  bool is_followed_by(const ChunkRead& read) const;
  // The read is of no interest any more; those that are left go on.
  void remove(const ChunkRead& read);

  void on_head(const io::HttpResponseHead& head) override;
  io::HttpFlow on_data(std::span<const std::byte> bytes) override;
  void on_done(Result<void> result) override;

 private:
  void attempt();
  void retry(const std::string& why, std::optional<Duration> retry_after);
  void end_all(FailureKind kind, const std::string& detail);
  void end_front(Outcome outcome);
  ByteRange missing() const;

  HttpShared& shared_;
  Owner& owner_;
  std::deque<ChunkRead*> reads_;  // not ended; the first is the one that bytes are for
  bool has_started_ = false;
  ByteRange asked_{};      // by the attempt under way
  uint64_t received_ = 0;  // bytes of that
  Backoff backoff_;
  io::Timer timer_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace tyto::peer
