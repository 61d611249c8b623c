#include "tracker/catalog_command.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>

#include "io/loop/clock.h"
#include "tracker/catalog/catalog_file.h"
#include "tracker/catalog/catalog_location.h"

namespace tyto::tracker {
namespace {

struct Wish {
  std::string location;
  std::string file = "-";
  bool replaces = false;
};

// As the `tyto` command's: docs/cli.md.
int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return 2;
    case ErrorCode::kNotFound: return 3;
    case ErrorCode::kDenied: return 4;
    case ErrorCode::kOverloaded:
    case ErrorCode::kUnavailable:
    case ErrorCode::kTimedOut: return 5;
    case ErrorCode::kCorrupt: return 6;
    case ErrorCode::kNoSpace: return 7;
    case ErrorCode::kConflict: return 8;
    default: return 1;
  }
}

Result<std::unique_ptr<SqlCatalog>> open(const Wish& wish, CatalogUse use) {
  auto location = CatalogLocation::parse(wish.location);
  if (!location.ok()) return location.error();
  // A tool has more patience than a tracker.
  return open_catalog(*location, {.use = use, .timeout = Duration::seconds(60)});
}

Error no_file(const std::string& file, ErrorCode code) {
  return {code, "cannot open " + file + ": see whether it, or its folder, is there and allowed"};
}

Result<void> run_export(const Wish& wish) {
  auto catalog = open(wish, CatalogUse::kServe);
  if (!catalog.ok()) return catalog.error();
  if (wish.file == "-") return export_catalog(**catalog, std::cout);
  std::ofstream out(wish.file, std::ios::binary | std::ios::trunc);
  if (!out) return no_file(wish.file, ErrorCode::kDenied);
  return export_catalog(**catalog, out);
}

Result<void> run_import(const Wish& wish) {
  std::ifstream file;
  if (wish.file != "-") {
    file.open(wish.file, std::ios::binary);
    if (!file) return no_file(wish.file, ErrorCode::kNotFound);
  }
  auto catalog = open(wish, CatalogUse::kServe);
  if (!catalog.ok()) return catalog.error();
  return import_catalog(**catalog, wish.file == "-" ? std::cin : file,
                        wish.replaces ? ImportInto::kAnything : ImportInto::kEmpty, io::wall_now());
}

Result<void> run_migrate(const Wish& wish) {
  auto catalog = open(wish, CatalogUse::kMigrate);
  if (!catalog.ok()) return catalog.error();
  return (*catalog)->check();
}

CLI::App* add(CLI::App& app, const char* name, const char* help, Wish& wish) {
  auto* sub = app.add_subcommand(name, help);
  sub->add_option("catalog", wish.location,
                  "sqlite:PATH or postgres://USER@HOST:PORT/DATABASE; a password is better kept in "
                  "PGPASSWORD or ~/.pgpass")
      ->required();
  return sub;
}

}  // namespace

int run_catalog_command(int argc, char** argv) {
  CLI::App app("What lasts of a tracker: copies, and the upkeep of its tables.", "tyto catalog");
  app.require_subcommand(1);
  Wish wish;
  auto* exports = add(app, "export", "Write all of a catalog as lines of JSON", wish);
  exports->add_option("file", wish.file, "Where to; - is standard output")->capture_default_str();
  auto* imports = add(app, "import", "Read what export wrote into an empty catalog", wish);
  imports->add_option("file", wish.file, "What to read; - is standard input")
      ->capture_default_str();
  imports->add_flag("--replace", wish.replaces, "Lose what is in the catalog");
  auto* migrates = add(app, "migrate", "Bring a catalog's tables up to date, and check it", wish);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }
  Result<void> done;
  if (exports->parsed()) done = run_export(wish);
  if (imports->parsed()) done = run_import(wish);
  if (migrates->parsed()) done = run_migrate(wish);
  if (done.ok()) return 0;
  std::fprintf(stderr, "tyto catalog: %s\n", done.error().message.c_str());
  return exit_code_of(done.error().code);
}

}  // namespace tyto::tracker
