// One chunk by range requests.
#pragma once

#include <memory>

#include "io/loop/timer.h"
#include "peer/origin/backoff.h"
#include "peer/origin/http_exchange.h"

namespace tyto::peer {

// Asks for what is missing of a chunk until it is there, or attempts run out.
//
// Threads: confined to the loop. Ownership: borrows the read, which outlives it.
class RangeRead final : public ResponseHandler {
 public:
  // What comes of it. Each may destroy the RangeRead.
  class Owner {
   public:
    virtual ~Owner() = default;
    // The origin knows ranges (a first 206 came), or the first attempt told nothing of it.
    virtual void ranges_work(ChunkRead& read) = 0;
    // The origin answered with the whole object; `exchange` is about to deliver it.
    virtual void whole_object_came(ChunkRead& read, std::unique_ptr<Exchange> exchange) = 0;
    virtual void progressed(ChunkRead& read) = 0;
    virtual void ended(ChunkRead& read, Outcome outcome) = 0;
  };

  RangeRead(HttpShared& shared, ChunkRead& read, Owner& owner);
  void start() { attempt(); }

  void on_head(const io::HttpResponseHead& head) override;
  io::HttpFlow on_data(std::span<const std::byte> bytes) override;
  void on_done(Result<void> result) override;

 private:
  void attempt();
  void retry(const std::string& why, std::optional<Duration> retry_after);

  HttpShared& shared_;
  ChunkRead& read_;
  Owner& owner_;
  Backoff backoff_;
  uint32_t received_before_ = 0;  // bytes, when this attempt began
  io::Timer timer_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace tyto::peer
