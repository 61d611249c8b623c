// Writes to a catalog in the background, many changes a commit, and reads from it in between.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/time.h"
#include "tracker/catalog/catalog.h"

namespace tyto::tracker {

// Owns the only thread that uses a catalog, so that no disk ever blocks the tracker's loop.
// Changes that somebody waits for (buckets, publishing) are committed at once, all that came in
// meanwhile together (group commit); facts found on the way (resolved versions, learned roots) are
// collected for up to `write_behind` first.
//
// If the catalog fails, waiting changes are answered with its error; facts are kept and tried
// again with growing pauses, so downloads never depend on the disk.
//
// Who asks something of the catalog gets its turn before the next commit, also while commits fail.
//
// Threads:   synchronised.
// Ownership: borrows the catalog, which nobody else uses from construction to destruction.
// Bounds:    Options::queue_max changes; beyond: waiting changes are refused with kOverloaded, of
//            facts the newest are dropped (they are learned again after a restart). As many
//            questions.
class CatalogWriter {
 public:
  struct Options {
    Duration write_behind = Duration::milliseconds(100);
    Duration retry_min = Duration::milliseconds(100);
    Duration retry_max = Duration::seconds(5);
    std::size_t queue_max = 65536;
    std::size_t changes_per_commit_max = 4096;
  };
  // Figures for metrics, since the start.
  struct Figures {
    std::size_t queued = 0;  // now
    uint64_t commits = 0;
    uint64_t failed_commits = 0;
    uint64_t changes = 0;  // committed
    uint64_t facts_dropped = 0;
    bool is_failing = false;  // the last commit failed
  };
  // Called on the writer's thread, exactly once: post it to where it belongs, and return soon.
  using Answer = std::function<void(Result<ChangeDone>)>;
  // Called on the writer's thread, exactly once: with the catalog, for as long as the call lasts,
  // or with the reason why there is none. Ask and post what was found, and return soon.
  using Question = std::function<void(Result<Catalog*>)>;
  // Called on the writer's thread when commits begin to fail (with why) and when they succeed
  // again (with success); not for each.
  using HealthChanged = std::function<void(Result<void>)>;

  CatalogWriter(Catalog& catalog, const Options& options, HealthChanged health_changed);
  // As stop(), without a deadline's mercy: what is queued is given up.
  ~CatalogWriter();
  CatalogWriter(const CatalogWriter&) = delete;
  CatalogWriter& operator=(const CatalogWriter&) = delete;

  // Queues a change that somebody waits for.
  void submit(Change change, Answer answer);
  // Queues a question, which sees all that was answered before.
  void ask(Question question);
  // Queues a fact. Never fails.
  void record(Change change);
  // Writes what is queued and ends the thread; further changes are refused with kUnavailable.
  // False if something was still unwritten at the deadline. Blocks up to `patience`, and beyond
  // it for the one commit under way.
  bool stop(Duration patience);
  Figures figures() const;

 private:
  struct Entry {
    Change change;
    Answer answer;  // empty for facts
  };
  enum class Phase { kRunning, kFlushing, kStopped };

  void run();
  // Why nothing more is queued, or nothing. Requires: the lock is held.
  std::optional<Error> refusal(std::size_t queued, const char* what) const;
  Instant due_at() const;
  std::vector<Entry> take();
  void write(std::vector<Entry> batch);
  void succeed(std::vector<Entry>& batch, std::vector<Result<ChangeDone>>& results);
  void fail(std::vector<Entry>& batch, const Error& error);

  Catalog& catalog_;
  const Options options_;
  const HealthChanged health_changed_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Phase phase_ = Phase::kRunning;
  std::deque<Entry> queue_;
  std::deque<Question> questions_;
  std::size_t waiting_ = 0;  // entries of the queue that have an answer
  Instant oldest_fact_;      // when the queue's first fact came
  Instant retry_at_;         // no commit of facts alone before this
  Duration retry_pause_;
  Instant flush_until_;
  bool is_tried_ = false;      // a commit was tried since flushing began
  std::size_t unwritten_ = 0;  // given up at the end
  Figures figures_;
  std::thread thread_;
};

}  // namespace tyto::tracker
