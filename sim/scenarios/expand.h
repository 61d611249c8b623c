// From a document to what is run: readers are counted out, targets chosen, reads and faults get
// their times.
#pragma once

#include "base/result.h"
#include "sim/scenarios/catalogue.h"
#include "sim/scenarios/document.h"

namespace tyto::sim {

// The scenario that `document` describes, with the seed. Knobs override the document: readers are
// dealt out over its groups in proportion, and all objects get the size.
// Errors: kInvalidArgument: file, line and key, what was expected, and what to do.
Result<Scenario> expand(const ScenarioDocument& document, std::string_view name,
                        const Knobs& knobs);

}  // namespace tyto::sim
