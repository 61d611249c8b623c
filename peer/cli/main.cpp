// tyto: the command line of a Tyto cluster.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>

#include "io/settings/settings.h"
#include "peer/cli/admin.h"
#include "peer/cli/agent.h"
#include "peer/cli/exit_codes.h"
#include "peer/cli/get.h"
#include "peer/cli/interrupt.h"
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
  BucketOptions bucket;
  PinOptions pin;
  std::string what;
  std::string store_bytes;
  bool is_json = false;
};

void add_common(CLI::App& sub, Command& command) {
  sub.add_flag("--json", command.is_json, "Print JSON");
}

void add_api(CLI::App& sub, Command& command) {
  add_common(sub, command);
  sub.add_option("--api", command.api.api, "The tracker's HTTP address")
      ->envname("TYTO_API")
      ->capture_default_str();
}

CLI::App* add_get(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("get", "Fetch an object into a file");
  GetOptions& get = command.get;
  sub->add_option("object", get.object, "bucket/key")->required();
  sub->add_option("-o,--output", get.output,
                  "Where to: a path, or - for standard output (default: the key's last part)");
  sub->add_option("--tracker", get.peer.trackers, "A tracker's host:port; may be repeated")
      ->envname("TYTO_TRACKER")
      ->capture_default_str();
  sub->add_option("--object-version", get.version, "This version (64 hex digits) and no other");
  sub->add_option("--store", get.peer.store_dir,
                  "Keep chunks in this folder, for later runs too (default: beside the output, "
                  "until the file is whole)");
  sub->add_option("--store-bytes", command.store_bytes, "Limit of --store, as 10GiB");
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
  add_common(*sub, command);
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
  add_api(*sub, command);
  return sub;
}

struct BucketCommands {
  CLI::App* create;
  CLI::App* show;
  CLI::App* ls;
};

BucketCommands add_bucket(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("bucket", "Make and show buckets");
  sub->require_subcommand(1);
  auto* create = sub->add_subcommand("create", "Make a bucket");
  create->add_option("name", command.bucket.name, "1 to 63 of a-z 0-9 -")->required();
  create->add_option("--origin", command.bucket.origin,
                     "URL that keys are appended to: http(s)://host/path/ or file:///path/");
  create
      ->add_option("--revalidate", command.bucket.revalidate,
                   "When names are looked up at the origin again")
      ->check(CLI::IsMember({"never", "age", "always"}))
      ->capture_default_str();
  create->add_option("--revalidate-age", command.bucket.revalidate_age, "With age: how old, as 60s")
      ->capture_default_str();
  create->add_flag("--trust-peers", command.bucket.trusts_peers,
                   "Let ordinary peers, not only superpeers, teach what they read at the origin");
  add_api(*create, command);
  auto* show = sub->add_subcommand("show", "Show a bucket");
  show->add_option("name", command.bucket.name, "The bucket")->required();
  add_api(*show, command);
  auto* ls = sub->add_subcommand("ls", "List buckets");
  add_api(*ls, command);
  return {create, show, ls};
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
  add_api(*pin, command);
  auto* ls = pin->add_subcommand("ls", "List what is pinned");
  ls->add_option("bucket", command.what, "Of this bucket only");
  add_api(*ls, command);
  auto* unpin = app.add_subcommand("unpin", "Let an object's copies be evicted again");
  unpin->add_option("object", command.what, "bucket/key")->required();
  add_api(*unpin, command);
  return {pin, ls, unpin};
}

int run_get_command(Command& command) {
  if (!command.store_bytes.empty()) {
    auto bytes = io::parse_bytes(command.store_bytes);
    if (!bytes.ok()) return report(bytes.error(), command.get.format);
    command.get.peer.store_bytes = *bytes;
  }
  return run_get(std::move(command.get));
}

int run(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "agent") == 0) return run_agent(argc - 1, argv + 1);
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
  add_api(*ls, command);
  auto* stat = app.add_subcommand("stat", "Show an object");
  stat->add_option("object", command.what, "bucket/key")->required();
  add_api(*stat, command);
  auto* peers = app.add_subcommand("peers", "List peers");
  add_api(*peers, command);
  BucketCommands bucket = add_bucket(app, command);
  PinCommands pin = add_pin(app, command);
  app.add_subcommand("agent", "Keep and serve what is fetched on this host");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    int code = app.exit(error);
    return code == 0 ? kExitOk : kExitUsage;
  }
  command.get.format = command.api.format = command.is_json ? Format::kJson : Format::kText;
  if (get->parsed()) return run_get_command(command);
  if (publish->parsed()) return run_publish(command.api, command.publish);
  if (ls->parsed()) return run_ls(command.api, command.what);
  if (stat->parsed()) return run_stat(command.api, command.what);
  if (peers->parsed()) return run_peers(command.api);
  if (pin.ls->parsed()) return run_pin_ls(command.api, command.what);
  if (pin.pin->parsed()) return run_pin(command.api, command.pin);
  if (pin.unpin->parsed()) return run_unpin(command.api, command.what);
  if (bucket.create->parsed()) return run_bucket_create(command.api, command.bucket);
  if (bucket.show->parsed()) return run_bucket_show(command.api, command.bucket.name);
  if (bucket.ls->parsed()) return run_bucket_ls(command.api);
  return kExitUsage;
}

}  // namespace
}  // namespace tyto::cli

int main(int argc, char** argv) {
  return tyto::cli::run(argc, argv);
}
