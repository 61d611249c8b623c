// A peer that runs for its own sake: what `tyto agent` and `tyto-superpeer` have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "io/log/log.h"
#include "peer/engine/engine.h"
#include "peer/store/disk_store.h"

namespace tyto::io {
class HttpServer;
class Loop;
class Settings;
}  // namespace tyto::io

namespace tyto::peer {

// What an operator can set. The defaults are here; what each means stands in add_settings(), and in
// `--print-config`.
struct DaemonSettings {
  std::vector<std::string> trackers = {"127.0.0.1:7400"};
  std::string name;
  std::string location;
  std::string listen_data = "0.0.0.0:7402";
  std::string listen_http = "127.0.0.1:7403";
  std::string advertise_host;
  std::string store_dir;
  uint64_t store_bytes = 10 * kGiB;
  uint64_t memory_bytes = 0;
  uint32_t uploads_max = 0;
  uint64_t upload_bytes_per_s = 0;
  uint64_t download_bytes_per_s = 0;
  std::string origin_ca_file;
  uint32_t origin_requests_max = 16;
  std::string credentials_file;
  io::LogLevel log_level = io::LogLevel::kInfo;
  io::LogFormat log_format = io::LogFormat::kText;
  std::string log_file;
  Duration leave_deadline = Duration::seconds(5);
  std::string ready_file;
};

// Adds every setting to the table, bound to the members of `settings`.
// Ownership: borrows `settings`.
void add_settings(io::Settings& table, DaemonSettings& settings);

// What a kind of daemon is.
struct DaemonKind {
  std::string program;    // "tyto-superpeer"
  std::string component;  // of log lines: "superpeer"
  Policy policy;
  // Called once the engine runs, to add what only this kind has; may be null. What it returns
  // lives until the engine has left.
  std::function<Result<std::shared_ptr<void>>(io::Loop&, Engine&, ChunkStore&, io::Log&)> extend;
};

// Runs until SIGTERM or SIGINT, then leaves in order. Returns the exit code: 0, 1 if it could not
// start, 2 for a wrong setting; says on stderr why.
int run_daemon(const DaemonKind& kind, const DaemonSettings& settings);

}  // namespace tyto::peer
