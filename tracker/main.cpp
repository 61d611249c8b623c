// tyto-tracker: the brain of a Tyto cluster.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "io/log/log.h"
#include "io/loop/loop.h"
#include "io/settings/settings.h"
#include "tracker/catalog_command.h"
#include "tracker/server/ready_file.h"
#include "tracker/server/settings.h"
#include "tracker/server/tracker_server.h"

namespace tyto::tracker {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;    // could not start
constexpr int kExitBadUsage = 2;  // a wrong setting

int complain(const Error& error, int exit_code) {
  std::fprintf(stderr, "tyto-tracker: %s\n", error.message.c_str());
  return exit_code;
}

// Announces the addresses: a line for people, a file for programs.
Result<void> announce(const TrackerServer& server, const TrackerSettings& settings) {
  std::printf("tyto-tracker ready: rpc %s, http %s\n", server.rpc_address().text().c_str(),
              server.http_address().text().c_str());
  std::fflush(stdout);
  if (settings.ready_file.empty()) return {};
  return write_ready_file(settings.ready_file, server.rpc_address(), server.http_address());
}

int serve(const TrackerSettings& settings) {
  auto log = io::Log::open({.component = "tracker",
                            .level = settings.log_level,
                            .format = settings.log_format,
                            .file = settings.log_file});
  if (!log.ok()) return complain(log.error(), kExitFailed);
  io::Log& lines = **log;
  io::Loop loop({.on_bug = [&](std::string_view what) {
    lines.error("a bug: this process ends", {{"what", what}});
  }});
  auto server = TrackerServer::start(loop, lines, settings);
  if (!server.ok()) return complain(server.error(), kExitFailed);
  loop.on_signal({SIGTERM, SIGINT, SIGHUP}, [&](int signal) {
    if (signal == SIGHUP) {
      if (auto opened = lines.reopen(); !opened.ok())
        lines.error("the log file cannot be opened anew", {{"error", opened.error()}});
      return;
    }
    lines.info("draining", {{"signal", signal}});
    (*server)->drain([&] { loop.stop(); });
  });
  if (auto told = announce(**server, settings); !told.ok())
    return complain(told.error(), kExitFailed);
  lines.info("ready", {{"rpc", (*server)->rpc_address().text()},
                       {"http", (*server)->http_address().text()},
                       {"epoch", (*server)->epoch()}});
  loop.run();
  server->reset();
  lines.info("ended");
  return kExitOk;
}

int run(int argc, const char* const* argv) {
  TrackerSettings settings;
  io::Settings table("tyto-tracker",
                     "The tracker of a Tyto cluster: knows peers and their chunks, and decides "
                     "who reads what from whom.",
                     TYTO_VERSION);
  add_settings(table, settings);
  auto parsed = table.parse(argc, argv);
  if (!parsed.ok()) return complain(parsed.error(), kExitBadUsage);
  if (parsed->action == io::ParseOutcome::Action::kExit) {
    std::fputs(parsed->output.c_str(), stdout);
    return kExitOk;
  }
  if (auto checked = check_settings(settings); !checked.ok())
    return complain(checked.error(), kExitBadUsage);
  return serve(settings);
}

}  // namespace
}  // namespace tyto::tracker

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "catalog") == 0)
    return tyto::tracker::run_catalog_command(argc - 1, argv + 1);
  return tyto::tracker::run(argc, argv);
}
