// Every property that a world is held to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "sim/world/checker.h"

namespace tyto::sim {

// Whatever is stored, or given to a reader, is the right content of the right version.
std::unique_ptr<Checker> content_checker();
// Reads end in time; those that must complete do, with every chunk.
std::unique_ptr<Checker> progress_checker();
// Sources keep to their caps; exchanges to their bounds.
std::unique_ptr<Checker> caps_checker();
// One reader of a chunk at the origin at a time; no chunk is read there more often than it may be.
std::unique_ptr<Checker> leases_checker();
// The fleet keeps to the budget of the bucket's origin: reads at once, and bytes.
std::unique_ptr<Checker> budgets_checker();
// No second has more requests of the bucket's origin than there may be.
std::unique_ptr<Checker> requests_checker();
// Nobody is told to free what is pinned.
std::unique_ptr<Checker> pins_checker();
// Copies in flight never wait for one another in a circle; generations grow.
std::unique_ptr<Checker> trees_checker();
// In the end, tracker, cores and stores agree on who holds what; meanwhile the tracker's tables
// agree with one another.
std::unique_ptr<Checker> inventories_checker();

// Nothing grows without bound: records are in proportion to who is there and what goes on, and in
// the end, when all is read, there are none of what went on.
std::unique_ptr<Checker> bounds_checker();
// Of the bytes that came into each rack, those of more copies than Expectations' limit, in words.
// A limit of 0: none.
std::vector<std::string> racks_entered_too_often(const std::vector<uint64_t>& into_rack,
                                                 uint64_t bytes_wanted, uint64_t permille_max);
// What is read crosses into a rack about once: Expectations::rack_copies_permille_max.
std::unique_ptr<Checker> racks_checker();

// What is read comes into a region from others about once, and no faster than its bucket lets it:
// Expectations::region_copies_permille_max, SelectionPolicy::bytes_between_regions_per_s.
std::unique_ptr<Checker> regions_checker();

std::vector<std::unique_ptr<Checker>> all_checkers();

}  // namespace tyto::sim
