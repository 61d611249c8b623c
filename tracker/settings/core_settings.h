// What an operator can set of the tracker's decisions, as rows of a table of settings. The tracker
// reads them from its file and flags, the simulator from its scenarios.
#pragma once

#include "base/result.h"
#include "tracker/core/config.h"

namespace tyto::settings {
class Table;
}

namespace tyto::tracker {

// Adds policy.*, session.* and limits.* to the table, bound to the members of `core`.
// Ownership: borrows `core`.
void add_core_settings(settings::Table& table, Config& core);

// What single bounds cannot say. Errors: kInvalidArgument, naming the settings and the remedy.
Result<void> check_core_settings(const Config& core);

}  // namespace tyto::tracker
