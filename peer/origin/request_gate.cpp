#include "peer/origin/request_gate.h"

#include <utility>

#include "io/loop/loop.h"

namespace tyto::peer {

namespace {

// What was learned of an origin is kept while it is idle, for so many of them.
constexpr std::size_t kQueuesKept = 64;

}  // namespace

class RequestGate::Pass {
 public:
  Pass(RequestGate& gate, std::string name, Kind kind, std::function<void()> go)
      : gate_(gate), name_(std::move(name)), kind_(kind), go_(std::move(go)) {}
  ~Pass() {
    if (is_granted_) gate_.leave(name_, kind_);
  }
  void grant(Instant now) {
    is_granted_ = true;
    granted_at_ = now;
  }
  const std::string& name() const { return name_; }
  Instant granted_at() const { return granted_at_; }
  void run() { std::exchange(go_, nullptr)(); }

 private:
  RequestGate& gate_;
  const std::string name_;
  const Kind kind_;
  std::function<void()> go_;
  bool is_granted_ = false;
  Instant granted_at_;
};

std::shared_ptr<RequestGate::Pass> RequestGate::enter(const std::string& name, Kind kind,
                                                      std::function<void()> go) {
  auto pass = std::make_shared<Pass>(*this, name, kind, std::move(go));
  Queue& queue = queue_of(name);
  (kind == Kind::kRead ? queue.reads : queue.others).push_back(pass);
  grant(name);
  return pass;
}

RequestGate::Queue& RequestGate::queue_of(const std::string& name) {
  return queues_.try_emplace(name, at_once_max_).first->second;
}

void RequestGate::completed(const Pass& pass, uint64_t bytes) {
  Queue& queue = queue_of(pass.name());
  queue.window.read(bytes, loop_.now() - pass.granted_at(), queue.reads_under_way);
}

void RequestGate::grant(const std::string& name) {
  Queue& queue = queue_of(name);
  grant_from(queue.others, queue.others_under_way, at_once_max_);
  grant_from(queue.reads, queue.reads_under_way, queue.window.limit());
  if (queue.is_idle() && queues_.size() > kQueuesKept) queues_.erase(name);
}

void RequestGate::grant_from(std::deque<std::weak_ptr<Pass>>& waiting, uint32_t& under_way,
                             uint32_t limit) {
  while (under_way < limit && !waiting.empty()) {
    std::weak_ptr<Pass> next = std::move(waiting.front());
    waiting.pop_front();
    auto pass = next.lock();
    if (!pass) continue;
    ++under_way;
    pass->grant(loop_.now());
    loop_.post([next] {
      if (auto granted = next.lock()) granted->run();
    });
  }
}

void RequestGate::leave(const std::string& name, Kind kind) {
  Queue& queue = queue_of(name);
  --(kind == Kind::kRead ? queue.reads_under_way : queue.others_under_way);
  grant(name);
}

}  // namespace tyto::peer
