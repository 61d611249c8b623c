// The thread behind a tyto::Peer, and what it runs.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "peer/engine/engine.h"
#include "peer/store/disk_store.h"
#include "tyto/peer.h"

namespace tyto {

// Owns a loop thread with an engine on it.
//
// Threads: synchronised. Ownership: shared by the Peer and its Objects; the thread ends with
//          shut_down() or the last of them.
class PeerRuntime : public std::enable_shared_from_this<PeerRuntime> {
 public:
  static Result<std::shared_ptr<PeerRuntime>> start(PeerOptions options);
  ~PeerRuntime();

  // Runs `action` on the loop's thread, soon. False, and it never runs, if the peer has left.
  bool post(std::function<void(peer::Engine&)> action);
  // The same, and waits for its end. `fallback` if the peer has left.
  template <class T>
  T ask(std::function<T(peer::Engine&)> action, T fallback) {
    auto answer = std::make_shared<std::promise<T>>();
    auto future = answer->get_future();
    if (!post([answer, action](peer::Engine& engine) { answer->set_value(action(engine)); }))
      return fallback;
    answer.reset();  // a task that is dropped breaks the promise
    try {
      return future.get();
    } catch (const std::future_error&) {
      return fallback;
    }
  }
  void shut_down(Duration deadline);
  // False once the peer has left: whoever waits for its call-backs waits in vain.
  bool is_running() const;

  peer::ChunkStore& store() { return *store_; }
  // Null for a store in memory.
  peer::DiskStore* disk_store() { return disk_store_; }
  bool is_store_scratch() const { return is_store_scratch_; }

 private:
  PeerRuntime() = default;
  Result<void> open_store(const PeerOptions& options);
  void run(peer::EngineOptions options, std::promise<Result<void>>& started);

  std::unique_ptr<io::Log> log_;
  std::unique_ptr<peer::ChunkStore> store_;
  peer::DiskStore* disk_store_ = nullptr;
  bool is_store_scratch_ = false;
  mutable std::mutex mutex_;  // guards the following
  io::Loop* loop_ = nullptr;  // while the thread runs it
  peer::Engine* engine_ = nullptr;
  std::thread thread_;
};

// What the options say, for an engine. Fails with kInvalidArgument.
Result<peer::EngineOptions> engine_options_of(const PeerOptions& options);

}  // namespace tyto
