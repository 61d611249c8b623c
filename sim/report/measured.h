// What was seen of a run besides its results: over time, and in sums.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "schema/messages/events.h"
#include "schema/messages/reason.h"
#include "sim/world/checker.h"

namespace tyto::sim {

enum class SourceClass : uint8_t { kPeer, kSuperpeer, kOrigin };
inline constexpr std::size_t kSourceClasses = 3;
std::string_view source_class_name(SourceClass source);

// The widest uplinks that bytes cross on their way.
enum class Tier : uint8_t {
  kLocal,   // none: within a rack, or on one switch
  kRack,    // those of racks
  kZone,    // those of zones
  kRegion,  // those of regions
};
inline constexpr std::size_t kTiers = 4;
std::string_view tier_name(Tier tier);

// Links that are looked at together.
enum class LinkGroup : uint8_t {
  kReaderUp,
  kReaderDown,
  kSuperpeerUp,
  kSuperpeerDown,
  kOrigin,
  kRackUp,
  kRackDown,
  kZoneUp,
  kZoneDown,
  kRegionUp,
  kRegionDown,
};
inline constexpr std::size_t kLinkGroups = 11;
std::string_view link_group_name(LinkGroup group);

struct LinkGroupSize {
  uint32_t links = 0;
  uint64_t bytes_per_s = 0;  // all links together
};

struct LinkLoad {
  uint64_t bytes = 0;  // over all links of the group, since the start
  uint16_t busiest_permille =
      0;  // of its rate: the link that was loaded most since the last sample
};

// A run at one moment. Amounts are since the start.
struct Sample {
  Duration at;                                             // from the start
  std::array<uint64_t, kSourceClasses> bytes_by_source{};  // that crossed links
  std::array<uint64_t, kTiers> bytes_by_tier{};
  std::array<LinkLoad, kLinkGroups> links{};
  uint64_t bytes_wasted = 0;
  uint64_t exchanges = 0;
  uint64_t decisions = 0;
  // At this moment.
  uint32_t reads_open = 0;
  uint32_t reads_done = 0;
  uint32_t transfers = 0;
  uint64_t superpeer_chunks = 0;  // held by all superpeers together
};

// What trackers decided, as peers received it.
struct Decisions {
  std::map<Choice, uint64_t> assignments;
  std::map<Choice, uint64_t> evictions;  // ranges of chunks
  uint64_t hedges = 0;                   // among the assignments
  uint64_t cancels = 0;
  uint64_t opens = 0;
  uint64_t opens_ended = 0;  // with an error
  uint64_t resolves = 0;

  uint64_t total() const;
};

// How transfers ended, and why those failed that did.
struct TransferEnds {
  uint64_t done = 0;
  uint64_t cancelled = 0;
  uint64_t died = 0;  // with their reader
  std::map<FailureKind, uint64_t> failed;
};

// Where a bucket's readers had their bytes from.
struct BucketTraffic {
  uint64_t from_own_store = 0;  // were there before the reader came
  uint64_t from_peers = 0;
  uint64_t from_superpeers = 0;
  uint64_t from_origin = 0;
  uint64_t superpeers_from_origin = 0;  // what superpeers read there for all

  uint64_t total() const { return from_own_store + from_peers + from_superpeers + from_origin; }
};

// One transfer of the sampled chunk.
struct TreeEdge {
  uint32_t reader = 0;  // node
  uint32_t source = 0;  // node; kNoNode: the origin, or nobody was found
  SourceClass kind = SourceClass::kPeer;
  Duration started;  // from the run's start
  Duration ended;
  TransferEnd how = TransferEnd::kDone;
  uint64_t bytes = 0;       // that it brought first
  uint16_t generation = 0;  // of the source's copy: 0 is a whole one
};
inline constexpr uint32_t kNoNode = UINT32_MAX;

// How one chunk spread, in the order in which its transfers ended.
struct ChunkTree {
  std::string object;
  uint32_t chunk = 0;
  uint64_t bytes = 0;
  std::vector<TreeEdge> edges;
  uint64_t left_out = 0;  // transfers for which there was no room
};

struct FaultMark {
  Duration at;
  std::string kind;
  uint32_t target = 0;
  FaultPhase phase = FaultPhase::kBegins;
};

// Everything of a run that was recorded.
struct Measured {
  bool is_recorded = false;
  Duration interval;  // between samples; the last may be earlier
  std::vector<Sample> samples;
  std::array<LinkGroupSize, kLinkGroups> links{};
  Decisions decisions;
  TransferEnds transfers;
  std::map<std::string, BucketTraffic> buckets;
  ChunkTree tree;
  std::vector<FaultMark> faults;  // the first of them
};

}  // namespace tyto::sim
