#include "io/postgres/errors.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace tyto::io {
namespace {

struct Row {
  std::string_view prefix;  // of the SQLSTATE; the first row that fits counts
  ErrorCode code;
  const char* remedy;
};

constexpr const char* kAskAgain = "; it is tried again";
constexpr std::array<Row, 21> kRows = {{
    {"53100", ErrorCode::kNoSpace, "; free space on the disk of the PostgreSQL server"},
    {"53300", ErrorCode::kUnavailable, "; raise its max_connections, or close other clients"},
    {"53", ErrorCode::kUnavailable, "; the PostgreSQL server lacks memory or other means"},
    {"58P01", ErrorCode::kCorrupt, "; its files are damaged: restore a backup"},
    {"58", ErrorCode::kUnavailable, "; see the log of the PostgreSQL server"},
    {"28", ErrorCode::kDenied,
     "; check user and password (in the address, in PGPASSWORD, or in ~/.pgpass) and the server's "
     "pg_hba.conf"},
    {"3D000", ErrorCode::kNotFound, "; make the database first: createdb -O USER DATABASE"},
    {"42501", ErrorCode::kDenied,
     "; let this user own the database: ALTER DATABASE name OWNER TO user"},
    {"57P03", ErrorCode::kUnavailable, "; it is starting or stopping: wait for it"},
    {"57P", ErrorCode::kUnavailable, "; start the PostgreSQL server"},
    {"57014", ErrorCode::kUnavailable, "; the PostgreSQL server is too slow, or a lock is held"},
    {"25P03", ErrorCode::kUnavailable, kAskAgain},
    {"25006", ErrorCode::kUnavailable,
     "; this PostgreSQL server only reads (it is a standby): give the primary's address"},
    {"40", ErrorCode::kUnavailable, kAskAgain},
    {"55P03", ErrorCode::kUnavailable, kAskAgain},
    {"55", ErrorCode::kUnavailable, ""},
    {"08", ErrorCode::kUnavailable, "; start the PostgreSQL server, or mend the way to it"},
    {"XX00", ErrorCode::kCorrupt, "; its files are damaged: restore a backup"},
    {"23", ErrorCode::kConflict, ""},
    {"22", ErrorCode::kInvalidArgument, ""},
    {"42P01", ErrorCode::kCorrupt, "; a table of the catalog is missing: restore a backup"},
}};

const Row* row_of(std::string_view sqlstate) {
  auto row = std::find_if(kRows.begin(), kRows.end(),
                          [&](const Row& one) { return sqlstate.starts_with(one.prefix); });
  return row == kRows.end() ? nullptr : &*row;
}

std::string first_line(std::string_view text) {
  std::string line(text.substr(0, text.find('\n')));
  while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back()))) line.pop_back();
  return line;
}

}  // namespace

ErrorCode code_of_sqlstate(std::string_view sqlstate) {
  if (sqlstate.empty()) return ErrorCode::kUnavailable;
  // XX000 is a bug of the server's, XX001 and XX002 are damaged data.
  if (sqlstate == "XX000") return ErrorCode::kInternal;
  const Row* row = row_of(sqlstate);
  return row == nullptr ? ErrorCode::kInternal : row->code;
}

Error postgres_error(const PostgresAddress& address, std::string_view sqlstate,
                     std::string_view message, std::string_view doing) {
  std::string text = "PostgreSQL at " + address.shown() + ": cannot " + std::string(doing) + ": " +
                     address.without_secrets(first_line(message));
  if (!sqlstate.empty()) text += " (SQLSTATE " + std::string(sqlstate) + ")";
  const Row* row = row_of(sqlstate);
  if (sqlstate.empty()) {
    text += "; start the PostgreSQL server, or mend the way to it";
  } else if (row != nullptr && sqlstate != "XX000") {
    text += row->remedy;
  }
  return {code_of_sqlstate(sqlstate), std::move(text)};
}

// "connection to server at ...failed: FATAL:  28P01: password authentication failed ...\nLOCATION"
ConnectFault parse_connect_fault(const std::string& text) {
  ConnectFault fault{"", first_line(text)};
  for (std::size_t at = 0; (at = fault.message.find(":  ", at)) != std::string::npos; at += 3) {
    const std::string state = fault.message.substr(at + 3, 5);
    const bool is_state = state.size() == 5 && fault.message.substr(at + 8, 2) == ": " &&
                          std::all_of(state.begin(), state.end(), [](unsigned char c) {
                            return std::isdigit(c) != 0 || (std::isupper(c) != 0);
                          });
    if (!is_state) continue;
    fault.sqlstate = state;
    fault.message.erase(at + 3, 7);
    break;
  }
  return fault;
}

}  // namespace tyto::io
