// What several trackers on one PostgreSQL database, and its operators, can do to a catalog.
#include "tracker/catalog/postgres_catalog.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>

#include "io/loop/clock.h"
#include "tests/tracker/catalog/any_catalog.h"
#include "tracker/catalog/catalog_feed.h"
#include "tracker/catalog/catalog_location.h"

namespace tyto::tracker {
namespace {

constexpr auto kDeadline = std::chrono::seconds(30);

support::PostgresServer& server() {
  return support::PostgresServer::shared();
}

// Two trackers on one database; `catalog` is the first one's.
class SharedCatalog : public testing::Test, protected CatalogActions {
 protected:
  void SetUp() override {
    server().make_database("shared");
    catalog = open_postgres("shared", options());
    other = open_postgres("shared", options());
    ASSERT_TRUE(catalog && other);
  }
  static PostgresCatalog::Options options() {
    PostgresCatalog::Options options;
    options.timeout = Duration::milliseconds(1000);
    return options;
  }
  static Result<Result<ChangeDone>> commit(Catalog& where, Change change) {
    auto results = where.commit(std::span(&change, 1), kSomeDay);
    if (!results.ok()) return results.error();
    return Result<Result<ChangeDone>>(std::move(results->at(0)));
  }
  std::unique_ptr<PostgresCatalog> other;
};

void expect_says(const Error& error, ErrorCode code, const std::string& words) {
  EXPECT_EQ(error_code_name(error.code), error_code_name(code)) << error.message;
  EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
}

// Hears of a database's changes, on a thread of its own.
class Listener {
 public:
  explicit Listener(const CatalogPosition& since, TrackerEpoch own = {})
      : feed_(
            address_of("shared"),
            {.since = since,
             .own = own,
             .retry = Duration::milliseconds(20),
             .timeout = Duration::milliseconds(1000)},
            [this](CatalogUpdate update) { take(std::move(update)); },
            [this](Result<void> health) { take_health(health.ok()); }) {}

  // Waits until an item of this kind fits; false at the deadline.
  template <class Item>
  bool hears(const std::function<bool(const Item&)>& fits) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] {
      for (const CatalogUpdate& update : updates_)
        for (const CatalogItem& item : update.items)
          if (auto* one = std::get_if<Item>(&item); one != nullptr && fits(*one)) return true;
      return false;
    });
  }
  bool hears_of_all() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] {
      for (const CatalogUpdate& update : updates_)
        if (update.kind == CatalogUpdate::Kind::kWhole) return true;
      return false;
    });
  }
  bool waits_for_failures(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kDeadline, [&] { return failures_ >= count; });
  }

 private:
  void take(CatalogUpdate update) {
    std::lock_guard lock(mutex_);
    updates_.push_back(std::move(update));
    changed_.notify_all();
  }
  void take_health(bool is_good) {
    std::lock_guard lock(mutex_);
    failures_ += is_good ? 0 : 1;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<CatalogUpdate> updates_;
  int failures_ = 0;
  CatalogFeed feed_;
};

CatalogPosition position_of(Catalog& catalog) {
  CatalogReader reader;
  reader.bucket = [](BucketConfig, PolicyRevision) {};
  reader.version = [](VersionFactsRef, std::vector<Digest>) {};
  reader.name = [](const BucketConfig&, std::string, VersionId, bool) {};
  auto at = catalog.load(reader);
  EXPECT_TRUE(at.ok()) << at.error().message;
  return at.ok() ? *at : CatalogPosition{};
}

TEST_F(SharedCatalog, GivesEachTrackerAnEpochThatNoOtherHas) {
  auto first = catalog->start_epoch(kSomeDay);
  auto second = other->start_epoch(kSomeDay);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_TRUE(first->is_first_run);
  EXPECT_FALSE(second->is_first_run);
  EXPECT_GT(second->epoch, first->epoch);
}

TEST_F(SharedCatalog, OfTwoTrackersThatPublishTheSameNameAtOnceOneWinsAndTheOtherHearsWhy) {
  done(CreateBucket{a_bucket("models")});
  for (uint64_t round = 0; round < 10; ++round) {
    const std::string key = "k" + std::to_string(round);
    Publish mine = a_publish("models", key, round * 2 + 1, 2);
    Publish theirs = a_publish("models", key, round * 2 + 2, 2);
    mine.expected_former = theirs.expected_former = VersionId();
    Result<Result<ChangeDone>> there(Error{});
    std::thread thread([&] { there = commit(*other, theirs); });
    auto here = commit(*catalog, mine);
    thread.join();
    ASSERT_TRUE(here.ok() && there.ok());
    EXPECT_NE(here->ok(), there->ok());
    const Error& error = here->ok() ? there->error() : here->error();
    const VersionId winner = here->ok() ? mine.facts.id : theirs.facts.id;
    expect_says(error, ErrorCode::kConflict, "models/" + key);
    expect_says(error, ErrorCode::kConflict, winner.hex());
    EXPECT_EQ(content().names["models/" + key].version, winner);
  }
}

TEST_F(SharedCatalog, PinsPutAtOnceDoNotExceedTheBucketsQuota) {
  done(CreateBucket{a_bucket("models")});
  auto pin = [](const std::string& key) {
    return SetPin{{"models", key},
                  VersionId{digest_of(1)},
                  60,
                  WallTime::from_unix_s(kSomeDay.unix_s() + 600),
                  100};
  };
  Result<Result<ChangeDone>> there(Error{});
  std::thread thread([&] { there = commit(*other, pin("a")); });
  auto here = commit(*catalog, pin("b"));
  thread.join();
  ASSERT_TRUE(here.ok() && there.ok());
  EXPECT_NE(here->ok(), there->ok());
  EXPECT_EQ(content().pins.size(), 1u);
}

TEST_F(SharedCatalog, WhatOneTrackerWritesTheOthersHear) {
  ASSERT_TRUE(catalog->start_epoch(kSomeDay).ok());
  Listener listener(position_of(*other));
  BucketConfig bucket = done(CreateBucket{a_bucket("models"), "[selection]\nweight = 3\n"}).bucket;
  EXPECT_TRUE(listener.hears<LoadedBucket>([&](const LoadedBucket& item) {
    return item.bucket == bucket && item.policy.document == "[selection]\nweight = 3\n";
  }));
  done(a_publish("models", "k", 1, 3));
  EXPECT_TRUE(listener.hears<LoadedVersion>([](const LoadedVersion& item) {
    return item.facts->id == VersionId{digest_of(1)} && item.roots == some_roots(1, 3);
  }));
  EXPECT_TRUE(listener.hears<LoadedName>([](const LoadedName& item) {
    return item.name == ObjectName{"models", "k"} && item.is_published &&
           item.version == VersionId{digest_of(1)};
  }));
  auto found = std::make_shared<VersionFacts>(some_facts("models", bucket.id, "found", 2, 2));
  done(RecordVersion{found});
  done(RecordRoot{{found->id, ChunkIndex(1)}, digest_of(77)});
  EXPECT_TRUE(listener.hears<LoadedVersion>([&](const LoadedVersion& item) {
    return item.facts->id == found->id && item.roots.size() == 2 && item.roots[1] == digest_of(77);
  }));
  done(SetPin{{"models", "k"}, VersionId{digest_of(1)}, 5, kSomeDay});
  EXPECT_TRUE(listener.hears<LoadedPin>([](const LoadedPin& item) {
    return item.pin.name == ObjectName{"models", "k"};
  }));
  done(RemovePin{{"models", "k"}});
  EXPECT_TRUE(listener.hears<LostPin>([](const LostPin& item) {
    return item.name == ObjectName{"models", "k"};
  }));
}

TEST_F(SharedCatalog, WhatWasWrittenWhileNobodyCouldListenIsHeardAfterwards) {
  Listener listener(position_of(*other));
  done(CreateBucket{a_bucket("first")});
  ASSERT_TRUE(listener.hears<LoadedBucket>(
      [](const LoadedBucket& item) { return item.bucket.name == "first"; }));
  server().kill();
  EXPECT_TRUE(listener.waits_for_failures(1));
  server().start();
  // Before or after the listener has its connection again: the notification may be lost.
  done(CreateBucket{a_bucket("second")});
  EXPECT_TRUE(listener.hears<LoadedBucket>(
      [](const LoadedBucket& item) { return item.bucket.name == "second"; }));
}

TEST_F(SharedCatalog, ItsOwnFactsAreNotToldOfAgainAndItsOwnChangesAre) {
  auto epoch = catalog->start_epoch(kSomeDay);
  ASSERT_TRUE(epoch.ok());
  done(CreateBucket{a_bucket("models")});
  const CatalogPosition before = position_of(*catalog);
  auto found = std::make_shared<VersionFacts>(some_facts("models", BucketId(1), "found", 2, 2));
  done(RecordVersion{found});
  done(RecordRoot{{found->id, ChunkIndex(1)}, digest_of(77)});
  done(SetPolicy{"models", "# new\n"});
  std::vector<CatalogItem> items;
  auto at = other->load_changes({before, epoch->epoch}, collect_items(items));
  ASSERT_TRUE(at.ok());
  EXPECT_EQ(*at, position_of(*catalog));
  ASSERT_EQ(items.size(), 3u);  // the bucket, the name and what it stands for
  EXPECT_TRUE(std::holds_alternative<LoadedBucket>(items[0]));
  EXPECT_TRUE(std::holds_alternative<LoadedName>(items[2]));
  items.clear();
  ASSERT_TRUE(other->load_changes({*at, epoch->epoch}, collect_items(items)).ok());
  EXPECT_TRUE(items.empty());
}

TEST_F(SharedCatalog, ACatalogPutBackToAnOlderCopyIsReadAnewAndItsEpochsAreNew) {
  ASSERT_TRUE(catalog->start_epoch(kSomeDay).ok());
  done(CreateBucket{a_bucket("models")});
  // The copy is a database made from this one while nobody uses it.
  catalog.reset();
  other.reset();
  server().run("DROP DATABASE IF EXISTS copy_of_shared");
  server().run("CREATE DATABASE copy_of_shared TEMPLATE shared");
  catalog = open_postgres("shared", options());
  auto running = catalog->start_epoch(WallTime::from_unix_s(kSomeDay.unix_s() + 100));
  ASSERT_TRUE(running.ok());
  done(CreateBucket{a_bucket("lost")});
  Listener listener(position_of(*catalog));
  catalog.reset();
  server().run("DROP DATABASE shared WITH (FORCE)");
  server().run("ALTER DATABASE copy_of_shared RENAME TO shared");
  other = open_postgres("shared", options());
  auto restored = other->start_epoch(WallTime::from_unix_s(kSomeDay.unix_s() + 200));
  ASSERT_TRUE(restored.ok());
  EXPECT_GT(restored->epoch, running->epoch);
  // As many changes as were lost, so that the numbers alone would not tell.
  ASSERT_TRUE(commit(*other, CreateBucket{a_bucket("new")}).ok());
  EXPECT_TRUE(listener.hears_of_all());
  EXPECT_TRUE(listener.hears<LoadedBucket>(
      [](const LoadedBucket& item) { return item.bucket.name == "new"; }));
}

TEST_F(SharedCatalog, ChangesBeyondWhatIsKeptMeanThatAllIsReadAnew) {
  PostgresCatalog::Options few = options();
  few.changes_kept = 3;
  catalog = open_postgres("shared", few);
  const CatalogPosition start = position_of(*catalog);
  for (int i = 0; i < 5; ++i) done(CreateBucket{a_bucket("b" + std::to_string(i))});
  std::vector<CatalogItem> items;
  expect_says(other->load_changes({start, {}}, collect_items(items)).error(), ErrorCode::kNotFound,
              "do not go back");
  Listener listener(start);
  EXPECT_TRUE(listener.hears_of_all());
}

TEST_F(SharedCatalog, WorksAgainAfterTheServerWasKilledAndStarted) {
  done(CreateBucket{a_bucket("models")});
  server().kill();
  auto failed = commit(*catalog, a_publish("models", "k", 1, 2));
  ASSERT_FALSE(failed.ok());
  expect_says(failed.error(), ErrorCode::kUnavailable, "start the PostgreSQL server");
  expect_says(catalog->policy("models", 1).error(), ErrorCode::kUnavailable, "PostgreSQL at ");
  server().start();
  done(a_publish("models", "k", 1, 2));
  // The other one finds its connection broken only when it uses it.
  auto again = commit(*other, a_publish("models", "k2", 2, 2));
  ASSERT_TRUE(again.ok()) << again.error().message;
}

TEST_F(SharedCatalog, AServerThatHangsIsGivenUpWithinTheTimeoutAndUsedAgainLater) {
  done(CreateBucket{a_bucket("models")});
  server().signal_all(SIGSTOP);
  const Instant begun = io::monotonic_now();
  auto failed = commit(*catalog, a_publish("models", "k", 1, 2));
  const Duration took = io::monotonic_now() - begun;
  server().signal_all(SIGCONT);
  ASSERT_FALSE(failed.ok());
  expect_says(failed.error(), ErrorCode::kUnavailable, "no answer within 1000 ms");
  EXPECT_LT(took, Duration::seconds(20));
  done(a_publish("models", "k", 1, 2));
}

TEST_F(SharedCatalog, ATrackerThatFreezesInMidCommitKeepsTheOthersOutForAShortTimeOnly) {
  done(CreateBucket{a_bucket("models")});
  auto frozen = other->begin_lasting();  // and says nothing more
  ASSERT_TRUE(frozen.ok());
  Result<Result<ChangeDone>> here(Error{});
  const Instant until = io::monotonic_now() + Duration::seconds(30);
  do {
    here = commit(*catalog, a_publish("models", "k", 1, 2));
    if (!here.ok()) {
      EXPECT_EQ(here.error().code, ErrorCode::kUnavailable) << here.error().message;
    }
  } while (!here.ok() && io::monotonic_now() < until);
  ASSERT_TRUE(here.ok());
  EXPECT_TRUE(here->ok());
}

TEST_F(SharedCatalog, TablesOfAnotherVersionAreRefusedWithTheRemedy) {
  catalog.reset();
  other.reset();
  server().run("UPDATE tyto.schema_version SET version = 99", "shared");
  auto newer = PostgresCatalog::open(address_of("shared"), options());
  ASSERT_FALSE(newer.ok());
  expect_says(newer.error(), ErrorCode::kUnsupported, "run the newer tracker");
  PostgresCatalog::Options migrating = options();
  migrating.old_schema = PostgresCatalog::OldSchema::kMigrate;
  EXPECT_FALSE(PostgresCatalog::open(address_of("shared"), migrating).ok());
}

TEST(PostgresCatalogFaults, WhatIsNotThereOrNotAllowedIsNamedWithTheRemedyAndWithoutThePassword) {
  server().run("DROP ROLE IF EXISTS nobody");
  server().run("CREATE ROLE nobody LOGIN");
  server().make_database("closed");
  auto open = [](const std::string& uri) {
    auto location = CatalogLocation::parse(uri);
    EXPECT_TRUE(location.ok()) << location.error().message;
    EXPECT_EQ(location->shown.find("hunter2"), std::string::npos);
    auto opened = open_catalog(*location, {.timeout = Duration::seconds(2)});
    EXPECT_FALSE(opened.ok());
    Error error = opened.ok() ? Error{} : opened.error();
    EXPECT_EQ(error.message.find("hunter2"), std::string::npos) << error.message;
    return error;
  };
  const std::string host = server().host();
  expect_says(open("postgres://postgres:hunter2@/missing?host=" + host), ErrorCode::kNotFound,
              "createdb");
  expect_says(open("postgres://stranger:hunter2@/closed?host=" + host), ErrorCode::kDenied,
              "check user and password");
  expect_says(open("postgres://nobody:hunter2@/closed?host=" + host), ErrorCode::kDenied,
              "own the database");
  expect_says(open("postgres://nobody:hunter2@127.0.0.1:1/closed"), ErrorCode::kUnavailable,
              "start the PostgreSQL server");
  expect_says(open("postgres:host=/nowhere dbname=x password=hunter2"), ErrorCode::kUnavailable,
              "/nowhere");
}

TEST(CatalogLocationText, IsAFileOrADatabaseAndNothingElse) {
  EXPECT_EQ(CatalogLocation::parse("sqlite:/var/lib/t.sqlite")->path, "/var/lib/t.sqlite");
  EXPECT_EQ(CatalogLocation::parse("postgresql://u:p@h:5/d")->shown, "postgres://u@h:5/d");
  for (const char* text : {"", "sqlite:", "/var/lib/t.sqlite", "mysql://u:hunter2@h/d",
                           "postgres:", "postgres://u:hunter2@h:x:y/d?a", "postgres:hunter2"}) {
    auto location = CatalogLocation::parse(text);
    ASSERT_FALSE(location.ok()) << text;
    EXPECT_EQ(location.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(location.error().message.find("postgres://USER@"), std::string::npos);
    EXPECT_EQ(location.error().message.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace tyto::tracker
