#include "io/sqlite/database.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "tests/support/temp_folder.h"

namespace tyto::io {
namespace {

std::unique_ptr<Database> open_or_die(const std::string& path, DatabaseOptions options = {}) {
  auto database = Database::open(path, options);
  EXPECT_TRUE(database.ok()) << database.error().message;
  return std::move(database).value();
}

int64_t count(Database& database, const std::string& table) {
  return database.query_int64("SELECT count(*) FROM " + table).value().value();
}

TEST(Database, ValuesOfEveryTypeComeBackAsTheyWent) {
  support::TempFolder folder(support::Medium::kMemory);
  auto database = open_or_die(folder.file("db"));
  ASSERT_TRUE(database->run("CREATE TABLE t (a, b, c, d, e, f)").ok());
  Digest digest = *Digest::from_hex(std::string(64, 'a'));
  std::string text("with\0zero and ünicode", 22);
  std::vector<std::byte> blob{std::byte{0}, std::byte{255}};
  auto insert = database->prepare("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)");
  ASSERT_TRUE(insert->bind_all(int64_t{-5}, ~uint64_t{0}, text, blob, digest, std::string_view())
                  .run()
                  .ok());
  auto select = database->prepare("SELECT * FROM t");
  ASSERT_TRUE(select->step().value());
  EXPECT_EQ(select->column_int64(0), -5);
  EXPECT_EQ(select->column_uint64(1), ~uint64_t{0});
  EXPECT_EQ(select->column_text(2), text);
  EXPECT_EQ(select->column_blob(3).size(), 2u);
  EXPECT_EQ(select->column_blob(3)[1], std::byte{255});
  EXPECT_EQ(select->column_digest(4).value(), digest);
  EXPECT_FALSE(select->column_is_null(5));
  EXPECT_EQ(select->column_digest(3).error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(select->step().value());
}

TEST(Database, AStatementRunsAgainWithOtherValues) {
  support::TempFolder folder(support::Medium::kMemory);
  auto database = open_or_die(folder.file("db"));
  ASSERT_TRUE(database->run("CREATE TABLE t (a INTEGER PRIMARY KEY)").ok());
  auto insert = database->prepare("INSERT INTO t VALUES (?)");
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(insert->bind_all(i).run().ok());
  EXPECT_EQ(count(*database, "t"), 10);
  auto repeated = insert->bind_all(3).run();
  EXPECT_EQ(repeated.error().code, ErrorCode::kConflict);
  EXPECT_NE(repeated.error().message.find(folder.file("db")), std::string::npos);
  EXPECT_TRUE(insert->bind_all(11).run().ok());
}

TEST(Database, ATransactionWithoutCommitIsUndone) {
  support::TempFolder folder(support::Medium::kMemory);
  auto database = open_or_die(folder.file("db"));
  ASSERT_TRUE(database->run("CREATE TABLE t (a)").ok());
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(database->run("INSERT INTO t VALUES (1)").ok());
  }
  EXPECT_EQ(count(*database, "t"), 0);
  {
    auto transaction = Transaction::begin(*database);
    ASSERT_TRUE(database->run("INSERT INTO t VALUES (1)").ok());
    ASSERT_TRUE(transaction->commit().ok());
  }
  EXPECT_EQ(count(*database, "t"), 1);
}

TEST(Database, AFileThatIsUsedAloneIsLockedUntilItIsClosedAndHasNoMapBeside) {
  support::TempFolder folder(support::Medium::kMemory);
  DatabaseOptions alone{.sharing = SqliteSharing::kAlone,
                        .busy_timeout = Duration::milliseconds(1)};
  {
    auto database = open_or_die(folder.file("db"), alone);
    ASSERT_TRUE(database->run("CREATE TABLE t (a)").ok());
    EXPECT_FALSE(std::ifstream(folder.file("db-shm")).is_open());
    auto second = Database::open(folder.file("db"), alone);
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
    EXPECT_NE(second.error().message.find("another process"), std::string::npos);
  }
  EXPECT_EQ(count(*open_or_die(folder.file("db"), alone), "t"), 0);
}

TEST(Database, AFileOfAnotherProgramIsRefused) {
  support::TempFolder folder(support::Medium::kMemory);
  { open_or_die(folder.file("db"), {.application_id = 0x7974})->run("CREATE TABLE t (a)").ok(); }
  EXPECT_TRUE(Database::open(folder.file("db"), {.application_id = 0x7974}).ok());
  auto other = Database::open(folder.file("db"), {.application_id = 0x1234});
  EXPECT_EQ(other.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(other.error().message.find("another program"), std::string::npos);
}

TEST(Database, AFileThatIsNoDatabaseIsCorrupt) {
  support::TempFolder folder(support::Medium::kMemory);
  std::ofstream(folder.file("db")) << std::string(10'000, 'x');
  auto database = Database::open(folder.file("db"));
  ASSERT_FALSE(database.ok());
  EXPECT_EQ(database.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(database.error().message.find(folder.file("db")), std::string::npos);
}

TEST(Database, AMissingFileIsNotFoundUnlessItMayBeMade) {
  support::TempFolder folder(support::Medium::kMemory);
  EXPECT_EQ(Database::open(folder.file("db"), {.mode = SqliteOpen::kExisting}).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(Database::open(folder.file("no/such/folder/db")).error().code, ErrorCode::kNotFound);
}

TEST(Database, ALockHeldByAnotherIsUnavailable) {
  support::TempFolder folder(support::Medium::kMemory);
  auto first = open_or_die(folder.file("db"));
  ASSERT_TRUE(first->run("CREATE TABLE t (a)").ok());
  auto second = open_or_die(folder.file("db"), {.busy_timeout = Duration::milliseconds(1)});
  auto held = Transaction::begin(*first);
  auto refused = Transaction::begin(*second);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnavailable);
}

TEST(Database, BadSqlIsAnErrorWithItsText) {
  support::TempFolder folder(support::Medium::kMemory);
  auto database = open_or_die(folder.file("db"));
  auto statement = database->prepare("SELEKT 1");
  EXPECT_EQ(statement.error().code, ErrorCode::kInternal);
  EXPECT_NE(statement.error().message.find("SELEKT"), std::string::npos);
}

constexpr Migration kTwoSteps[] = {
    {1, "CREATE TABLE t (a)"},
    {2, "ALTER TABLE t ADD COLUMN b; INSERT INTO t VALUES (1, 2)"},
};

TEST(Migrate, EachStepIsTakenOnceFromAnyVersion) {
  support::TempFolder folder(support::Medium::kMemory);
  auto database = open_or_die(folder.file("db"));
  ASSERT_TRUE(migrate(*database, std::span(kTwoSteps).first(1)).ok());
  ASSERT_TRUE(migrate(*database, kTwoSteps).ok());
  ASSERT_TRUE(migrate(*database, kTwoSteps).ok());
  EXPECT_EQ(count(*database, "t"), 1);
  EXPECT_EQ(database->query_int64("PRAGMA user_version").value(), 2);
}

TEST(Migrate, ANewerFileIsRefusedWithARemedyAndLeftAlone) {
  support::TempFolder folder(support::Medium::kMemory);
  auto database = open_or_die(folder.file("db"));
  ASSERT_TRUE(database->run("PRAGMA user_version = 3").ok());
  auto refused = migrate(*database, kTwoSteps);
  EXPECT_EQ(refused.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(refused.error().message.find("version 3"), std::string::npos);
  EXPECT_NE(refused.error().message.find("move the file away"), std::string::npos);
  EXPECT_EQ(count(*database, "sqlite_master"), 0);
}

TEST(Migrate, AStepThatFailsLeavesTheVersionBefore) {
  constexpr Migration kBroken[] = {{1, "CREATE TABLE t (a)"}, {2, "CREATE TABLE u (a); NONSENSE"}};
  support::TempFolder folder(support::Medium::kMemory);
  auto database = open_or_die(folder.file("db"));
  EXPECT_FALSE(migrate(*database, kBroken).ok());
  EXPECT_EQ(database->query_int64("PRAGMA user_version").value(), 1);
  EXPECT_EQ(count(*database, "sqlite_master"), 1);
}

}  // namespace
}  // namespace tyto::io
