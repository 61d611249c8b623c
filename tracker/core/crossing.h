// What of a bucket may come into one region from others.
#pragma once

#include <cstdint>
#include <deque>
#include <set>
#include <string>

#include "tracker/core/rate_limit.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// The budget of a region, and who waits for it: readers that have found a source in another region
// among this tracker's peers, and wishes for chunks of which another tracker has offered a copy
// from there. Each reader stands in line once and has one chunk in its turn; so do wishes, in a
// line of their own; where both wait, they take turns.
//
// Bounds: readers, and wishes, that there are.
struct CrossingBudget {
  // Whose turn it is has so long to take a chunk, before it is the next one's.
  static constexpr Duration kTurn = Duration::milliseconds(20);
  // So long readers let a wish go first whose chunk has still to be offered again.
  static constexpr Duration kOwed = Duration::seconds(1);

  std::string region;
  RateLimit taken;
  Instant due = Instant::never();  // a timer is set for then

  std::deque<ReaderIndex> line;
  std::set<ReaderIndex> in_line;
  ReaderIndex turn = kNoReader;
  Instant turn_until;
  Instant owed_until;  // a wish is next

  std::deque<ChunkKey> wishes;
  uint32_t wishes_asked = 0;  // whose turn has come, and which were not answered yet

  bool has_wishes() const { return !wishes.empty() || wishes_asked > 0; }
};

}  // namespace tyto::tracker
