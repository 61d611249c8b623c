// How far from a reader its bucket lets it read, and how long it waits for something nearer.
#include <algorithm>

#include "tracker/core/selection/selection.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr int kLooksMax = 32;

bool does_group_hold(const State& state, const RackGroup& group, uint32_t chunk) {
  return (state.holdings.word(group, chunk / 64) >> (chunk % 64) & 1) != 0;
}

bool does_any_hold(const State& state, const VersionRow& version,
                   const std::unordered_map<uint32_t, std::vector<uint32_t>>& groups_of,
                   uint32_t place, uint32_t chunk) {
  auto groups = groups_of.find(place);
  if (groups == groups_of.end()) return false;
  int looks = kLooksMax;
  return std::any_of(groups->second.begin(), groups->second.end(), [&](uint32_t group) {
    return looks-- > 0 && does_group_hold(state, version.groups[group], chunk);
  });
}

// Whether somebody so near to the reader has the chunk, or is being sent it.
bool is_had_within(const State& state, const Reader& reader, uint32_t chunk, Nearness within) {
  const VersionRow& version = state.versions[reader.version];
  const Place& place = state.fleet.place_of(reader.peer);
  if (is_coming_within(state, reader, chunk, within)) return true;
  switch (within) {
    case Nearness::kSameZone:
      return does_any_hold(state, version, version.groups_of_zone, place.zone, chunk);
    case Nearness::kSameRegion:
      return does_any_hold(state, version, version.groups_of_region, place.region, chunk);
    default: return false;
  }
}

}  // namespace

const Selection& selection_for(const State& state, VersionIndex version) {
  const SelectionPolicy& policy = state.policy(version).selection;
  const VersionRow& row = state.versions[version];
  // What the origin does not give is not sent there for, however cold it is.
  bool has_origin = row.facts != nullptr && !row.facts->origin.url.empty() && !row.is_origin_gone;
  bool is_hot = policy.kind != SelectionKind::kHotCold || !has_origin ||
                row.heat.is_at_least(policy.hot_from, state.now);
  return selection_of(policy.kind, is_hot ? Temperature::kHot : Temperature::kCold);
}

bool is_coming_within(const State& state, const Reader& reader, uint32_t chunk, Nearness within) {
  const VersionRow& version = state.versions[reader.version];
  const Place& place = state.fleet.place_of(reader.peer);
  int looks = kLooksMax;
  for (TransferIndex t = version.newest_transfer[chunk]; t != kNoTransfer && looks > 0;
       t = state.transfers[t].older, --looks)
    if (nearness(place, state.fleet.place_of(state.transfers[t].receiver)) <= within) return true;
  return false;
}

bool may_cross_rack(State& state, const Reader& reader) {
  Duration after = state.policy(reader.version).selection.cross_rack_after;
  if (after == Duration::forever()) return false;
  Instant crosses_at = reader.served_at + after;
  if (state.now >= crosses_at) return true;
  state.recheck(reader.version, crosses_at);
  return false;
}

Nearness farthest_now(State& state, const Reader& reader, uint32_t chunk) {
  const SelectionPolicy& policy = state.policy(reader.version).selection;
  struct Boundary {
    Nearness within;
    Duration after;
  };
  const Boundary boundaries[] = {{Nearness::kSameZone, policy.cross_zone_after},
                                 {Nearness::kSameRegion, policy.cross_region_after}};
  for (const Boundary& boundary : boundaries) {
    if (boundary.within >= policy.farthest) break;
    if (boundary.after == Duration{}) continue;
    Instant crosses_at = reader.served_at + boundary.after;
    if (state.now >= crosses_at) continue;
    if (!is_had_within(state, reader, chunk, boundary.within)) continue;
    state.recheck(reader.version, crosses_at);
    return boundary.within;
  }
  return policy.farthest;
}

}  // namespace tyto::tracker
