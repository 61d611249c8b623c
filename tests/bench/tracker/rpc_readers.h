// Light clients of a tracker, with real connections and sessions, that download object after
// object without moving a byte.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fleet.h"
#include "io/loop/host_port.h"
#include "io/loop/loop.h"

namespace tyto::bench {

// Each reader has one exchange open. As soon as it is answered the next one reports the two oldest
// of its assignments as done, or waits for more if there are none.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows the loop.
class RpcReaders {
 public:
  struct Counts {
    uint64_t decisions = 0;  // assignments that came
    uint64_t exchanges = 0;  // answers
  };
  RpcReaders(io::Loop& loop, const io::HostPort& tracker, uint32_t connections,
             const FleetSize& size);
  ~RpcReaders();
  RpcReaders(const RpcReaders&) = delete;
  RpcReaders& operator=(const RpcReaders&) = delete;

  bool are_all_reading() const;
  // Whether one has read every version there is.
  bool are_over() const { return shared_->is_over; }
  Counts counts() const { return shared_->counts; }
  // The first thing that went wrong; empty if nothing did.
  const std::string& failure() const { return shared_->failure; }

 private:
  struct Shared {
    Counts counts;
    bool is_over = false;
    std::string failure;
  };
  class Reader;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<Reader>> readers_;
};

}  // namespace tyto::bench
