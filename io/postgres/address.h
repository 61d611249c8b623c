// Where a PostgreSQL database is, and as whom one speaks to it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tyto::io {

// libpq's parameters, as host, port, user, dbname, sslmode. Environment variables (PGPASSWORD,
// PGHOST) and ~/.pgpass stand in for what is not given, as for all programs that use libpq.
class PostgresAddress {
 public:
  // Reads "postgres://USER@HOST:PORT/DATABASE?name=value", or "name=value name=value".
  // Errors: kInvalidArgument, which does not repeat the text: it may hold a password.
  static Result<PostgresAddress> parse(const std::string& text);

  // For people: the same without the password and other secrets.
  const std::string& shown() const { return shown_; }
  // As given; "" for what was not. Never for messages: "password" is one of them.
  std::string parameter(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& parameters() const { return parameters_; }
  // `text` with every appearance of the password replaced.
  std::string without_secrets(std::string text) const;

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::string shown_;
};

}  // namespace tyto::io
