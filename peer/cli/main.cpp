// tyto: the command line of a Tyto cluster.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>

#include "io/settings/settings.h"
#include "peer/cli/admin.h"
#include "peer/cli/agent.h"
#include "peer/cli/bucket_commands.h"
#include "peer/cli/catalog.h"
#include "peer/cli/exit_codes.h"
#include "peer/cli/explain.h"
#include "peer/cli/get.h"
#include "peer/cli/interrupt.h"
#include "peer/cli/pin.h"
#include "peer/cli/publish.h"

namespace tyto::cli {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found, 4 denied, 5 unavailable or timed "
    "out (try again), 6 corrupt, 7 no space, 8 changed meanwhile or already there, 130 "
    "interrupted.\n"
    "`tyto agent --help` has a list of its own.";

struct Command {
  GetOptions get;
  ApiOptions api;
  PublishOptions publish;
  ExplainOptions explain;
  PinOptions pin;
  std::string what;
  std::string store_bytes;
  std::string memory_bytes;
};

CLI::App* add_get(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("get", "Fetch an object into a file");
  GetOptions& get = command.get;
  sub->add_option("object", get.object, "bucket/key")->required();
  sub->add_option("-o,--output", get.output,
                  "Where to: a path, or - for standard output (default: the key's last part)");
  sub->add_option("--tracker", get.peer.trackers,
                  "Where trackers are: host:port or srv:NAME; may be repeated")
      ->envname("TYTO_TRACKER")
      ->capture_default_str();
  sub->add_option("--object-version", get.version, "This version (64 hex digits) and no other");
  sub->add_option("--store", get.peer.store_dir,
                  "Keep chunks in this folder, for later runs too (default: beside the output, "
                  "until the file is whole)");
  sub->add_option("--store-bytes", command.store_bytes, "Limit of --store, as 10GiB");
  sub->add_option("--memory-bytes", command.memory_bytes,
                  "Memory lent for buckets that are kept in memory only, as 1GiB");
  sub->add_option("--linger", get.linger, "Go on serving others for so long, as 60s");
  sub->add_option("--agent", get.agent, "The socket of an agent to fetch through");
  sub->add_flag("!--no-agent", get.uses_agent, "Do not use this host's agent");
  sub->add_option("--name", get.peer.name, "This peer's name, for people");
  sub->add_option("--location", get.peer.location, "region/zone/rack/host of this host");
  sub->add_option("--listen", get.peer.listen, "Where to serve others: host:port")
      ->capture_default_str();
  sub->add_option("--advertise", get.peer.advertise_host, "The host name others reach that under");
  sub->add_option("--progress", get.progress, "How progress is shown, on standard error")
      ->check(CLI::IsMember({"auto", "bar", "lines", "json", "off"}))
      ->capture_default_str();
  sub->add_option("--done-file", get.done_file, "Write the summary here once the file is whole");
  sub->add_option("--ca-file", get.peer.origin_ca_file,
                  "Certificates (PEM) to trust for https origins");
  sub->add_flag("-v,--verbose", get.is_verbose, "Log to standard error");
  add_json(*sub, get.format);
  return sub;
}

CLI::App* add_publish(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand(
      "publish", "Make a manifest of a file or an origin's object, and give it to the tracker");
  PublishOptions& publish = command.publish;
  sub->add_option("source", publish.source, "A file, or an http(s):// or file:// URL")->required();
  sub->add_option("object", publish.object, "bucket/key")->required();
  sub->add_option("--torrent", publish.torrent_file,
                  "Keep the manifest here, as a BitTorrent v2 torrent");
  sub->add_flag("--only-torrent", publish.only_torrent, "Do not tell the tracker");
  sub->add_option("--ca-file", publish.ca_file, "Certificates (PEM) to trust for https");
  add_api(*sub, command.api);
  return sub;
}

CLI::App* add_explain(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand(
      "explain", "Say why an object was read as it was: sources, waits, failures, evictions");
  ExplainOptions& explain = command.explain;
  sub->add_option("object", explain.object, "bucket/key; may be left out with --peer");
  sub->add_option("--peer", explain.peer,
                  "Only what this peer read: its name, or the first digits of its id");
  sub->add_option("--chunk", explain.chunk, "Only this chunk, counted from 0");
  sub->add_option("--since", explain.since, "Only what is not older, as 10m");
  sub->add_option("--limit", explain.limit, "Lines of the time line: the newest")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  sub->add_flag("--candidates", explain.shows_candidates,
                "Show who else was looked at, where that was kept");
  add_api(*sub, command.api);
  return sub;
}

struct PinCommands {
  CLI::App* pin;
  CLI::App* ls;
  CLI::App* unpin;
};

PinCommands add_pin(CLI::App& app, Command& command) {
  auto* pin = app.add_subcommand("pin", "Keep an object's copies from being evicted, for a time");
  pin->add_option("object", command.pin.object, "bucket/key, or ls to list what is pinned");
  pin->add_option("--for", command.pin.span, "For how long, as 7d");
  pin->add_option("--object-version", command.pin.version,
                  "This version (64 hex digits), not what the name stands for now");
  add_api(*pin, command.api);
  auto* ls = pin->add_subcommand("ls", "List what is pinned");
  ls->add_option("bucket", command.what, "Of this bucket only");
  add_api(*ls, command.api);
  auto* unpin = app.add_subcommand("unpin", "Let an object's copies be evicted again");
  unpin->add_option("object", command.what, "bucket/key")->required();
  add_api(*unpin, command.api);
  return {pin, ls, unpin};
}

int run_get_command(Command& command) {
  for (auto [text, limit] : {std::pair(&command.store_bytes, &command.get.peer.store_bytes),
                             std::pair(&command.memory_bytes, &command.get.peer.memory_bytes)}) {
    if (text->empty()) continue;
    auto bytes = io::parse_bytes(*text);
    if (!bytes.ok()) return report(bytes.error(), command.get.format);
    *limit = *bytes;
  }
  return run_get(std::move(command.get));
}

int run(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "agent") == 0) return run_agent(argc - 1, argv + 1);
  if (argc > 1 && std::strcmp(argv[1], "catalog") == 0) return run_catalog(argc, argv);
  install_interrupts();
  CLI::App app("Tyto: puts large objects on many machines at once.", "tyto");
  app.set_version_flag("--version", "tyto " TYTO_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  Command command;
  auto* get = add_get(app, command);
  auto* publish = add_publish(app, command);
  auto* ls = app.add_subcommand("ls", "List buckets, or the objects of one");
  ls->add_option("what", command.what, "bucket or bucket/prefix");
  add_api(*ls, command.api);
  auto* stat = app.add_subcommand("stat", "Show an object");
  stat->add_option("object", command.what, "bucket/key")->required();
  add_api(*stat, command.api);
  auto* peers = app.add_subcommand("peers", "List peers");
  add_api(*peers, command.api);
  auto* trackers = app.add_subcommand("trackers", "List the trackers of the cluster");
  add_api(*trackers, command.api);
  auto* explain = add_explain(app, command);
  PinCommands pin = add_pin(app, command);
  BucketCommands bucket(app);
  app.add_subcommand("agent", "Keep and serve what is fetched on this host");
  app.add_subcommand("catalog", "Copy a tracker's catalog, or bring its tables up to date");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? kExitOk : kExitUsage;
  }
  if (get->parsed()) return run_get_command(command);
  if (publish->parsed()) return run_publish(command.api, command.publish);
  if (ls->parsed()) return run_ls(command.api, command.what);
  if (stat->parsed()) return run_stat(command.api, command.what);
  if (peers->parsed()) return run_peers(command.api);
  if (trackers->parsed()) return run_trackers(command.api);
  if (explain->parsed()) return run_explain(command.api, command.explain);
  if (pin.ls->parsed()) return run_pin_ls(command.api, command.what);
  if (pin.pin->parsed()) return run_pin(command.api, command.pin);
  if (pin.unpin->parsed()) return run_unpin(command.api, command.what);
  if (bucket.is_given()) return bucket.run();
  return kExitUsage;
}

}  // namespace
}  // namespace tyto::cli

int main(int argc, char** argv) {
  return tyto::cli::run(argc, argv);
}
