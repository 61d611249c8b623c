// A scenario as it is written in a file: what stands there, before readers are counted out, targets
// are chosen and reads get their times. docs/scenarios.md describes the format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sim/engine/draw.h"
#include "sim/world/scenario.h"

namespace tyto::settings {
class Table;
}

namespace tyto::sim {

// [[readers]]: hosts that are alike.
struct ReadersRow {
  uint32_t line = 0;
  std::string name;
  uint32_t count = 8;
  LinkRates link{12'500'000, 12'500'000};
  DiskRates disk;
  uint64_t store_bytes = 16 * kGiB;
  uint64_t memory_bytes = 0;
  uint32_t uploads_max = 0;
  bool is_slow = false;
};

// How sizes follow one another in a row of objects.
enum class Sizes : uint8_t { kEqual, kSteps, kUniform, kLogUniform };

// [[objects]]: one, or many of a kind.
struct ObjectsRow {
  uint32_t line = 0;
  std::string key = "object";
  uint32_t count = 1;
  uint32_t chunks = 0;  // 0: `bytes` counts
  uint64_t bytes = 16 * kMiB;
  Sizes sizes = Sizes::kEqual;
  uint64_t step_bytes = 0;
  uint64_t bytes_max = 0;
  bool is_published = false;
  bool is_pinned = false;
};

// When the readers of a row come.
enum class Arrival : uint8_t { kAtOnce, kSpread, kEach, kWaves, kPoisson, kDiurnal };

// Which objects of a row a reader reads.
enum class Pick : uint8_t { kAll, kZipf };

// [[reads]]: a share of the workload.
struct ReadsRow {
  uint32_t line = 0;
  std::string who = "readers";
  std::string objects;  // a key; empty: the first row of objects
  Duration at = Duration::milliseconds(100);
  Arrival arrival = Arrival::kAtOnce;
  Duration over = Duration::seconds(10);
  Duration gap = Duration::seconds(1);
  uint32_t waves = 4;
  Day day;
  Pick pick = Pick::kAll;
  uint32_t zipf_permille = 1000;
  uint32_t reads_each = 1;
  Duration object_gap;  // between one object of the row and the next
  ReadMode mode = ReadMode::kWhole;
  uint32_t window = 8;
};

// [[faults]]: one kind, at one or many.
struct FaultsRow {
  uint32_t line = 0;
  FaultKind kind = FaultKind::kPeerCrash;
  std::string who;       // for faults of nodes
  std::string object;    // for origin_changes: a key; empty: the first object
  uint32_t zone = 0;     // for zone_cut
  uint32_t tracker = 0;  // for faults of trackers
  Duration at;
  Duration lasts = Duration::forever();
  uint32_t times = 1;
  Duration every = Duration::seconds(10);
  Duration gap;  // between one target and the next
};

struct ScenarioDocument {
  std::string file;  // as people call it, for messages
  std::string about;
  uint32_t superpeers = 1;
  std::vector<ReadersRow> readers{ReadersRow()};
  std::vector<ObjectsRow> objects{ObjectsRow()};
  std::vector<ReadsRow> reads{ReadsRow()};
  std::vector<FaultsRow> faults;
  std::string measured_object;
  uint32_t measured_chunk = kMiddle;
  Scenario scenario;  // all that is written in it as it is

  static constexpr uint32_t kMiddle = 0xffffffff;
};

// What a file that says nothing says.
ScenarioDocument empty_document();

// Reads a scenario. `file` is what it is called in messages.
// Errors: kInvalidArgument: file, line and key, what was expected, and what to do.
Result<ScenarioDocument> parse_scenario(std::string_view toml, std::string file);

// The format: every key with its meaning and default, as TOML.
std::string scenario_format();

// For the parts of this folder: adds every key, bound to `document`.
void add_scenario_settings(settings::Table& table, ScenarioDocument& document);
// "file:line: message", or "file: message" where no line is known.
Error scenario_error(const std::string& file, uint32_t line, const std::string& message);

}  // namespace tyto::sim
