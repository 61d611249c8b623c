// tyto-superpeer: a large cache that trackers send to the origin for all.
#include <cstdio>

#include "io/settings/settings.h"
#include "peer/daemon/daemon.h"
#include "superpeer/core/superpeer_policy.h"

int main(int argc, char** argv) {
  tyto::peer::DaemonSettings settings;
  settings.store_bytes = 100 * tyto::kGiB;
  tyto::io::Settings table("tyto-superpeer",
                           "A peer without a reader: trackers have it read from origins for "
                           "others, and it keeps what it read.",
                           TYTO_VERSION);
  add_settings(table, settings);
  auto parsed = table.parse(argc, argv);
  if (!parsed.ok()) {
    std::fprintf(stderr, "tyto-superpeer: %s\n", parsed.error().message.c_str());
    return 2;
  }
  if (parsed->action == tyto::io::ParseOutcome::Action::kExit) {
    std::fputs(parsed->output.c_str(), stdout);
    return 0;
  }
  tyto::peer::DaemonKind kind;
  kind.program = "tyto-superpeer";
  kind.component = "superpeer";
  kind.policy = tyto::superpeer::superpeer_policy();
  return tyto::peer::run_daemon(kind, settings);
}
