#include "peer/origin/request_gate.h"

#include <utility>

#include "io/loop/loop.h"

namespace tyto::peer {

class RequestGate::Pass {
 public:
  Pass(RequestGate& gate, std::string name, std::function<void()> go)
      : gate_(gate), name_(std::move(name)), go_(std::move(go)) {}
  ~Pass() {
    if (is_granted_) gate_.leave(name_);
  }
  void grant() { is_granted_ = true; }
  void run() { std::exchange(go_, nullptr)(); }

 private:
  RequestGate& gate_;
  const std::string name_;
  std::function<void()> go_;
  bool is_granted_ = false;
};

std::shared_ptr<RequestGate::Pass> RequestGate::enter(const std::string& name,
                                                      std::function<void()> go) {
  auto pass = std::make_shared<Pass>(*this, name, std::move(go));
  queues_[name].waiting.push_back(pass);
  grant(name);
  return pass;
}

void RequestGate::grant(const std::string& name) {
  Queue& queue = queues_[name];
  while (queue.under_way < at_once_max_ && !queue.waiting.empty()) {
    std::weak_ptr<Pass> next = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    if (auto pass = next.lock()) {
      ++queue.under_way;
      pass->grant();
      loop_.post([next] {
        if (auto granted = next.lock()) granted->run();
      });
    }
  }
  if (queue.under_way == 0 && queue.waiting.empty()) queues_.erase(name);
}

void RequestGate::leave(const std::string& name) {
  --queues_[name].under_way;
  grant(name);
}

}  // namespace tyto::peer
