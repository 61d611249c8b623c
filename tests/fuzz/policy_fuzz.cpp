// Documents of policies are written by people and tools, and by later trackers.
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "tracker/settings/policy_document.h"

using namespace tyto;
using namespace tyto::tracker;

namespace {

// The edit leaves a document that is good and says the same a second time.
void check_edit(const std::string& text, const PolicyEdit& edit) {
  Result<std::string> edited = edit_policy(text, {edit});
  if (!edited) {
    TYTO_ASSERT(!edited.error().message.empty());
    return;
  }
  TYTO_ASSERT(parse_policy(*edited, "policy").ok());
  Result<std::string> again = edit_policy(*edited, {edit});
  TYTO_ASSERT(again.ok() && *again == *edited);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Result<Policy> policy = parse_policy(text, "policy");
  if (policy) {
    TYTO_ASSERT(check_policy(*policy).ok());
  } else {
    TYTO_ASSERT(policy.error().code == ErrorCode::kInvalidArgument);
    TYTO_ASSERT(policy.error().message.starts_with("policy"));
  }
  check_edit(text, {"selection.weight", "3"});
  check_edit(text, {"caching.ttl", "2h"});
  // The text as what somebody gives for a setting, and for its name.
  check_edit("", {"selection.rate", text});
  check_edit("[selection]\nweight = 3\n", {text, "3"});
  return 0;
}
