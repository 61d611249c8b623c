// An object by one request, for origins without ranges.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "io/loop/timer.h"
#include "peer/origin/backoff.h"
#include "peer/origin/http_exchange.h"

namespace tyto::peer {

// Reads a version from its start to its end into a file without a name, and chunks out of that as
// they become whole there. Starts over if the connection is cut, passing over what it has.
//
// Threads: confined to the loop; reads and writes the spool there, in slices. Ownership: borrows
//          the reads that are added, until they end or are removed.
class WholeRead final : public ResponseHandler {
 public:
  // What comes of it. Of these, only unused() may destroy the WholeRead.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void progressed(ChunkRead& read) = 0;
    // `read` is no longer part of this.
    virtual void ended(ChunkRead& read, Outcome outcome) = 0;
    // Broken, or long out of use: to be destroyed.
    virtual void unused(const VersionId& version) = 0;
  };

  // Fails with kNoSpace if the spool's limit or its disk has no room for the object.
  static Result<std::unique_ptr<WholeRead>> create(HttpShared& shared, VersionFactsRef facts,
                                                   Duration patience, Owner& owner);
  ~WholeRead() override;

  // Starts with a request of its own, or with an answer that is about to deliver the object.
  void start();
  void adopt(std::unique_ptr<Exchange> exchange);
  void add(ChunkRead& read);
  void remove(uint64_t read);
  // Nobody wants a chunk of it at present.
  bool is_idle() const { return reads_.empty(); }
  // It will not get any further, and has failed all that was added.
  bool is_broken() const { return is_broken_; }

  void on_head(const io::HttpResponseHead& head) override;
  io::HttpFlow on_data(std::span<const std::byte> bytes) override;
  void on_done(Result<void> result) override;

 private:
  WholeRead(HttpShared& shared, VersionFactsRef facts, Duration patience, Owner& owner);
  Result<void> open_spool();
  void retry(const std::string& why, std::optional<Duration> retry_after);
  void break_off(FailureKind kind, const std::string& detail);
  void serve_ready();
  void serve_slice(uint64_t read);
  void post_slice(uint64_t read);
  void end(uint64_t read, Outcome outcome);
  void watch_use();

  HttpShared& shared_;
  const VersionFactsRef facts_;
  const Duration patience_;
  Owner& owner_;
  Backoff backoff_;
  int spool_ = -1;
  uint64_t spooled_ = 0;         // bytes in the spool
  uint64_t spooled_before_ = 0;  // when this attempt began
  uint64_t position_ = 0;        // of the answer under way
  bool is_broken_ = false;
  struct Serving {
    ChunkRead* read = nullptr;
    bool has_begun = false;
  };
  std::map<uint64_t, Serving> reads_;
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // for what is posted
  io::Timer timer_;
  io::Timer use_timer_;
  std::unique_ptr<Exchange> exchange_;
};

}  // namespace tyto::peer
