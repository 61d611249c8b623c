#include "peer/cli/agent.h"

#include <cstdio>
#include <filesystem>

#include "io/settings/settings.h"
#include "peer/cli/agent_api.h"
#include "peer/cli/get.h"
#include "peer/daemon/daemon.h"

namespace tyto::cli {

int run_agent(int argc, const char* const* argv) {
  peer::DaemonSettings settings;
  settings.store_dir = "/var/cache/tyto";
  settings.listen_data = "0.0.0.0:7404";
  settings.listen_http = "127.0.0.1:7405";
  std::string socket = default_agent_socket();
  io::Settings table("tyto agent",
                     "Keeps what `tyto get` fetches on this host, and serves it to others.",
                     TYTO_VERSION);
  add_settings(table, settings);
  table.add(socket, {"socket",
                     "The unix socket on which `tyto get` finds this agent. Empty: none. "
                     "The default can be set by TYTO_AGENT_SOCKET."});
  auto parsed = table.parse(argc, argv);
  if (!parsed.ok()) {
    std::fprintf(stderr, "tyto agent: %s\n", parsed.error().message.c_str());
    return 2;
  }
  if (parsed->action == io::ParseOutcome::Action::kExit) {
    std::fputs(parsed->output.c_str(), stdout);
    return 0;
  }
  peer::DaemonKind kind;
  kind.program = "tyto agent";
  kind.component = "agent";
  kind.extend = [&socket](io::Loop& loop, peer::Engine& engine, peer::ChunkStore& store,
                          io::Log& log) -> Result<std::shared_ptr<void>> {
    if (socket.empty()) return std::shared_ptr<void>();
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(socket).parent_path(), ignored);
    auto api = AgentApi::listen(loop, engine, store, log, socket);
    if (!api.ok()) return api.error();
    return std::shared_ptr<void>(*api);
  };
  return run_daemon(kind, settings);
}

}  // namespace tyto::cli
