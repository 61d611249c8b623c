#include "schema/messages/reason.h"

#include <array>
#include <cstddef>

namespace tyto {
namespace {

struct Row {
  Choice choice;
  std::string_view name;
  std::string_view words;
};

// Each choice's name, and what it says to people.
constexpr std::array kRows{
    Row{Choice::kNone, "none", "no reason is known"},
    Row{Choice::kWholeCopy, "whole_copy", "the best whole copy"},
    Row{Choice::kInFlightCopy, "in_flight_copy", "the best copy, itself still on its way"},
    Row{Choice::kSuperpeerCopy, "superpeer_copy", "the best copy is a superpeer's"},
    Row{Choice::kOriginLease, "origin_lease", "read once, for all"},
    Row{Choice::kOriginNoSuperpeer, "origin_no_superpeer",
        "no superpeer could be sent for it, so the reader went itself"},
    Row{Choice::kWaitForLease, "wait_for_lease", "what it lacks is being read from the origin"},
    Row{Choice::kWaitForSource, "wait_for_source", "nobody who holds what it lacks could serve it"},
    Row{Choice::kWaitForRecovery, "wait_for_recovery",
        "the tracker had just started and did not know yet who holds what"},
    Row{Choice::kWaitForSpace, "wait_for_space", "its store was full until an eviction was done"},
    Row{Choice::kEvictLru, "evict_lru", "least recently used there"},
    Row{Choice::kEvictConsumed, "evict_consumed", "its reader there had passed it"},
    Row{Choice::kWaitForSuperpeer, "wait_for_superpeer",
        "every superpeer had as many origin reads as it may, or no room"},
    Row{Choice::kWaitForRetry, "wait_for_retry", "the origin had failed a moment before"},
    Row{Choice::kEvictCorrupt, "evict_corrupt", "a reader was sent bytes that do not match"},
    Row{Choice::kEvictConflict, "evict_conflict", "it does not match the root that is known"},
    Row{Choice::kRefuseNotFound, "refuse_not_found", "there is no such object"},
    Row{Choice::kRefuseNoSpace, "refuse_no_space", "the reader's store cannot take it"},
    Row{Choice::kRefuseChanged, "refuse_changed", "the origin has another version by now"},
    Row{Choice::kRefuseUnavailable, "refuse_unavailable",
        "it could not be had from anybody, or not in time"},
    Row{Choice::kRefuseOther, "refuse_other", "it ended with an error"},
    Row{Choice::kWaitForTurn, "wait_for_turn",
        "what only superpeers hold went to readers that pass it on"},
    Row{Choice::kOriginPolicy, "origin_policy", "its bucket has each reader go itself"},
    Row{Choice::kOriginCold, "origin_cold",
        "too few ask for the object, so the reader went past the superpeers"},
    Row{Choice::kWaitForRate, "wait_for_rate", "its bucket was sent as much as it may be"},
    Row{Choice::kEvictLeastRare, "evict_least_rare", "of those looked at, most others had it"},
    Row{Choice::kEvictRandom, "evict_random", "it was drawn by lot"},
    Row{Choice::kEvictExpired, "evict_expired",
        "it was not used for as long as its bucket keeps copies"},
    Row{Choice::kEvictQuota, "evict_quota", "its bucket had all it may of the store there"},
    Row{Choice::kEvictNotAdmitted, "evict_not_admitted",
        "nobody read it any more, and only superpeers keep its bucket"},
    Row{Choice::kWaitForOrigin, "wait_for_origin",
        "its bucket's budget of the origin was spent, or others came first"},
    Row{Choice::kOriginShadow, "origin_shadow", "by lot, to measure what reading the origin takes"},
    Row{Choice::kForeignCopy, "foreign_copy",
        "nobody nearer had it, and another tracker's peer did"},
    Row{Choice::kWaitForTracker, "wait_for_tracker",
        "other trackers had been asked who has what it lacks"},
    Row{Choice::kCarriedOver, "carried_over",
        "it was on its way from there when the peer came to this tracker"},
    Row{Choice::kEvictFleetQuota, "evict_fleet_quota",
        "its bucket had all that the fleet may keep of it"},
};

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kRows.size(); ++i)
    if (static_cast<std::size_t>(kRows[i].choice) != i) return false;
  return kRows.size() == static_cast<std::size_t>(kChoiceLast) + 1;
}
static_assert(is_in_order(), "a row for each choice, in their order");

const Row& row_of(Choice choice) {
  return kRows[choice <= kChoiceLast ? static_cast<std::size_t>(choice) : 0];
}

}  // namespace

std::string_view choice_name(Choice choice) {
  return row_of(choice).name;
}
std::string_view choice_words(Choice choice) {
  return row_of(choice).words;
}

}  // namespace tyto
