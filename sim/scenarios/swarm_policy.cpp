#include "sim/scenarios/swarm_policy.h"

#include <algorithm>

#include "sim/engine/random.h"

namespace tyto::sim {
namespace {

uint32_t pick(Rng& rng, uint32_t low, uint32_t high) {
  return static_cast<uint32_t>(between(rng, int64_t{low}, int64_t{high}));
}
Duration pick_ms(Rng& rng, int64_t low, int64_t high) {
  return Duration::nanoseconds(between(rng, low * 1'000'000, high * 1'000'000));
}

uint64_t all_bytes(const Scenario& scenario) {
  uint64_t bytes = 0;
  for (const ObjectSpec& object : scenario.objects) bytes += object.bytes;
  return bytes;
}

// Whether each store has room for all there is, so that nothing has to go.
bool is_roomy(const Scenario& scenario) {
  return scenario.fleet.reader_store_bytes > 2 * all_bytes(scenario) + kGiB;
}

void draw_selection(Rng& rng, Scenario& scenario) {
  tracker::SelectionPolicy& selection = scenario.policy.selection;
  if (rng.one_in(3, 4)) selection.kind = static_cast<tracker::SelectionKind>(rng.below(6));
  if (rng.one_in(1, 4)) selection.hot_from = pick(rng, 1, 4);
  if (rng.one_in(1, 4)) selection.tree_depth = rng.below(tracker::kTreeDepthMax + 1);
  if (rng.one_in(1, 4)) selection.farthest = static_cast<Nearness>(1 + rng.below(4));
  if (rng.one_in(1, 4)) selection.uploads_per_host = pick(rng, 1, 8);
  if (rng.one_in(1, 4)) selection.uploads_per_superpeer = pick(rng, 1, 16);
  if (rng.one_in(1, 4)) selection.cross_rack_after = pick_ms(rng, 0, 500);
  if (rng.one_in(1, 8))
    selection.bytes_per_s = scenario.fleet.reader_link.down_bytes_per_s * pick(rng, 1, 4);
}

// What must not be lost, or is pinned, may leave no room where there is little.
void draw_caching(Rng& rng, Scenario& scenario) {
  tracker::CachingPolicy& caching = scenario.policy.caching;
  if (rng.one_in(1, 2)) caching.replacement = static_cast<tracker::ReplacementKind>(rng.below(5));
  bool has_ttl = caching.replacement == tracker::ReplacementKind::kTtl || rng.one_in(1, 6);
  if (has_ttl) caching.ttl = pick_ms(rng, 2'000, 30'000);
  if (rng.one_in(1, 6)) caching.admit = tracker::Admit::kSuperpeers;
  if (rng.one_in(1, 3)) caching.copies_floor = pick(rng, 0, 3);
  if (rng.one_in(1, 6)) caching.zone_copies_floor = pick(rng, 1, 2);
  if (rng.one_in(1, 2)) caching.fleet_bytes = 1 + all_bytes(scenario) * pick(rng, 0, 16) / 8;
  if (!is_roomy(scenario)) return;
  if (rng.one_in(1, 6)) caching.is_origin_unreliable = true;
  for (ObjectSpec& object : scenario.objects)
    if (object.is_published && rng.one_in(1, 2)) object.is_pinned = true;
}

// Whether no superpeer keeps anything of the bucket, since it lends no memory.
bool is_past_superpeers(const Scenario& scenario) {
  return scenario.policy.caching.placement == Placement::kMemory &&
         scenario.fleet.superpeer_memory_bytes == 0;
}

void draw_origin(Rng& rng, Scenario& scenario) {
  tracker::OriginPolicy& origin = scenario.policy.origin;
  if (rng.one_in(1, 3)) origin.reads = pick(rng, 1, 8);
  if (rng.one_in(1, 3)) origin.requests_per_s = pick(rng, 5, 60);
  if (rng.one_in(1, 4)) origin.bytes_per_s = scenario.origin.bytes_per_s / pick(rng, 1, 4);
  if (rng.one_in(1, 3)) origin.run = pick(rng, 2, 8);
  if (rng.one_in(1, 4)) origin.lease_term = pick_ms(rng, 8'000, 60'000);
  if (rng.one_in(1, 8)) origin.shadow_permille = pick(rng, 100, 1000);
}

Duration time_for(uint64_t amount, uint64_t per_s) {
  return Duration::milliseconds(static_cast<int64_t>(amount * 1000 / per_s));
}

}  // namespace

void draw_bucket_policy(Rng& rng, Scenario& scenario) {
  if (rng.one_in(1, 2)) return;
  if (rng.one_in(1, 2)) draw_selection(rng, scenario);
  if (rng.one_in(1, 2)) draw_caching(rng, scenario);
  if (rng.one_in(1, 2)) draw_origin(rng, scenario);
  // Where all read the origin for themselves, it does not let one wait for another until it is out
  // of patience.
  bool is_at_origin = scenario.policy.selection != tracker::SelectionPolicy() ||
                      scenario.policy.origin.shadow_permille > 0;
  if (is_at_origin)
    scenario.origin.reads_max = std::max(scenario.origin.reads_max, 16 * scenario.fleet.readers);
}

// As much memory is lent as there would be of disk. Where superpeers lend none, readers are not
// made to read whole objects at the origin.
void draw_placement(Rng& rng, Scenario& scenario) {
  if (!rng.one_in(1, 4)) return;
  scenario.policy.caching.placement = Placement::kMemory;
  scenario.fleet.reader_memory_bytes = scenario.fleet.reader_store_bytes;
  bool are_past = rng.one_in(1, 6) && scenario.origin.has_ranges;
  scenario.fleet.superpeer_memory_bytes = are_past ? 0 : scenario.fleet.superpeer_store_bytes;
  if (!are_past) return;
  scenario.origin.reads_max = std::max(scenario.origin.reads_max, 16 * scenario.fleet.readers);
}

// As if each reader read all for itself, and all of it twice over.
Duration time_for_policy(const Scenario& scenario) {
  uint64_t bytes = 0;
  uint64_t chunks = 0;
  for (const ReadSpec& read : scenario.reads) {
    bytes += 2 * scenario.objects[read.object].bytes;
    chunks += 2 * (scenario.objects[read.object].bytes / kChunkBytesMin + 1);
  }
  const tracker::Policy& policy = scenario.policy;
  Duration more;
  if (policy.selection.bytes_per_s > 0) more += time_for(bytes, policy.selection.bytes_per_s);
  if (policy.origin.bytes_per_s > 0) more += time_for(bytes, policy.origin.bytes_per_s);
  if (policy.origin.requests_per_s > 0) more += time_for(chunks, policy.origin.requests_per_s);
  Duration crossing = policy.selection.cross_rack_after;
  if (crossing != Duration::forever()) more += crossing * static_cast<int64_t>(chunks);
  // Each reader for itself, at one link.
  bool is_at_origin = policy.selection != tracker::SelectionPolicy() ||
                      policy.origin.shadow_permille > 0 || is_past_superpeers(scenario);
  if (is_at_origin) more += time_for(bytes, scenario.origin.bytes_per_s);
  return more;
}

}  // namespace tyto::sim
