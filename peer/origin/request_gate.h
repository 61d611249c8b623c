// Holds requests to each origin to a number at once.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

// First come, first served, for each name of its own.
//
// Threads:   confined to the loop.
// Ownership: the loop outlives it, and it outlives its passes.
class RequestGate {
 public:
  // A place in the queue, then leave to go on; destroying it gives either back.
  class Pass;
  RequestGate(io::Loop& loop, uint32_t at_once_max) : loop_(loop), at_once_max_(at_once_max) {}
  RequestGate(const RequestGate&) = delete;
  RequestGate& operator=(const RequestGate&) = delete;

  // Calls `go` from the loop when it is this one's turn, unless the pass is destroyed before.
  std::shared_ptr<Pass> enter(const std::string& name, std::function<void()> go);

 private:
  struct Queue {
    uint32_t under_way = 0;
    std::deque<std::weak_ptr<Pass>> waiting;
  };
  void grant(const std::string& name);
  void leave(const std::string& name);

  io::Loop& loop_;
  const uint32_t at_once_max_;
  std::map<std::string, Queue> queues_;
};

}  // namespace tyto::peer
