#include "tracker/core/explain/record.h"

#include <cstddef>

namespace tyto::tracker {
namespace {

constexpr std::array<std::string_view, 16> kKindNames{
    "resolving", "resolved",      "opened",
    "assigned",  "leased",        "hedged",
    "delivered", "source_failed", "assignment_failed",
    "waited",    "waits",         "evicted",
    "refused",   "closed",        "gave_up",
    "gone"};
static_assert(kKindNames.size() == static_cast<std::size_t>(kRecordKindLast) + 1);

constexpr std::array<std::string_view, 6> kVerdictNames{"eligible", "busy",  "suspect",
                                                        "lacking",  "cycle", "policy"};

}  // namespace

std::string_view record_kind_name(RecordKind kind) {
  return kKindNames[static_cast<std::size_t>(kind)];
}

std::string_view verdict_name(Verdict verdict) {
  return kVerdictNames[static_cast<std::size_t>(verdict)];
}

}  // namespace tyto::tracker
