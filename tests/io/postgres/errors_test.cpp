// What needs no server: addresses, errors, the text of statements. tests/tracker/catalog has the
// rest.
#include "io/postgres/errors.h"

#include <gtest/gtest.h>

#include "io/postgres/address.h"
#include "io/postgres/statement.h"

namespace tyto::io {
namespace {

TEST(PostgresErrors, TellWhatTheCallerIsToDo) {
  EXPECT_EQ(code_of_sqlstate("53100"), ErrorCode::kNoSpace);
  EXPECT_EQ(code_of_sqlstate("28P01"), ErrorCode::kDenied);
  EXPECT_EQ(code_of_sqlstate("42501"), ErrorCode::kDenied);
  EXPECT_EQ(code_of_sqlstate("3D000"), ErrorCode::kNotFound);
  EXPECT_EQ(code_of_sqlstate("XX001"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of_sqlstate("XX000"), ErrorCode::kInternal);
  EXPECT_EQ(code_of_sqlstate("42601"), ErrorCode::kInternal);
  EXPECT_EQ(code_of_sqlstate("23505"), ErrorCode::kConflict);
  for (const char* passing : {"", "57P01", "57P03", "57014", "25006", "40001", "55P03", "08006"})
    EXPECT_EQ(code_of_sqlstate(passing), ErrorCode::kUnavailable) << passing;
}

TEST(PostgresErrors, AFullDiskIsNoSpaceWithTheRemedy) {
  auto address = PostgresAddress::parse("postgres://me@db/tyto");
  Error error =
      postgres_error(*address, "53100", "ERROR:  could not extend file\nHINT: x", "write");
  EXPECT_EQ(error.code, ErrorCode::kNoSpace);
  EXPECT_EQ(error.message,
            "PostgreSQL at postgres://me@db/tyto: cannot write: ERROR:  could not extend file "
            "(SQLSTATE 53100); free space on the disk of the PostgreSQL server");
}

TEST(PostgresErrors, OfAFailedConnectionTheStateIsFound) {
  ConnectFault fault = parse_connect_fault(
      "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28P01: password "
      "authentication failed for user \"me\"\nLOCATION:  auth_failed, auth.c:338\n");
  EXPECT_EQ(fault.sqlstate, "28P01");
  EXPECT_EQ(fault.message,
            "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  password "
            "authentication failed for user \"me\"");
  fault =
      parse_connect_fault("connection to server failed: Connection refused\n\tIs it running?\n");
  EXPECT_EQ(fault.sqlstate, "");
  EXPECT_EQ(fault.message, "connection to server failed: Connection refused");
}

TEST(PostgresAddressText, IsShownWithoutItsPassword) {
  for (const char* text :
       {"postgres://me:hunter2@db:5433/tyto", "postgresql://db:5433/tyto?user=me&password=hunter2",
        "host=db port=5433 user=me password=hunter2 dbname=tyto"}) {
    auto address = PostgresAddress::parse(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address->shown(), "postgres://me@db:5433/tyto");
    EXPECT_EQ(address->without_secrets("it says hunter2, hunter2"), "it says ***, ***");
  }
  EXPECT_EQ(PostgresAddress::parse("postgres:///tyto?host=/run/pg")->shown(),
            "postgres:///tyto?host=/run/pg");
}

TEST(PostgresAddressText, ThatIsNotUnderstoodIsNotRepeated) {
  for (const char* text :
       {"postgres://me:hunter2@db/tyto?nonsense", "hunter2", "pass word=hunter2"}) {
    auto address = PostgresAddress::parse(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(address.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(PostgresStatementText, HasItsParametersNumbered) {
  EXPECT_EQ(numbered_parameters("SELECT ? WHERE a = ? AND b = ?"),
            "SELECT $1 WHERE a = $2 AND b = $3");
  EXPECT_EQ(numbered_parameters("SELECT ?2, ?1, ?12"), "SELECT $2, $1, $12");
  EXPECT_EQ(numbered_parameters("SELECT 1"), "SELECT 1");
}

}  // namespace
}  // namespace tyto::io
