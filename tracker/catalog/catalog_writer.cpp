#include "tracker/catalog/catalog_writer.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "io/loop/clock.h"

namespace tyto::tracker {

CatalogWriter::CatalogWriter(Catalog& catalog, const Options& options, HealthChanged health_changed)
    : catalog_(catalog), options_(options), health_changed_(std::move(health_changed)) {
  retry_pause_ = options_.retry_min;
  thread_ = std::thread([this] { run(); });
}

CatalogWriter::~CatalogWriter() {
  stop(Duration());
}

void CatalogWriter::submit(Change change, Answer answer) {
  std::optional<Error> refused;
  {
    std::lock_guard lock(mutex_);
    refused = refusal(queue_.size(), " changes waiting to be written");
    if (!refused) {
      queue_.push_back({std::move(change), std::move(answer)});
      ++waiting_;
      wake_.notify_one();
    }
  }
  if (refused) answer(std::move(*refused));
}

void CatalogWriter::ask(Question question) {
  std::optional<Error> refused;
  {
    std::lock_guard lock(mutex_);
    refused = refusal(questions_.size(), " questions waiting for an answer");
    if (!refused) {
      questions_.push_back(std::move(question));
      wake_.notify_one();
    }
  }
  if (refused) question(std::move(*refused));
}

std::optional<Error> CatalogWriter::refusal(std::size_t queued, const char* what) const {
  if (phase_ != Phase::kRunning)
    return Error{ErrorCode::kUnavailable,
                 "the tracker is shutting down: try again once it is back"};
  if (queued < options_.queue_max) return std::nullopt;
  return Error{ErrorCode::kOverloaded,
               "the catalog has " + std::to_string(queued) + what + ": try again later"};
}

void CatalogWriter::record(Change change) {
  std::lock_guard lock(mutex_);
  if (phase_ != Phase::kRunning || queue_.size() >= options_.queue_max) {
    ++figures_.facts_dropped;
    return;
  }
  if (queue_.size() == waiting_) oldest_fact_ = io::monotonic_now();
  queue_.push_back({std::move(change), nullptr});
  wake_.notify_one();
}

bool CatalogWriter::stop(Duration patience) {
  {
    std::lock_guard lock(mutex_);
    if (phase_ == Phase::kRunning) {
      phase_ = Phase::kFlushing;
      flush_until_ = io::monotonic_now() + patience;
    }
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  std::lock_guard lock(mutex_);
  return unwritten_ == 0;
}

CatalogWriter::Figures CatalogWriter::figures() const {
  std::lock_guard lock(mutex_);
  Figures figures = figures_;
  figures.queued = queue_.size();
  return figures;
}

// When the queue is to be written; never, if there is nothing. Waiting changes: now; facts: once
// the oldest is old enough, and not before a failing catalog's pause is over.
Instant CatalogWriter::due_at() const {
  if (waiting_ > 0) return Instant();
  if (queue_.empty()) return Instant::never();
  Instant collected = phase_ == Phase::kFlushing ? Instant() : oldest_fact_ + options_.write_behind;
  return std::max(collected, retry_at_);
}

void CatalogWriter::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (!questions_.empty()) {
      Question question = std::move(questions_.front());
      questions_.pop_front();
      lock.unlock();
      question(&catalog_);
      lock.lock();
      continue;
    }
    Instant now = io::monotonic_now();
    if (phase_ == Phase::kFlushing && (queue_.empty() || (now >= flush_until_ && is_tried_))) break;
    Instant due = due_at();
    if (due > now) {
      if (due.is_never()) {
        wake_.wait(lock);
      } else {
        wake_.wait_for(lock, std::chrono::nanoseconds((due - now).ns()));
      }
      continue;
    }
    is_tried_ = phase_ == Phase::kFlushing;
    std::vector<Entry> batch = take();
    lock.unlock();
    write(std::move(batch));
    lock.lock();
  }
  phase_ = Phase::kStopped;
  unwritten_ = queue_.size();
  std::deque<Entry> left = std::move(queue_);
  queue_.clear();
  waiting_ = 0;
  lock.unlock();
  for (Entry& entry : left)
    if (entry.answer)
      entry.answer({ErrorCode::kUnavailable, "the tracker shut down before this was written"});
}

// Requires: the lock is held.
std::vector<CatalogWriter::Entry> CatalogWriter::take() {
  std::size_t count = std::min(queue_.size(), options_.changes_per_commit_max);
  auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Entry> batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
  queue_.erase(queue_.begin(), end);
  for (const Entry& entry : batch)
    if (entry.answer) --waiting_;
  return batch;
}

void CatalogWriter::write(std::vector<Entry> batch) {
  std::vector<Change> changes;
  changes.reserve(batch.size());
  for (const Entry& entry : batch) changes.push_back(entry.change);
  Result<std::vector<Result<ChangeDone>>> results = catalog_.commit(changes, io::wall_now());
  if (results.ok()) {
    succeed(batch, results.value());
  } else {
    fail(batch, results.error());
  }
}

void CatalogWriter::succeed(std::vector<Entry>& batch, std::vector<Result<ChangeDone>>& results) {
  bool has_recovered = false;
  {
    std::lock_guard lock(mutex_);
    has_recovered = std::exchange(figures_.is_failing, false);
    retry_pause_ = options_.retry_min;
    retry_at_ = Instant();
    ++figures_.commits;
    figures_.changes += batch.size();
  }
  for (std::size_t i = 0; i < batch.size(); ++i)
    if (batch[i].answer) batch[i].answer(std::move(results[i]));
  if (has_recovered && health_changed_) health_changed_({});
}

// Answers all who wait, those still queued too, so that nobody hangs on a failing disk; puts the
// facts back in front of the queue, in their order.
void CatalogWriter::fail(std::vector<Entry>& batch, const Error& error) {
  bool has_begun = false;
  std::vector<Answer> answers;
  std::deque<Entry> facts;
  auto sort = [&](Entry& entry) {
    if (entry.answer) {
      answers.push_back(std::move(entry.answer));
    } else {
      facts.push_back(std::move(entry));
    }
  };
  std::for_each(batch.begin(), batch.end(), sort);
  {
    std::lock_guard lock(mutex_);
    has_begun = !std::exchange(figures_.is_failing, true);
    ++figures_.failed_commits;
    retry_at_ = io::monotonic_now() + retry_pause_;
    retry_pause_ = std::min(retry_pause_ * 2, options_.retry_max);
    std::for_each(queue_.begin(), queue_.end(), sort);
    queue_ = std::move(facts);
    waiting_ = 0;
    while (queue_.size() > options_.queue_max) {
      queue_.pop_back();
      ++figures_.facts_dropped;
    }
  }
  for (Answer& answer : answers) answer(error);
  if (has_begun && health_changed_) health_changed_(error);
}

}  // namespace tyto::tracker
