// The settings of the rows of a scenario file, and what several tables have in common.
#pragma once

#include <string>

#include "settings/table.h"
#include "sim/scenarios/document.h"

namespace tyto::sim {

inline constexpr uint64_t kRateMax = 1'000'000'000'000;
inline constexpr Duration kTimeMax = Duration::seconds(366 * 86400);
inline constexpr settings::BytesBounds kRates{1, kRateMax};
inline constexpr settings::DurationBounds kTimes{Duration(), kTimeMax};

// `name`: packets of a million that a link loses.
void add_loss(settings::Table& table, uint32_t& loss_ppm, const std::string& name);
// A link's settings, with `prefix` before their names.
void describe_link(settings::Table& table, LinkRates& link, const std::string& prefix);

// A disk's settings, likewise.
void describe_disk(settings::Table& table, DiskRates& disk, const std::string& prefix);

void describe_readers(settings::Table& table, ReadersRow& row);
void describe_objects(settings::Table& table, ObjectsRow& row);
void describe_reads(settings::Table& table, ReadsRow& row);
void describe_faults(settings::Table& table, FaultsRow& row);

}  // namespace tyto::sim
