// Which tracker is whose home: what trackers and peers must agree on without asking.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/location.h"
#include "schema/messages/common.h"

namespace tyto {

inline constexpr std::size_t kTrackersListedMax = 128;
inline constexpr std::size_t kTrackersAvoidedMax = 8;
inline constexpr uint32_t kMovesMax = 4;  // of a peer from tracker to tracker; then it is served
inline constexpr std::size_t kRegionBytesMax = 63;

// A tracker of a cluster, over all of its runs. Zero is nobody, or not known.
using MemberId = Strong<struct MemberIdTag, uint64_t>;

// A tracker, as peers know it.
struct TrackerListed {
  MemberId id;         // zero: only where it can be reached is known
  Endpoint address;    // where peers reach it
  std::string region;  // where it stands; may be empty
  bool operator==(const TrackerListed&) const = default;
};
// Shared by all who hold it; null where there is none.
using TrackerList = std::vector<TrackerListed>;
using TrackerListRef = std::shared_ptr<const TrackerList>;

// Whether two lists say the same; none says the same as an empty one.
bool same_trackers(const TrackerListRef& a, const TrackerListRef& b);

// What is the same for all peers of a rack: its region, zone and rack. Of a peer without a rack,
// its whole location.
uint64_t home_key(const Location& location);

// The trackers in the order in which a peer that stands there takes them, as indices into the list:
// first those of its own region, then the others; each by rendezvous hashing (Thaler and
// Ravishankar 1998), so that a rack's peers take the same one, and only the racks of a tracker that
// goes take another. A tracker without an id ranks by its address.
std::vector<uint32_t> rank_trackers(const TrackerList& trackers, uint64_t key,
                                    const std::string& region);

}  // namespace tyto
