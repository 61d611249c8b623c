// What a disk, an operator or another program can do to a catalog.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "io/sqlite/database.h"
#include "io/sqlite/fault_vfs.h"
#include "tests/tracker/catalog/catalog_builder.h"

namespace tyto::tracker {
namespace {

using CatalogFaults = CatalogTest;

void expect_says(const Error& error, ErrorCode code, const std::string& words) {
  EXPECT_EQ(error_code_name(error.code), error_code_name(code)) << error.message;
  EXPECT_NE(error.message.find(words), std::string::npos) << error.message;
}

TEST_F(CatalogFaults, AFullFileRefusesWithNoSpaceAndKeepsWhatItHas) {
  options.bytes_max = 256 * kKiB;
  open();
  done(CreateBucket{a_bucket("models")});
  Error error{};
  uint64_t n = 0;
  for (; n < 1000; ++n) {
    Change publish = a_publish("models", "k" + std::to_string(n), n, 200);
    auto results = catalog->commit(std::span(&publish, 1), kSomeDay);
    if (!results.ok()) {
      error = results.error();
      break;
    }
  }
  EXPECT_EQ(error.code, ErrorCode::kNoSpace) << error.message;
  EXPECT_GT(n, 10u);
  EXPECT_TRUE(catalog->check().ok());
  EXPECT_EQ(content().versions.size(), n);
  options.bytes_max = 0;
  open();
  done(a_publish("models", "more", n + 1, 200));
}

TEST_F(CatalogFaults, EachFailingDiskOperationLeavesTheCatalogAsItWas) {
  done(CreateBucket{a_bucket("models")});
  int countdown = -1;
  bool has_failed = false;
  io::SqliteFaultVfs vfs([&](io::SqliteFileOp op, const std::string&) {
    if (op != io::SqliteFileOp::kWrite && op != io::SqliteFileOp::kSync) return SQLITE_OK;
    if (countdown < 0 || --countdown >= 0) return SQLITE_OK;
    has_failed = true;
    return op == io::SqliteFileOp::kWrite ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
  });
  options.vfs = vfs.name();
  uint64_t failures = 0;
  for (int nth = 0; nth < 200; ++nth) {
    open();
    const std::size_t before = content().versions.size();
    has_failed = false;
    countdown = nth;
    Change publish = a_publish("models", "k", static_cast<uint64_t>(nth), 100);
    bool was_ok = false;
    {
      auto results = catalog->commit(std::span(&publish, 1), kSomeDay);
      was_ok = results.ok();
    }
    countdown = -1;
    failures += has_failed ? 1 : 0;
    if (!has_failed) {
      EXPECT_TRUE(was_ok);
      break;  // every operation of a commit has failed once
    }
    open();
    EXPECT_TRUE(catalog->check().ok());
    // A commit that reported failure may not be there; one that reported success must be.
    if (was_ok) {
      EXPECT_EQ(content().versions.size(), before + 1) << "operation " << nth;
    } else {
      EXPECT_EQ(content().versions.size(), before) << "operation " << nth;
    }
  }
  EXPECT_GT(failures, 2u);
  catalog.reset();
}

TEST_F(CatalogFaults, AFileThatIsNoCatalogIsRefusedAndLeftAlone) {
  catalog.reset();
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path() + suffix);
  const std::string text(5000, 'x');
  std::ofstream(path()) << text;
  auto opened = SqliteCatalog::open(path(), options);
  ASSERT_FALSE(opened.ok());
  expect_says(opened.error(), ErrorCode::kCorrupt, path());
  expect_says(opened.error(), ErrorCode::kCorrupt, "restore it from a copy");
  EXPECT_EQ(std::filesystem::file_size(path()), text.size());
}

TEST_F(CatalogFaults, AnotherProgramsDatabaseIsRefused) {
  const std::string other = folder.file("other.sqlite");
  {
    auto database = io::Database::open(other, {.application_id = 42});
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->run("CREATE TABLE mine (x)").ok());
  }
  auto opened = SqliteCatalog::open(other, options);
  ASSERT_FALSE(opened.ok());
  expect_says(opened.error(), ErrorCode::kInvalidArgument, other);
}

TEST_F(CatalogFaults, DamagedPagesAreReportedWhenTheyAreRead) {
  done(CreateBucket{a_bucket("models")});
  for (uint64_t n = 0; n < 50; ++n) done(a_publish("models", "k" + std::to_string(n), n, 100));
  catalog.reset();  // closing folds the write-ahead log into the file
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string garbage(std::filesystem::file_size(path()) - 8192, '\x5a');
    file.seekp(8192);
    file << garbage;
  }
  auto opened = SqliteCatalog::open(path(), options);
  Error error;
  if (opened.ok()) {
    auto read = content_of(**opened);
    ASSERT_FALSE(read.ok());
    error = read.error();
    EXPECT_FALSE((*opened)->check().ok());
  } else {
    error = opened.error();
  }
  expect_says(error, ErrorCode::kCorrupt, "restore it from a copy");
}

TEST_F(CatalogFaults, ANewerSchemaIsRefusedAndLeftAlone) {
  catalog.reset();
  const std::string newer = std::to_string(kCatalogSchemaVersion + 1);
  {
    auto database = io::Database::open(path());
    ASSERT_TRUE(database.ok());
    ASSERT_TRUE((*database)->run("PRAGMA user_version = " + newer).ok());
  }
  auto opened = SqliteCatalog::open(path(), options);
  ASSERT_FALSE(opened.ok());
  expect_says(opened.error(), ErrorCode::kUnsupported, "run the newer tracker");
  auto database = io::Database::open(path());
  ASSERT_TRUE(database.ok());
  EXPECT_EQ(std::to_string(*(*database)->query_int64("PRAGMA user_version").value()), newer);
}

TEST_F(CatalogFaults, AFolderThatCannotBeWrittenToIsNamed) {
  auto opened = SqliteCatalog::open("/proc/tyto/catalog.sqlite", options);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("/proc/tyto/catalog.sqlite"), std::string::npos);
  EXPECT_NE(opened.error().message.find("can be written to"), std::string::npos);
  opened = SqliteCatalog::open(folder.path(), options);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find(folder.path()), std::string::npos);
}

TEST_F(CatalogFaults, ASecondTrackerOnTheSameFileIsRefused) {
  auto second = SqliteCatalog::open(path(), options);
  ASSERT_FALSE(second.ok());
  expect_says(second.error(), ErrorCode::kUnavailable, "locked by another process");
  expect_says(second.error(), ErrorCode::kUnavailable, "all share one on PostgreSQL");
  catalog.reset();
  EXPECT_TRUE(SqliteCatalog::open(path(), options).ok());
}

TEST_F(CatalogFaults, OfAPolicyEachFailingDiskOperationLeavesThePolicyAsItWas) {
  done(CreateBucket{a_bucket("models")});
  int countdown = -1;
  bool has_failed = false;
  io::SqliteFaultVfs vfs([&](io::SqliteFileOp op, const std::string&) {
    if (op != io::SqliteFileOp::kWrite && op != io::SqliteFileOp::kSync) return SQLITE_OK;
    if (countdown < 0 || --countdown >= 0) return SQLITE_OK;
    has_failed = true;
    return op == io::SqliteFileOp::kWrite ? SQLITE_FULL : SQLITE_IOERR_FSYNC;
  });
  options.vfs = vfs.name();
  int failures = 0;
  for (int nth = 0; nth < 200; ++nth) {
    open();
    const PolicyRevision before = content().policies["models"];
    has_failed = false;
    countdown = nth;
    Change change = SetPolicy{"models", std::string(20'000, '#'), std::to_string(nth)};
    const bool was_ok = catalog->commit(std::span(&change, 1), kSomeDay).ok();
    countdown = -1;
    open();
    EXPECT_TRUE(catalog->check().ok());
    Content now = content();
    EXPECT_EQ(now.buckets["models"].policy_version, now.policies["models"].head.version);
    EXPECT_EQ(now.policies["models"] == before, !was_ok) << "operation " << nth;
    if (!has_failed) break;  // every operation of a commit has failed once
    ++failures;
  }
  EXPECT_GT(failures, 2);
  catalog.reset();
}

TEST_F(CatalogFaults, ABucketWithoutItsPolicyIsACorruptCatalogAndNamed) {
  done(CreateBucket{a_bucket("models")});
  catalog.reset();
  auto database = io::Database::open(path());
  ASSERT_TRUE(database.ok());
  ASSERT_TRUE((*database)->run("DELETE FROM policies").ok());
  database->reset();
  open();
  auto read = content_of(*catalog);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(read.error().message.find("\"models\""), std::string::npos) << read.error().message;
}

}  // namespace
}  // namespace tyto::tracker
