#include "tracker/core/caching/candidates.h"

#include <algorithm>

namespace tyto::tracker {
namespace {

const Session& session_of(const State& state, PeerIndex peer) {
  return state.sessions[state.fleet.peer(peer).session];
}

bool is_over_quota(const State& state, const Share& share, std::optional<Medium> only) {
  uint64_t quota = state.buckets.policy(share.bucket).caching.bytes_per_peer;
  auto is_over_in = [&](Medium medium) {
    return (!only || *only == medium) && share.used_in(medium) - share.evicting_in(medium) > quota;
  };
  return quota != 0 && (is_over_in(Medium::kDisk) || is_over_in(Medium::kMemory));
}

// Whether more than the oldest must be seen to choose as choose_victim() does.
Sight sight_of(const State& state, const Search& search) {
  for (const Share& share : session_of(state, search.peer).shares.rows()) {
    if (search.bucket && *search.bucket != share.bucket) continue;
    const CachingPolicy& caching = state.buckets.policy(share.bucket).caching;
    bool is_plain = caching.ttl == Duration() && !is_over_quota(state, share, search.medium);
    if (!is_plain || replacement(caching.replacement).sight() == Sight::kMany) return Sight::kMany;
  }
  return Sight::kOldest;
}

// Whether anything of the holding is where room is wanted.
bool is_any_there(const State& state, const Search& search, HoldingIndex holding) {
  if (!search.medium) return true;
  const Holding& row = state.holdings[holding];
  uint32_t in_memory = chunks_in_memory(state, row.peer, row.version);
  return *search.medium == Medium::kMemory ? in_memory > 0 : in_memory < row.count;
}

// Of one holding at once.
constexpr std::size_t kLastCopiesAsked = 16;

enum class Seen : uint8_t { kForItsAge, kByLot };

// Looks at holdings one after the other, and lists those that could go.
class Looking {
 public:
  Looking(State& state, const Search& search, Candidates& found)
      : state_(state), search_(search), found_(found) {}

  void look(HoldingIndex holding, Seen seen);
  // Those that are of the bucket, if it is only one.
  uint32_t looks() const { return looks_; }

 private:
  void note_kept(HoldingIndex holding, Keeper keeper);
  bool is_leave_awaited(const Protection& protection, HoldingIndex holding);

  State& state_;
  const Search& search_;
  Candidates& found_;
  uint32_t looks_ = 0;
};

void Looking::note_kept(HoldingIndex holding, Keeper keeper) {
  if (keeper == Keeper::kReader) found_.wanted.push_back(state_.holdings[holding].version);
  if (keeper == Keeper::kReader || keeper == Keeper::kPin) state_.holdings.touch(holding);
}

// Asks, for the group's last copies among them.
bool Looking::is_leave_awaited(const Protection& protection, HoldingIndex holding) {
  std::vector<uint32_t> last;
  for (uint32_t c = protection.next_last(0); c != kNone && last.size() < kLastCopiesAsked;
       c = protection.next_last(c + 1))
    last.push_back(c);
  return !last.empty() && ask_for_last_copies(state_, holding, last);
}

void Looking::look(HoldingIndex holding, Seen seen) {
  VersionIndex version = state_.holdings[holding].version;
  const VersionRow& row = state_.versions[version];
  if (search_.bucket && *search_.bucket != row.bucket) return;
  if (!is_any_there(state_, search_, holding)) return;
  ++looks_;
  if (search_.whose == Whose::kNobodys && row.readers > 0) return;
  if (search_.pass == Pass::kSpare && !Protection::may_spare(state_, version)) return;
  Protection protection(state_, holding, search_.medium);
  if (protection.of_all() != Keeper::kNobody) return note_kept(holding, protection.of_all());
  uint32_t chunk = protection.next(search_.pass, 0);
  if (chunk == kNone) {
    if (search_.pass == Pass::kAny && is_leave_awaited(protection, holding))
      found_.wanted.push_back(version);
    if (protection.is_streamed()) found_.wanted.push_back(version);
    return;
  }
  Candidate candidate{holding, version, row.bucket, chunk, row.copies[chunk]};
  candidate.unused_for = state_.holdings[holding].unused_for(state_.now);
  candidate.is_hot =
      row.heat.is_at_least(state_.buckets.policy(row.bucket).selection.hot_from, state_.now);
  candidate.is_consumed = protection.is_streamed();
  candidate.is_by_lot = seen == Seen::kByLot;
  found_.list.push_back(candidate);
}

// From the hand on, which goes round the peer's holdings.
std::vector<HoldingIndex> others_of(State& state, PeerIndex peer) {
  Session& session = state.sessions[state.fleet.peer(peer).session];
  bool is_there = session.hand != kNoHolding && state.holdings.is_of(session.hand, peer);
  HoldingIndex next = is_there ? session.hand : kNoHolding;
  std::vector<HoldingIndex> others;
  for (uint32_t i = 0; i < kOthersSeen; ++i) {
    if (next == kNoHolding) next = state.fleet.peer(peer).oldest_holding;
    others.push_back(next);
    next = state.holdings[next].newer;
  }
  session.hand = next;
  return others;
}

// Those listed already are marked.
void look_at_others(Looking& looking, Candidates& found, std::span<const HoldingIndex> others) {
  std::size_t oldest = found.list.size();
  for (HoldingIndex other : others) {
    auto end = found.list.begin() + static_cast<std::ptrdiff_t>(oldest);
    auto listed = std::find_if(found.list.begin(), end,
                               [&](const Candidate& known) { return known.holding == other; });
    if (listed != end) {
      listed->is_by_lot = true;
    } else {
      looking.look(other, Seen::kByLot);
    }
  }
}

bool is_expired(const State& state, const Candidate& candidate) {
  Duration ttl = state.buckets.policy(candidate.bucket).caching.ttl;
  return ttl != Duration() && candidate.unused_for >= ttl;
}

// Of one bucket after the other, what it nominates; of these, the least recently used.
Victim best_nomination(State& state, std::span<const Candidate> candidates) {
  std::vector<BucketIndex> buckets;
  for (const Candidate& candidate : candidates)
    if (std::find(buckets.begin(), buckets.end(), candidate.bucket) == buckets.end())
      buckets.push_back(candidate.bucket);
  std::optional<Victim> best;
  for (BucketIndex bucket : buckets) {
    std::vector<Candidate> own;
    for (const Candidate& candidate : candidates)
      if (candidate.bucket == bucket) own.push_back(candidate);
    ReplacementKind kind = state.buckets.policy(bucket).caching.replacement;
    Nomination nomination = replacement(kind).nominate(own, state.rng);
    const Candidate& nominee = own[nomination.place];
    if (!best || nominee.unused_for > best->candidate.unused_for)
      best = Victim{nominee, nominee.is_consumed ? Choice::kEvictConsumed : nomination.why};
  }
  return *best;
}

// What is in a peer's memory, from the hand on, which goes round its versions.
struct InMemory {
  std::vector<HoldingIndex> holdings;
  bool is_all = true;
};
InMemory in_memory_of(State& state, PeerIndex peer) {
  InMemory found;
  MemoryAccount* memory = state.sessions[state.fleet.peer(peer).session].memory.get();
  if (memory == nullptr || memory->kept.empty()) return found;
  const auto& kept = memory->kept;
  auto next = kept.lower_bound({memory->hand, 0});
  std::optional<VersionIndex> first;
  for (uint32_t step = 0; step < kSteps; ++step) {
    if (next == kept.end()) next = kept.begin();
    VersionIndex version = next->first;
    if (first == version) break;
    if (!first) first = version;
    HoldingIndex holding = state.holdings.find(version, peer);
    if (holding != kNoHolding) found.holdings.push_back(holding);
    next = kept.lower_bound({VersionIndex(version.value() + 1), 0});
    if (step + 1 == kOthersSeen) memory->hand = VersionIndex(version.value() + 1);
  }
  found.is_all = (next == kept.end() ? kept.begin() : next)->first == *first;
  return found;
}

Candidates find_in_memory(State& state, const Search& search) {
  Candidates found;
  Looking looking(state, search, found);
  Sight sight = sight_of(state, search);
  std::size_t enough = sight == Sight::kOldest ? 1 : kOldestSeen;
  InMemory there = in_memory_of(state, search.peer);
  std::vector<HoldingIndex> others = there.holdings;
  others.resize(std::min<std::size_t>(others.size(), kOthersSeen));
  std::stable_sort(
      there.holdings.begin(), there.holdings.end(), [&](HoldingIndex a, HoldingIndex b) {
        return state.holdings[a].unused_for(state.now) > state.holdings[b].unused_for(state.now);
      });
  std::size_t passed = 0;
  for (; passed < there.holdings.size(); ++passed) {
    if (looking.looks() >= kLooks || found.list.size() >= enough) break;
    looking.look(there.holdings[passed], Seen::kForItsAge);
  }
  found.is_all = there.is_all && passed == there.holdings.size();
  if (found.is_all) {
    for (Candidate& candidate : found.list) candidate.is_by_lot = true;
  } else if (sight == Sight::kMany) {
    look_at_others(looking, found, others);
  }
  return found;
}

}  // namespace

Candidates find_candidates(State& state, const Search& search) {
  if (search.medium == Medium::kMemory) return find_in_memory(state, search);
  Candidates found;
  Looking looking(state, search, found);
  Sight sight = sight_of(state, search);
  std::size_t enough = sight == Sight::kOldest ? 1 : kOldestSeen;
  HoldingIndex next = state.fleet.peer(search.peer).oldest_holding;
  // What is in use goes to the end of the list, and is not looked at there again.
  const HoldingIndex last = state.fleet.peer(search.peer).newest_holding;
  bool is_past_last = next == kNoHolding;
  for (uint32_t steps = 0; steps < kSteps && !is_past_last;) {
    if (looking.looks() >= kLooks || found.list.size() >= enough) break;
    HoldingIndex holding = next;
    next = state.holdings[holding].newer;
    is_past_last = holding == last;
    if (!is_any_there(state, search, holding)) continue;
    ++steps;
    looking.look(holding, Seen::kForItsAge);
  }
  found.is_all = is_past_last;
  if (found.is_all) {
    for (Candidate& candidate : found.list) candidate.is_by_lot = true;
  } else if (sight == Sight::kMany) {
    look_at_others(looking, found, others_of(state, search.peer));
  }
  return found;
}

Victim choose_victim(State& state, const Search& search, const Candidates& candidates) {
  for (const Candidate& candidate : candidates.list)
    if (is_expired(state, candidate)) return {candidate, Choice::kEvictExpired};
  const Shares& shares = session_of(state, search.peer).shares;
  std::vector<Candidate> over;
  for (const Candidate& candidate : candidates.list)
    if (is_over_quota(state, shares.of(candidate.bucket), search.medium)) over.push_back(candidate);
  if (over.empty() && !search.bucket) return best_nomination(state, candidates.list);
  Victim victim = best_nomination(state, over.empty() ? candidates.list : over);
  if (victim.why != Choice::kEvictConsumed) victim.why = Choice::kEvictQuota;
  return victim;
}

Victim choose_of_bucket(State& state, std::span<const Candidate> candidates) {
  for (const Candidate& candidate : candidates)
    if (is_expired(state, candidate)) return {candidate, Choice::kEvictExpired};
  return best_nomination(state, candidates);
}

}  // namespace tyto::tracker
