// Copies that go without being in the way: those that have expired, and those that only superpeers
// are to keep.
#include "tracker/core/caching/protection.h"

namespace tyto::tracker {
namespace {

// How often a peer's holdings are looked at, and how many of them.
constexpr Duration kExpiryEvery = Duration::seconds(5);
constexpr uint32_t kExpiryLooks = 64;

bool may_expire(const State& state, const Session& session) {
  for (const Share& share : session.shares.rows())
    if (state.buckets.policy(share.bucket).caching.ttl != Duration()) return true;
  return false;
}

void expire(State& state, HoldingIndex holding) {
  const Holding& row = state.holdings[holding];
  Duration ttl = state.policy(row.version).caching.ttl;
  if (ttl == Duration() || row.unused_for(state.now) < ttl) return;
  evict_from(state, holding, {.why = Choice::kEvictExpired});
}

}  // namespace

void expire_copies(State& state, SessionIndex index) {
  Session& session = state.sessions[index];
  if (state.now < session.expiry_at || !may_expire(state, session)) return;
  session.expiry_at = state.now + kExpiryEvery;
  HoldingIndex next = session.expiry_hand;
  if (next == kNoHolding || !state.holdings.is_of(next, session.peer))
    next = state.fleet.peer(session.peer).oldest_holding;
  for (uint32_t i = 0; i < kExpiryLooks && next != kNoHolding; ++i) {
    HoldingIndex holding = next;
    next = state.holdings[holding].newer;
    expire(state, holding);
  }
  session.expiry_hand = next;
}

void drop_unread(State& state, VersionIndex version) {
  const VersionRow& row = state.versions[version];
  if (row.readers > 0 || state.policy(version).caching.admit != Admit::kSuperpeers) return;
  std::vector<HoldingIndex> holdings;
  for (const RackGroup& group : row.groups)
    for (const Holder& holder : group.holders)
      if (state.fleet.peer(state.holdings[holder.holding].peer).is_superpeer == 0)
        holdings.push_back(holder.holding);
  for (HoldingIndex holding : holdings)
    evict_from(state, holding, {.why = Choice::kEvictNotAdmitted});
}

}  // namespace tyto::tracker
