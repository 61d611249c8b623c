#include "tracker/core/caching/candidates.h"

#include <algorithm>

namespace tyto::tracker {
namespace {

const Session& session_of(const State& state, PeerIndex peer) {
  return state.sessions[state.fleet.peer(peer).session];
}

bool is_over_quota(const State& state, const Share& share) {
  uint64_t quota = state.buckets.policy(share.bucket).caching.bytes_per_peer;
  return quota != 0 && share.used_bytes - share.evicting_bytes > quota;
}

// Whether more than the oldest must be seen to choose as choose_victim() does.
Sight sight_of(const State& state, const Search& search) {
  for (const Share& share : session_of(state, search.peer).shares.rows()) {
    if (search.bucket && *search.bucket != share.bucket) continue;
    const CachingPolicy& caching = state.buckets.policy(share.bucket).caching;
    bool is_plain = caching.ttl == Duration() && !is_over_quota(state, share);
    if (!is_plain || replacement(caching.replacement).sight() == Sight::kMany) return Sight::kMany;
  }
  return Sight::kOldest;
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
  ++looks_;
  if (search_.whose == Whose::kNobodys && row.readers > 0) return;
  if (search_.pass == Pass::kSpare && !Protection::may_spare(state_, version)) return;
  Protection protection(state_, holding);
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

// From the hand on, which goes round the peer's holdings. Those listed already are marked.
void look_at_others(State& state, const Search& search, Candidates& found) {
  Session& session = state.sessions[state.fleet.peer(search.peer).session];
  bool is_there = session.hand != kNoHolding && state.holdings.is_of(session.hand, search.peer);
  HoldingIndex next = is_there ? session.hand : kNoHolding;
  Looking looking(state, search, found);
  std::size_t oldest = found.list.size();
  for (uint32_t i = 0; i < kOthersSeen; ++i) {
    if (next == kNoHolding) next = state.fleet.peer(search.peer).oldest_holding;
    HoldingIndex newer = state.holdings[next].newer;
    auto end = found.list.begin() + static_cast<std::ptrdiff_t>(oldest);
    auto listed = std::find_if(found.list.begin(), end,
                               [&](const Candidate& known) { return known.holding == next; });
    if (listed != end) {
      listed->is_by_lot = true;
    } else {
      looking.look(next, Seen::kByLot);
    }
    next = newer;
  }
  session.hand = next;
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

}  // namespace

Candidates find_candidates(State& state, const Search& search) {
  Candidates found;
  Looking looking(state, search, found);
  Sight sight = sight_of(state, search);
  std::size_t enough = sight == Sight::kOldest ? 1 : kOldestSeen;
  HoldingIndex next = state.fleet.peer(search.peer).oldest_holding;
  // What is in use goes to the end of the list, and is not looked at there again.
  const HoldingIndex last = state.fleet.peer(search.peer).newest_holding;
  bool is_past_last = next == kNoHolding;
  for (uint32_t step = 0; step < kSteps && !is_past_last; ++step) {
    if (looking.looks() >= kLooks || found.list.size() >= enough) break;
    HoldingIndex holding = next;
    next = state.holdings[holding].newer;
    is_past_last = holding == last;
    looking.look(holding, Seen::kForItsAge);
  }
  found.is_all = is_past_last;
  if (found.is_all) {
    for (Candidate& candidate : found.list) candidate.is_by_lot = true;
  } else if (sight == Sight::kMany) {
    look_at_others(state, search, found);
  }
  return found;
}

Victim choose_victim(State& state, const Search& search, const Candidates& candidates) {
  for (const Candidate& candidate : candidates.list)
    if (is_expired(state, candidate)) return {candidate, Choice::kEvictExpired};
  const Shares& shares = session_of(state, search.peer).shares;
  std::vector<Candidate> over;
  for (const Candidate& candidate : candidates.list)
    if (is_over_quota(state, shares.of(candidate.bucket))) over.push_back(candidate);
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
