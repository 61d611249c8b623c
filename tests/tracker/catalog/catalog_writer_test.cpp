#include "tracker/catalog/catalog_writer.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/tracker/catalog/catalog_builder.h"

namespace tyto::tracker {
namespace {

constexpr auto kDeadline = std::chrono::seconds(20);

// A catalog in memory that can be held up and made to fail.
class FakeCatalog final : public Catalog {
 public:
  Result<StartedEpoch> start_epoch(WallTime) override { return StartedEpoch{}; }
  Result<CatalogPosition> load(const CatalogReader&) override { return CatalogPosition{}; }
  Result<CatalogPosition> load_changes(const ChangesQuery&, const CatalogReader&) override {
    return CatalogPosition{};
  }
  Result<std::string> setting(const std::string&) override { return std::string(); }
  Result<void> set_setting(const std::string&, const std::string&) override { return {}; }
  Result<void> check() override { return {}; }
  Result<PolicyRevision> policy(const std::string&, uint32_t) override { return PolicyRevision{}; }
  Result<std::vector<PolicyHead>> policy_history(const PolicyHistoryQuery&) override {
    return std::vector<PolicyHead>(committed_in_all());
  }
  Result<std::vector<Result<ChangeDone>>> commit(std::span<const Change> changes,
                                                 WallTime) override {
    std::unique_lock lock(mutex_);
    ++entered_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return !is_held_; });
    if (is_failing_) return {ErrorCode::kNoSpace, "the disk is full"};
    commits_.push_back(std::vector<Change>(changes.begin(), changes.end()));
    changed_.notify_all();
    return std::vector<Result<ChangeDone>>(changes.size(), ChangeDone{});
  }

  void hold() {
    set([&] { is_held_ = true; });
  }
  void release() {
    set([&] { is_held_ = false; });
  }
  void fail() {
    set([&] { is_failing_ = true; });
  }
  void recover() {
    set([&] { is_failing_ = false; });
  }
  bool wait_entered(int times) {
    return wait([&] { return entered_ >= times; });
  }
  bool wait_committed(std::size_t changes) {
    return wait([&] { return committed() >= changes; });
  }
  std::vector<std::size_t> commit_sizes() {
    std::lock_guard lock(mutex_);
    std::vector<std::size_t> sizes;
    for (auto& commit : commits_) sizes.push_back(commit.size());
    return sizes;
  }
  std::size_t committed_in_all() {
    std::lock_guard lock(mutex_);
    return committed();
  }
  // Chunk indices of the roots, in the order of their commits.
  std::vector<uint32_t> roots() {
    std::lock_guard lock(mutex_);
    std::vector<uint32_t> indices;
    for (auto& commit : commits_)
      for (auto& change : commit)
        if (auto* root = std::get_if<RecordRoot>(&change))
          indices.push_back(root->chunk.index.value());
    return indices;
  }

 private:
  std::size_t committed() const {
    std::size_t sum = 0;
    for (auto& commit : commits_) sum += commit.size();
    return sum;
  }
  template <class F>
  void set(F f) {
    std::lock_guard lock(mutex_);
    f();
    changed_.notify_all();
  }
  template <class F>
  bool wait(F until) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, until);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
  bool is_failing_ = false;
  int entered_ = 0;
  std::vector<std::vector<Change>> commits_;
};

Change root_number(uint32_t chunk) {
  return RecordRoot{{VersionId{digest_of(1)}, ChunkIndex(chunk)}, digest_of(chunk)};
}

// Submits a change and hands back its answer to come.
std::future<Result<ChangeDone>> submit(CatalogWriter& writer, Change change) {
  auto promise = std::make_shared<std::promise<Result<ChangeDone>>>();
  auto future = promise->get_future();
  writer.submit(std::move(change),
                [promise](Result<ChangeDone> done) { promise->set_value(std::move(done)); });
  return future;
}

Result<ChangeDone> answer_of(std::future<Result<ChangeDone>>& future) {
  if (future.wait_for(kDeadline) != std::future_status::ready)
    return {ErrorCode::kTimedOut, "no answer"};
  return future.get();
}

// Asks how many changes were committed; nothing if the question was refused.
std::future<std::optional<std::size_t>> ask(CatalogWriter& writer) {
  auto promise = std::make_shared<std::promise<std::optional<std::size_t>>>();
  auto future = promise->get_future();
  writer.ask([promise](Result<Catalog*> catalog) {
    promise->set_value(catalog.ok()
                           ? std::optional((*catalog)->policy_history({.bucket = "b"})->size())
                           : std::nullopt);
  });
  return future;
}

TEST(CatalogWriter, AQuestionSeesWhatWasAnsweredBeforeIt) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {}, {});
  for (std::size_t n = 1; n <= 20; ++n) {
    auto answer = submit(writer, CreateBucket{a_bucket("b")});
    ASSERT_TRUE(answer_of(answer).ok());
    EXPECT_EQ(ask(writer).get(), n);
  }
}

TEST(CatalogWriter, AFailingCatalogStillAnswersQuestions) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {}, {});
  catalog.fail();
  auto refused = submit(writer, CreateBucket{a_bucket("b")});
  EXPECT_FALSE(answer_of(refused).ok());
  EXPECT_EQ(ask(writer).get(), 0u);
}

TEST(CatalogWriter, QuestionsAreAnsweredOrRefusedWhateverHappens) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {.queue_max = 2}, {});
  catalog.hold();
  auto under_way = submit(writer, CreateBucket{a_bucket("b")});
  ASSERT_TRUE(catalog.wait_entered(1));
  auto first = ask(writer);
  auto second = ask(writer);
  EXPECT_EQ(ask(writer).get(), std::nullopt) << "two questions wait already";
  catalog.release();
  EXPECT_TRUE(answer_of(under_way).ok());
  EXPECT_EQ(first.get(), 1u);
  EXPECT_EQ(second.get(), 1u);
  EXPECT_TRUE(writer.stop(Duration::seconds(10)));
  EXPECT_EQ(ask(writer).get(), std::nullopt) << "nobody is there any more";
}

TEST(CatalogWriter, ChangesThatCameDuringACommitShareTheNextOne) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {}, {});
  catalog.hold();
  auto first = submit(writer, CreateBucket{a_bucket("first")});
  ASSERT_TRUE(catalog.wait_entered(1));
  std::vector<std::future<Result<ChangeDone>>> others;
  for (int i = 0; i < 5; ++i) others.push_back(submit(writer, CreateBucket{a_bucket("b")}));
  catalog.release();
  EXPECT_TRUE(answer_of(first).ok());
  for (auto& other : others) EXPECT_TRUE(answer_of(other).ok());
  EXPECT_EQ(catalog.commit_sizes(), (std::vector<std::size_t>{1, 5}));
}

TEST(CatalogWriter, FactsAreCollectedAndWrittenWithoutAnybodyWaiting) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {.write_behind = Duration::milliseconds(20)}, {});
  for (uint32_t i = 0; i < 100; ++i) writer.record(root_number(i));
  ASSERT_TRUE(catalog.wait_committed(100));
  EXPECT_LT(catalog.commit_sizes().size(), 50u);
}

TEST(CatalogWriter, AnAnswerTakesTheFactsBeforeItAlong) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {.write_behind = Duration::seconds(3600)}, {});
  writer.record(root_number(1));
  writer.record(root_number(2));
  auto answer = submit(writer, CreateBucket{a_bucket("b")});
  EXPECT_TRUE(answer_of(answer).ok());
  EXPECT_EQ(catalog.commit_sizes(), (std::vector<std::size_t>{3}));
}

TEST(CatalogWriter, AFailingCatalogRefusesWithItsReasonAndKeepsTheFactsInOrder) {
  FakeCatalog catalog;
  std::mutex mutex;
  std::vector<bool> health;
  CatalogWriter writer(catalog,
                       {.write_behind = Duration::milliseconds(1),
                        .retry_min = Duration::milliseconds(1),
                        .retry_max = Duration::milliseconds(5)},
                       [&](Result<void> state) {
                         std::lock_guard lock(mutex);
                         health.push_back(state.ok());
                       });
  catalog.fail();
  for (uint32_t i = 0; i < 10; ++i) writer.record(root_number(i));
  ASSERT_TRUE(catalog.wait_entered(4));
  auto publishing = submit(writer, a_publish("b", "k", 1, 1));
  Result<ChangeDone> refused = answer_of(publishing);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(writer.figures().is_failing);
  for (uint32_t i = 10; i < 20; ++i) writer.record(root_number(i));
  catalog.recover();
  ASSERT_TRUE(catalog.wait_committed(20));
  ASSERT_TRUE(writer.stop(Duration::seconds(10)));
  std::vector<uint32_t> expected;
  for (uint32_t i = 0; i < 20; ++i) expected.push_back(i);
  EXPECT_EQ(catalog.roots(), expected);
  EXPECT_EQ(health, (std::vector<bool>{false, true}));
  EXPECT_FALSE(writer.figures().is_failing);
}

TEST(CatalogWriter, AFullQueueRefusesWhoWaitsAndDropsNewFacts) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {.queue_max = 4}, {});
  catalog.hold();
  auto under_way = submit(writer, CreateBucket{a_bucket("b")});
  ASSERT_TRUE(catalog.wait_entered(1));
  for (uint32_t i = 0; i < 6; ++i) writer.record(root_number(i));
  auto refused = submit(writer, CreateBucket{a_bucket("c")});
  EXPECT_EQ(answer_of(refused).error().code, ErrorCode::kOverloaded);
  EXPECT_EQ(writer.figures().facts_dropped, 2u);
  catalog.release();
  EXPECT_TRUE(answer_of(under_way).ok());
  EXPECT_TRUE(writer.stop(Duration::seconds(10)));
  EXPECT_EQ(catalog.roots(), (std::vector<uint32_t>{0, 1, 2, 3}));
}

TEST(CatalogWriter, StoppingWritesWhatIsQueuedAndRefusesWhatComesLater) {
  FakeCatalog catalog;
  CatalogWriter writer(catalog, {.write_behind = Duration::seconds(3600)}, {});
  for (uint32_t i = 0; i < 10; ++i) writer.record(root_number(i));
  EXPECT_TRUE(writer.stop(Duration::seconds(10)));
  EXPECT_EQ(catalog.roots().size(), 10u);
  auto late = submit(writer, CreateBucket{a_bucket("late")});
  EXPECT_EQ(answer_of(late).error().code, ErrorCode::kUnavailable);
}

TEST(CatalogWriter, StoppingOnAFailingCatalogGivesUpAtTheDeadline) {
  FakeCatalog catalog;
  catalog.fail();
  CatalogWriter writer(catalog, {.retry_min = Duration::milliseconds(1)}, {});
  writer.record(root_number(1));
  EXPECT_FALSE(writer.stop(Duration::milliseconds(30)));
}

}  // namespace
}  // namespace tyto::tracker
