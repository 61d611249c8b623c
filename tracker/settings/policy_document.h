// A bucket's policy as a TOML document, read, written and edited.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tracker/core/policy.h"

namespace tyto::settings {
class Table;
}

namespace tyto::tracker {

inline constexpr std::size_t kPolicyDocumentBytesMax = 64 * 1024;

// Adds selection.*, caching.* and origin.* to the table, bound to the members of `policy`.
// Ownership: borrows `policy`.
void add_policy_rows(settings::Table& table, Policy& policy);

// What single bounds cannot say. Errors: kInvalidArgument, naming the settings and the remedy.
Result<void> check_policy(const Policy& policy);

// The policy that a document describes; what it does not name has its default. `file` is what the
// document is called in messages.
// Errors: kInvalidArgument, with the line, the setting, what was found, what is expected.
Result<Policy> parse_policy(std::string_view toml, const std::string& file);

// A document with every setting, its meaning, its bounds and its default.
std::string default_policy_document();

// A setting of that name ("selection.policy") is to have `value`, as a person would write it
// without quotes.
struct PolicyEdit {
  std::string name;
  std::string value;
};

// The document with all of these settings set; all else stays as it is, comments included. The
// result is a good policy, which it need not be between the edits.
// Errors: kInvalidArgument as parse_policy(), also for a document that has no plain place to edit.
Result<std::string> edit_policy(const std::string& toml, const std::vector<PolicyEdit>& edits);

}  // namespace tyto::tracker
