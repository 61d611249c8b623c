#include "peer/cli/bucket_edit.h"

#include <cstdio>
#include <sstream>

#include "peer/cli/editor.h"
#include "peer/cli/exit_codes.h"
#include "peer/cli/text_file.h"

namespace tyto::cli {
namespace {

// All that can be set, each line to be uncommented.
std::string commented_format(const std::string& format) {
  std::istringstream lines(format);
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    bool is_entry = !line.empty() && line[0] != '#' && line[0] != '[';
    text += (is_entry ? "#" : "") + line + "\n";
  }
  return text;
}

// What the editor is to begin with.
Result<std::string> text_to_edit(const ApiOptions& options, const Json& present) {
  auto document = present["document"].get<std::string>();
  if (!document.empty()) return document;
  auto format = call_tracker(options.api, {"GET", "/policy-format", "", ""});
  if (!format.ok()) return format.error();
  return commented_format((*format)["document"].get<std::string>());
}

Error with_file_kept(Error error, const PolicyOptions& policy, EditedFile& file) {
  file.keep();
  std::string set = "tyto bucket set " + policy.name + " --file " + file.path();
  error.message += "; what you wrote is in " + file.path() + ": ";
  if (error.code == ErrorCode::kConflict)
    error.message += "put it together with what there is now (tyto bucket policy " + policy.name +
                     "), then " + set;
  else
    error.message +=
        "go on with it, then " + set + " --expected " + std::to_string(*policy.expected);
  return error;
}

}  // namespace

int run_bucket_edit(const ApiOptions& options, PolicyOptions policy) {
  auto fail = [&](const Error& error) { return report(error, options.format); };
  auto present = call_tracker(options.api, {"GET", policy_path(policy.name), "", ""});
  if (!present.ok()) return fail(present.error());
  policy.expected = (*present)["policy_version"].get<uint32_t>();
  auto before = text_to_edit(options, *present);
  if (!before.ok()) return fail(before.error());
  auto file = EditedFile::make("tyto-" + policy.name, ".toml", *before);
  if (!file.ok()) return fail(file.error());
  auto edited = open_editor(file->path());
  auto after = read_text_file(file->path());
  const bool is_changed = !after.ok() || *after != *before;
  if (!edited.ok())
    return fail(is_changed ? with_file_kept(edited.error(), policy, *file) : edited.error());
  if (!after.ok()) return fail(with_file_kept(after.error(), policy, *file));
  if (!is_changed) {
    std::fprintf(stderr, "tyto: unchanged; %s stays at policy version %u\n", policy.name.c_str(),
                 *policy.expected);
    if (options.format == Format::kJson) print_json(*present);
    return kExitOk;
  }
  auto answer = call_tracker(options.api, put_policy(policy, *after));
  if (!answer.ok()) return fail(with_file_kept(answer.error(), policy, *file));
  if (options.format == Format::kJson) {
    print_json(*answer);
  } else {
    print_change(*answer);
  }
  return kExitOk;
}

}  // namespace tyto::cli
