#include "io/settings/settings.h"

#include <CLI/CLI.hpp>
#include <sstream>

#include "io/settings/setting_table.h"

namespace tyto::io {
namespace {

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

}  // namespace

Result<ParseOutcome> Settings::parse(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(state_->description, state_->program);
  app.set_version_flag("--version", state_->program + " " + state_->version);
  app.allow_extras();
  add_flags(app, state_->settings, line);
  line.positionals.resize(state_->positionals.size());
  for (std::size_t i = 0; i < state_->positionals.size(); ++i) {
    const SettingDoc& doc = state_->positionals[i].doc;
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
    return unknown_argument(extras.front(), state_->settings);
  if (line.print_config) return ParseOutcome{ParseOutcome::Action::kExit, commented_toml()};

  if (!line.config.empty())
    if (auto done = state_->apply_file(line.config); !done) return done.error();
  if (auto done = apply_flags(state_->settings, line); !done) return done.error();
  if (auto done = check_required(state_->settings); !done) return done.error();
  for (std::size_t i = 0; i < state_->positionals.size(); ++i)
    if (!line.positionals[i].empty()) *state_->positionals[i].target = line.positionals[i];
  return ParseOutcome{};
}

}  // namespace tyto::io
