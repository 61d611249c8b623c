// What a bucket's policy document may say: names, meanings, bounds.
#include "base/limits.h"
#include "settings/table.h"
#include "tracker/settings/policy_document.h"

namespace tyto::tracker {
namespace {

constexpr Duration seconds(int64_t n) {
  return Duration::seconds(n);
}
const settings::IntegerBounds kUploads{0, 65535, "uploads"};
const settings::IntegerBounds kCopies{0, 1'000'000, "copies"};

void add_selection(settings::Table& table, SelectionPolicy& selection) {
  table.add_choice(
      selection.kind,
      {"selection.policy", "How the source of a chunk is chosen; see docs/policies.md."},
      {{"location-aware", SelectionKind::kLocationAware},
       {"hot-cold", SelectionKind::kHotCold},
       {"least-loaded", SelectionKind::kLeastLoaded},
       {"random", SelectionKind::kRandom},
       {"superpeer-only", SelectionKind::kSuperpeerOnly},
       {"origin-only", SelectionKind::kOriginOnly}});
  table.add(selection.hot_from,
            {"selection.hot_from",
             "The heat from which an object is hot: opens, of which half are "
             "forgotten every 10 minutes."},
            {1, 1'000'000, "opens"});
  table.add(selection.uploads_per_host,
            {"selection.uploads_per_host",
             "A peer's host with so many uploads, of whatever, is no source for this bucket. 0: "
             "only the tracker's and the host's own caps hold."},
            kUploads);
  table.add(selection.uploads_per_superpeer,
            {"selection.uploads_per_superpeer", "The same for a superpeer's host."}, kUploads);
  table.add(selection.tree_depth,
            {"selection.tree_depth",
             "The longest chain of peers that pass a chunk on while they receive it. 0: whole "
             "copies only. More spreads a new object faster, and stalls more readers when a peer "
             "fails."},
            {0, kTreeDepthMax, "peers"});
  table.add_choice(selection.farthest,
                   {"selection.farthest",
                    "Sources farther off are not used; what only they have is read at the origin."},
                   {{"rack", Nearness::kSameRack},
                    {"zone", Nearness::kSameZone},
                    {"region", Nearness::kSameRegion},
                    {"anywhere", Nearness::kAnywhere}});
  table.add(selection.cross_rack_after,
            {"selection.cross_rack_after",
             "How long a reader waits for a source in its rack that has the chunk, and is busy, "
             "before it reads from another rack. Less is faster for the reader; more spares the "
             "racks' links."},
            {});
  table.add(selection.cross_zone_after,
            {"selection.cross_zone_after", "The same before it reads from another zone."},
            {Duration(), seconds(600)});
  table.add(selection.cross_region_after,
            {"selection.cross_region_after", "The same before it reads from another region."},
            {Duration(), seconds(600)});
  table.add_rate(
      selection.bytes_per_s,
      {"selection.rate", "What all readers of the bucket are sent together. 0: no limit."});
  table.add_rate(selection.bytes_between_regions_per_s,
                 {"selection.rate_between_regions",
                  "What all readers of the bucket that are in one region are sent together from "
                  "other regions; the origin does not count. 0: no limit."});
  table.add(selection.weight,
            {"selection.weight",
             "The bucket's share of uplinks that several buckets want: bytes in proportion to the "
             "weights."},
            {1, 1000, "times"});
  table.add(selection.attempts_max,
            {"selection.attempts_max",
             "Attempts at one chunk by one reader before its open ends with an error. 0: the "
             "tracker's policy.attempts_max."},
            {0, 1000, "attempts"});
  table.add(selection.give_up,
            {"selection.give_up",
             "A reader that got no chunk for so long is told that it timed out. 0: never."},
            {Duration(), seconds(7 * 86400)});
}

void add_caching(settings::Table& table, CachingPolicy& caching) {
  table.add_choice(caching.admit,
                   {"caching.admit",
                    "Who keeps what was read for others: all, or only superpeers, while peers drop "
                    "it when they have read it."},
                   {{"all", Admit::kAll}, {"superpeers", Admit::kSuperpeers}});
  table.add_choice(
      caching.placement,
      {"caching.placement",
       "Where copies are kept: on the disks of peers; in the memory that peers lend for "
       "that (--memory-bytes) and nowhere else; or on disks with a copy in that memory, for as "
       "long "
       "as nothing else needs it."},
      {{"disk", Placement::kDisk}, {"memory", Placement::kMemory}, {"both", Placement::kBoth}});
  table.add_choice(caching.replacement,
                   {"caching.replacement", "What makes room; see docs/policies.md."},
                   {{"lru", ReplacementKind::kLru},
                    {"least-rare", ReplacementKind::kLeastRare},
                    {"hybrid", ReplacementKind::kHybrid},
                    {"ttl", ReplacementKind::kTtl},
                    {"random", ReplacementKind::kRandom}});
  table.add(caching.ttl,
            {"caching.ttl", "A copy that was not used for so long is dropped. 0: never."},
            {Duration(), seconds(int64_t{366} * 86400)});
  table.add_bytes(
      caching.bytes_per_peer,
      {"caching.bytes_per_peer",
       "What the bucket may take of one peer's disk, and of its memory. 0: all that the peer "
       "lends."});
  table.add_bytes(
      caching.fleet_bytes,
      {"caching.fleet_bytes",
       "What all peers and superpeers together may keep of the bucket. Over it, other "
       "copies of the bucket go; what is being read is read all the same, and kept only "
       "as long. 0: no limit."});
  table.add(caching.copies_floor,
            {"caching.copies_floor",
             "Copies of a chunk in the fleet that are kept while anything else can make room."},
            kCopies);
  table.add(caching.zone_copies_floor,
            {"caching.zone_copies_floor", "The same, in each zone that has any."}, kCopies);
  table.add_bytes(caching.pinned_bytes,
                  {"caching.pinned_max", "What may be pinned of the bucket. 0: no limit."});
  table.add_switch(caching.is_origin_unreliable,
                   {"caching.origin_unreliable",
                    "Whether the origin may lose what it has: the last copy of a chunk is then "
                    "never evicted."});
}

void add_origin(settings::Table& table, OriginPolicy& origin) {
  table.add(origin.reads, {"origin.reads", "Reads at once, by the whole fleet. 0: no limit."},
            {0, 65535, "reads"});
  table.add(origin.requests_per_s,
            {"origin.requests_per_s", "Reads begun in a second, by the whole fleet. 0: no limit."},
            {0, 1'000'000, "reads"});
  table.add_rate(origin.bytes_per_s,
                 {"origin.rate", "What the whole fleet reads together. 0: no limit."});
  table.add(
      origin.run,
      {"origin.run",
       "Chunks that follow on one another and are read by one request. More makes fewer "
       "requests; less spreads an object over more superpeers, and loses less to a reader that "
       "fails."},
      {1, kOriginRunMax, "chunks"});
  table.add(origin.lease_term,
            {"origin.lease_term",
             "A superpeer that reads a chunk for all, and reports no progress for so long, loses "
             "it to another."},
            {seconds(1), seconds(3600)});
  table.add_share(origin.shadow_permille,
                  {"origin.shadow",
                   "This share of opens reads straight from the origin and is measured apart, to "
                   "show what Tyto brings."});
}

}  // namespace

void add_policy_rows(settings::Table& table, Policy& policy) {
  add_selection(table, policy.selection);
  add_caching(table, policy.caching);
  add_origin(table, policy.origin);
}

Result<void> check_policy(const Policy& policy) {
  bool is_ttl = policy.caching.replacement == ReplacementKind::kTtl;
  if (is_ttl && policy.caching.ttl == Duration())
    return {ErrorCode::kInvalidArgument,
            "caching.replacement is \"ttl\", but caching.ttl is 0: say after how long, as \"1h\""};
  return {};
}

}  // namespace tyto::tracker
