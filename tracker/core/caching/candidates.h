// What of a peer's store could make room, as far as is looked.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "tracker/core/caching/protection.h"
#include "tracker/core/caching/replacement.h"

namespace tyto::tracker {

enum class Whose : uint8_t {
  kAnybodys,
  kNobodys,  // only of versions that nobody reads, wherever
};

struct Search {
  PeerIndex peer = kNoPeer;
  Pass pass = Pass::kSpare;
  std::optional<BucketIndex> bucket;  // of this one only
  Whose whose = Whose::kAnybodys;
  std::optional<Medium> medium = {};  // in this one only
};

struct Candidates {
  std::vector<Candidate> list;  // the least recently used first
  // Every holding of the peer was looked at.
  bool is_all = false;
  // What was passed over because open handles want it.
  std::vector<VersionIndex> wanted;
};

// Looks at the peer's holdings from the least recently used on and, if a policy of what is in its
// store wants to see more than the oldest, at as many others, whose turn comes round.
// What an open handle wants, or a pin holds, is in use: it becomes the peer's most recently used,
// so that it is not looked at again soon. Cost: one holding if all is least recently used;
// kOldestSeen + kOthersSeen as a rule; kLooks if most are kept, after kSteps at most that are of
// other buckets. What is only in the other medium costs a step over it each. For memory all that is
// there is put in order first, kSteps versions at most, whose turn comes round.
inline constexpr uint32_t kOldestSeen = 32;
inline constexpr uint32_t kOthersSeen = 32;
inline constexpr uint32_t kLooks = 256;
inline constexpr uint32_t kSteps = 4096;
Candidates find_candidates(State& state, const Search& search);

// Which of them goes, and why: what has expired, of any bucket; then what belongs to buckets that
// have more of this store than they may; then of the buckets' nominations that which was used
// longest ago.
// Requires: there is one.
struct Victim {
  Candidate candidate;
  Choice why = Choice::kEvictLru;
};
Victim choose_victim(State& state, const Search& search, const Candidates& candidates);
// The same among candidates of one bucket, of whatever peers: what has expired, or what the bucket
// nominates. Requires: there is one; they are sorted, the least recently used first.
Victim choose_of_bucket(State& state, std::span<const Candidate> candidates);

}  // namespace tyto::tracker
