// Who is meant: nodes by index, by group, or a share of them.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/engine/random.h"
#include "sim/world/scenario.h"

namespace tyto::sim {

// The nodes that `text` means, each once, in their order:
//
//     everybody | readers | superpeers    all of them
//     reader 3 | readers 3-7              by index, from 0; superpeer and superpeers likewise
//     group NAME                          of that name; rack N, zone N: the readers in it
//     25% of WHOM                         so many of those, drawn from `rng`; at least one
//
// Errors: kInvalidArgument: what was found, what is known, and how many there are.
Result<std::vector<NodeId>> choose(std::string_view text, const FleetSpec& fleet, Rng& rng);

}  // namespace tyto::sim
