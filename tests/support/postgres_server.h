// A PostgreSQL server of a test's own.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"

namespace tyto::support {

// Listens on a UNIX socket in a fresh folder, as the user `postgres` where the test is root, for
// PostgreSQL refuses to run as root. It does not sync to the disk. Ended, with its folder, at the
// end, and with the process that started it.
class PostgresServer {
 public:
  // The server of this process, started when first asked for.
  static PostgresServer& shared();

  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // The address of a database, as libpq takes it; user "postgres", trusted.
  std::string uri(const std::string& database = "postgres") const;
  std::string host() const { return folder_; }
  // Runs statements, each by itself. Throws if one fails.
  void run(const std::string& sql, const std::string& database = "postgres") const;
  // Makes an empty database of this name in place of a former one.
  void make_database(const std::string& name) const;

  // Starts it, and returns once it answers. Throws if it does not.
  void start();
  // Ends it at once, as a crash does.
  void kill();
  // Sends it and all its processes a signal (SIGSTOP, SIGCONT).
  void signal_all(int signal) const;

 private:
  std::string folder_;
  pid_t pid_ = 0;
};

}  // namespace tyto::support
