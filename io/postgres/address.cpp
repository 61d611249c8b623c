#include "io/postgres/address.h"

#include <libpq-fe.h>

#include <memory>

namespace tyto::io {
namespace {

bool is_secret(std::string_view name) {
  return name == "password" || name == "sslpassword";
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

}  // namespace

Result<PostgresAddress> PostgresAddress::parse(const std::string& text) {
  char* why = nullptr;
  std::unique_ptr<PQconninfoOption, FreeOptions> options(PQconninfoParse(text.c_str(), &why));
  // What libpq says of a text that it does not understand repeats parts of it.
  if (why != nullptr) PQfreemem(why);
  if (options == nullptr)
    return {ErrorCode::kInvalidArgument,
            "the address of the PostgreSQL database is not understood (it is not repeated here, "
            "since it may hold a password); expected postgres://USER@HOST:PORT/DATABASE, with "
            "special characters as %40, or host=HOST user=USER dbname=DATABASE"};
  PostgresAddress address;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr && *option->val != 0)
      address.parameters_.emplace_back(option->keyword, option->val);
  const std::string user = address.parameter("user");
  const std::string host = address.parameter("host");
  const std::string port = address.parameter("port");
  // A folder is a UNIX socket's.
  const bool is_socket = !host.empty() && host.front() == '/';
  address.shown_ = "postgres://" + user + (user.empty() ? "" : "@");
  address.shown_ += (is_socket ? "" : host) + (port.empty() ? "" : ":" + port) + "/" +
                    address.parameter("dbname") + (is_socket ? "?host=" + host : "");
  return address;
}

std::string PostgresAddress::parameter(std::string_view name) const {
  for (const auto& [keyword, value] : parameters_)
    if (keyword == name) return value;
  return "";
}

std::string PostgresAddress::without_secrets(std::string text) const {
  for (const auto& [keyword, value] : parameters_) {
    if (!is_secret(keyword)) continue;
    for (std::size_t at = 0; (at = text.find(value, at)) != std::string::npos; at += 3)
      text.replace(at, value.size(), "***");
  }
  return text;
}

}  // namespace tyto::io
