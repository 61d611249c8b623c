// Holds requests to each origin to as many at once as it can use.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/time.h"
#include "peer/core/origin_window.h"

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

// First come, first served, for each name of its own; how many at once is up to an OriginWindow.
//
// Threads:   confined to the loop.
// Ownership: the loop outlives it, and it outlives its passes.
class RequestGate {
 public:
  // A place in the queue, then leave to go on; destroying it gives either back.
  class Pass;
  enum class Kind : uint8_t {
    kRead,   // of a range: as many at once as the window says
    kOther,  // a look-up, or a read of a whole object: up to the greatest number
  };
  RequestGate(io::Loop& loop, uint32_t at_once_max) : loop_(loop), at_once_max_(at_once_max) {}
  RequestGate(const RequestGate&) = delete;
  RequestGate& operator=(const RequestGate&) = delete;

  // Calls `go` from the loop when it is this one's turn, unless the pass is destroyed before.
  std::shared_ptr<Pass> enter(const std::string& name, Kind kind, std::function<void()> go);
  // The request of this pass brought so many bytes, all that it was to bring. Once a pass.
  void completed(const Pass& pass, uint64_t bytes);

 private:
  struct Queue {
    explicit Queue(uint32_t at_once_max) : window(at_once_max) {}
    OriginWindow window;
    uint32_t reads_under_way = 0;
    uint32_t others_under_way = 0;
    std::deque<std::weak_ptr<Pass>> reads;  // that wait
    std::deque<std::weak_ptr<Pass>> others;
    bool is_idle() const {
      return reads_under_way + others_under_way == 0 && reads.empty() && others.empty();
    }
  };
  Queue& queue_of(const std::string& name);
  void grant(const std::string& name);
  void grant_from(std::deque<std::weak_ptr<Pass>>& waiting, uint32_t& under_way, uint32_t limit);
  void leave(const std::string& name, Kind kind);

  io::Loop& loop_;
  const uint32_t at_once_max_;
  std::map<std::string, Queue> queues_;  // kQueuesKept, and those in use
};

}  // namespace tyto::peer
