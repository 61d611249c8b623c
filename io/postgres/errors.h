// What PostgreSQL's errors mean to a caller.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/postgres/address.h"

namespace tyto::io {

// The code for an SQLSTATE of five characters (PostgreSQL manual, appendix A); "" for errors of the
// connection, which have none.
ErrorCode code_of_sqlstate(std::string_view sqlstate);

// An error that names the database, says what PostgreSQL says, and what to do.
// `doing` completes "cannot ...".
Error postgres_error(const PostgresAddress& address, std::string_view sqlstate,
                     std::string_view message, std::string_view doing);

// From what libpq says of a connection that failed, with its verbosity at PQERRORS_VERBOSE: the
// SQLSTATE ("" where the server did not speak) and the sentence.
struct ConnectFault {
  std::string sqlstate;
  std::string message;
};
ConnectFault parse_connect_fault(const std::string& text);

}  // namespace tyto::io
