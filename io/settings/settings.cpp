#include "io/settings/settings.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace tyto::io {
namespace {

using settings::did_you_mean;
using settings::Setting;
using settings::TomlShape;

constexpr std::uintmax_t kFileBytesMax = 1 << 20;

// What the command line said, as texts.
struct CommandLine {
  std::string config;
  bool print_config = false;
  std::vector<std::vector<std::string>> flags;  // one entry a setting
  std::vector<std::string> positionals;         // one entry each
};

void add_flags(CLI::App& app, const std::vector<Setting>& settings, CommandLine& line) {
  app.add_option("--config", line.config, "Read settings from this TOML file")->type_name("FILE");
  app.add_flag("--print-config", line.print_config,
               "Print a file with every setting, its meaning and its default");
  line.flags.resize(settings.size());
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const Setting& setting = settings[i];
    std::string help =
        setting.doc.doc + " Is " + setting.expected + "; default " + setting.default_toml + ".";
    auto* option = app.add_option(setting.flag(), line.flags[i], help)
                       ->type_name("")
                       ->type_size(1)
                       ->allow_extra_args(false);
    if (setting.shape == TomlShape::kTexts)
      option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    else
      option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  }
}

Error refuse(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message) + "; --help lists the flags"};
}

// The first argument that nothing took.
Error unknown_argument(const std::string& argument, const std::vector<Setting>& settings) {
  if (!argument.starts_with("-")) return refuse("unexpected argument \"" + argument + "\"");
  std::vector<std::string> flags{"--config", "--print-config", "--help", "--version"};
  for (const auto& setting : settings) flags.push_back(setting.flag());
  std::string name = argument.substr(0, argument.find('='));
  return refuse("unknown flag " + name + did_you_mean(name, flags));
}

Result<void> apply_flags(std::vector<Setting>& settings, const CommandLine& line) {
  for (std::size_t i = 0; i < settings.size(); ++i) {
    if (line.flags[i].empty()) continue;
    if (auto stored = settings[i].store(line.flags[i]); !stored)
      return refuse(settings[i].flag() + ": " + stored.error().message);
    settings[i].is_given = true;
  }
  return {};
}

Result<void> check_required(const std::vector<Setting>& settings) {
  for (const auto& setting : settings)
    if (setting.doc.presence == Presence::kRequired && !setting.is_given)
      return {ErrorCode::kInvalidArgument,
              "setting \"" + setting.doc.name + "\" is missing: " + setting.doc.doc + " Give " +
                  setting.flag() + ", or set it in the file given to --config"};
  return {};
}

Result<std::string> read_text(const std::string& path) {
  std::error_code error;
  auto bytes = std::filesystem::file_size(path, error);
  if (!error && bytes > kFileBytesMax)
    return {ErrorCode::kInvalidArgument, path + ": is larger than 1 MiB; is it a configuration?"};
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (!error) text << in.rdbuf();
  if (error || !in)
    return {ErrorCode::kInvalidArgument,
            "cannot read the configuration " + path + ": " +
                (error ? error.message() : std::string(std::strerror(errno))) +
                "; check the path given to --config"};
  return text.str();
}

}  // namespace

Settings::Settings(std::string program, std::string description, std::string version)
    : program_(std::move(program)),
      description_(std::move(description)),
      version_(std::move(version)) {}

void Settings::add_positional(std::string& text, SettingDoc doc) {
  positionals_.push_back({std::move(doc), &text});
}

std::string Settings::commented_toml() const {
  return settings::toml_comment(program_ + ": " + description_) +
         settings::toml_comment(
             "Every setting with its default. Flags override this file: [listen] rpc is "
             "--listen-rpc.") +
         commented_rows();
}

Result<ParseOutcome> Settings::parse(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(description_, program_);
  app.set_version_flag("--version", program_ + " " + version_);
  app.allow_extras();
  add_flags(app, settings(), line);
  line.positionals.resize(positionals_.size());
  for (std::size_t i = 0; i < positionals_.size(); ++i) {
    const SettingDoc& doc = positionals_[i].doc;
    auto* option = app.add_option(doc.name, line.positionals[i], doc.doc);
    option->required(doc.presence == Presence::kRequired);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {  // --help and --version
    std::ostringstream out, ignored;
    app.exit(asked, out, ignored);
    return ParseOutcome{ParseOutcome::Action::kExit, out.str()};
  } catch (const CLI::ParseError& error) {
    return refuse(error.what());
  }
  if (auto extras = app.remaining(); !extras.empty())
    return unknown_argument(extras.front(), settings());
  if (line.print_config) return ParseOutcome{ParseOutcome::Action::kExit, commented_toml()};

  if (!line.config.empty()) {
    auto text = read_text(line.config);
    if (!text) return text.error();
    if (auto done = apply(*text, {line.config, "--print-config lists all"}); !done)
      return done.error();
  }
  if (auto done = apply_flags(settings_to_fill(), line); !done) return done.error();
  if (auto done = check_required(settings()); !done) return done.error();
  for (std::size_t i = 0; i < positionals_.size(); ++i)
    if (!line.positionals[i].empty()) *positionals_[i].target = line.positionals[i];
  return ParseOutcome{};
}

}  // namespace tyto::io
