// A scenario made smaller, as data: what is left out of it.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"
#include "sim/world/scenario.h"

namespace tyto::sim {

// Settings that can be as they are by default.
enum class KnobGroup : uint8_t {
  kLinks,
  kRacks,
  kStores,
  kUploads,
  kOrigin,
  kLatency,
  kTracker,
  kBucket,
  kCatalog,
  kPolicy,
  kModes,
  kTcp,
  kDisks,
  kBucketPolicy,
};
inline constexpr uint32_t kKnobGroups = 14;
std::string_view knob_group_name(KnobGroup group);

// What is left out of a scenario, numbered as the whole one numbers it.
struct Reduction {
  std::set<uint32_t> faults;
  std::set<uint32_t> reads;
  std::set<uint32_t> readers;           // with their reads and faults; later ones move up
  std::map<uint32_t, uint32_t> halved;  // object -> how often
  std::set<KnobGroup> plain;            // as by default
  Duration calm_at;                     // zero: as it is
  bool operator==(const Reduction&) const = default;
};

Scenario reduced(const Scenario& whole, const Reduction& reduction);
// "faults=0,2 reads=3 readers=1 halved=0x2 plain=links,latency calm=5000ms"; empty for nothing.
std::string reduction_text(const Reduction& reduction);
// The reverse. Errors: kInvalidArgument.
Result<Reduction> parse_reduction(std::string_view text);

// The scenario's people, reads and faults, a line each.
std::string scenario_text(const Scenario& scenario);

}  // namespace tyto::sim
