// A few threads for what would block a loop: reading files.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tyto::peer {

// Runs tasks in the order they came, as many at once as there are threads.
//
// Threads: synchronised. Bounds: whoever submits bounds what it submits.
class WorkerThreads {
 public:
  explicit WorkerThreads(uint32_t threads);
  // Waits for tasks under way; drops those not begun.
  ~WorkerThreads();
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  void submit(std::function<void()> task);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool is_stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tyto::peer
