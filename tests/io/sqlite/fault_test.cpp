// The n-th operation on the disk fails, for every n.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sqlite/database.h"
#include "io/sqlite/fault_vfs.h"
#include "tests/support/temp_folder.h"

namespace tyto::io {
namespace {

constexpr Migration kTables[] = {{1, "CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)"}};
constexpr int kRows = 5;

// Writes rows 0 to 4, each in a transaction, and counts those that were committed.
Result<void> write_rows(const std::string& path, const std::string& vfs, int& committed) {
  auto database = Database::open(path, {.sync = SqliteSync::kFull, .vfs = vfs});
  if (!database) return database.error();
  if (auto done = migrate(**database, kTables); !done) return done;
  std::vector<std::byte> blob(5000, std::byte{1});
  for (int i = 0; i < kRows; ++i) {
    auto transaction = Transaction::begin(**database);
    if (!transaction) return transaction.error();
    auto insert = (*database)->prepare("INSERT INTO t VALUES (?, ?)");
    if (!insert) return insert.error();
    if (auto done = insert->bind_all(i, blob).run(); !done) return done;
    if (auto done = transaction->commit(); !done) return done;
    ++committed;
  }
  return {};
}

// What a program finds that opens the file after the fault.
int64_t rows_after(const std::string& path) {
  auto database = Database::open(path);
  EXPECT_TRUE(database.ok()) << database.error().message;
  EXPECT_TRUE(migrate(**database, kTables).ok());
  auto verdict = (*database)->prepare("PRAGMA integrity_check");
  EXPECT_TRUE(verdict->step().value());
  EXPECT_EQ(verdict->column_text(0), "ok");
  verdict->reset();
  return (*database)->query_int64("SELECT count(*) FROM t").value().value();
}

struct Fault {
  int sqlite_code;
  ErrorCode expected;
};

void fail_every_operation(const Fault& fault) {
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 10'000);
    support::TempFolder folder(support::Medium::kMemory);
    int seen = 0, committed = 0;
    Result<void> written;
    {
      SqliteFaultVfs faults([&](SqliteFileOp op, const std::string&) {
        if (op == SqliteFileOp::kOpen || op == SqliteFileOp::kRead) return SQLITE_OK;
        return ++seen == n ? fault.sqlite_code : SQLITE_OK;
      });
      written = write_rows(folder.file("db"), faults.name(), committed);
    }
    if (seen < n) {
      EXPECT_GT(n, 10) << "the faults were not asked";
      break;
    }
    SCOPED_TRACE(testing::Message() << "operation " << n);
    if (!written) {
      EXPECT_EQ(written.error().code, fault.expected) << written.error().message;
    }
    // A commit that reported an error may or may not have happened; no other row may be gone.
    int64_t rows = rows_after(folder.file("db"));
    EXPECT_GE(rows, committed);
    EXPECT_LE(rows, committed + 1);
  }
}

TEST(SqliteFault, AFullDiskAtAnyOperationLosesNoCommittedRow) {
  fail_every_operation({SQLITE_FULL, ErrorCode::kNoSpace});
}

TEST(SqliteFault, AnInputOutputErrorAtAnyOperationLosesNoCommittedRow) {
  fail_every_operation({SQLITE_IOERR_WRITE, ErrorCode::kUnavailable});
}

TEST(SqliteFault, AProcessKilledAtAnyOperationLosesNoCommittedRow) {
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 10'000);
    support::TempFolder folder(support::Medium::kMemory);
    int report[2];
    ASSERT_EQ(::pipe(report), 0);
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      int seen = 0, committed = 0;
      SqliteFaultVfs faults([&](SqliteFileOp op, const std::string&) {
        if (op != SqliteFileOp::kRead && ++seen == n) {
          static_cast<void>(!::write(report[1], &committed, sizeof committed));
          ::_exit(9);
        }
        return SQLITE_OK;
      });
      ::_exit(write_rows(folder.file("db"), faults.name(), committed).ok() ? 0 : 1);
    }
    int status = 0, committed = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(report[1]);
    bool was_killed = ::read(report[0], &committed, sizeof committed) == sizeof committed;
    ::close(report[0]);
    if (!was_killed) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      EXPECT_GT(n, 10);
      break;
    }
    SCOPED_TRACE(testing::Message() << "operation " << n);
    int64_t rows = rows_after(folder.file("db"));
    EXPECT_GE(rows, committed);
    EXPECT_LE(rows, committed + 1);
  }
}

}  // namespace
}  // namespace tyto::io
