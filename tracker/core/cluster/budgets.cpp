// Budgets of origins, for all members of the cluster: kept by the directory of the bucket's chunks,
// where leases of its own and permits of others stand in one line.
#include <algorithm>
#include <utility>

#include "tracker/core/origin/going_on.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Whoever reads for a tracker that is lost goes on, and finds another one within this time.
constexpr Duration kOrphanTime = Duration::seconds(5);
// Of one member, in line for one bucket. It asks for no more than a part of them.
constexpr std::size_t kClaimsPerMemberMax = 1024;

bool is_limited(const State& state, VersionIndex version) {
  return state.versions[version].bucket != kNoBucket &&
         !limits_of(state.policy(version).origin).is_none();
}

ClusterBudget& budget_of(State& state, BucketIndex bucket) {
  ClusterBudget& budget = state.cluster.budgets[bucket];
  budget.budget.set(limits_of(state.buckets.policy(bucket).origin));
  return budget;
}

// Gives leave to those in front of the line, as far as the budget goes. A desk is looked at, and
// takes its lease, or leaves the line.
void serve(State& state, BucketIndex bucket) {
  ClusterBudget& budget = budget_of(state, bucket);
  while (!budget.line.empty() && budget.budget.may_begin(state.now)) {
    const BudgetClaim claim = budget.line.front();
    if (claim.is_desk()) return mark_desk(state, claim.chunk);
    budget.line.pop_front();
    budget.budget.begin(state.now, claim.bytes);
    budget.permits[{claim.member, claim.permit}] = Instant::never();
    tell_member(state, claim.member, PermitGranted{claim.permit});
  }
  if (budget.line.empty()) return;
  if (Instant free = budget.budget.free_at(); !free.is_never()) wake_cluster(state, free);
}

void end_permits_if(ClusterBudget& budget, const auto& is_over) {
  auto gone = std::erase_if(budget.permits, is_over);
  for (; gone > 0; --gone) budget.budget.end();
}

}  // namespace

bool has_budget(State& state, ChunkKey key, Desk& desk) {
  if (!is_limited(state, key.version)) return true;
  ClusterBudget& budget = budget_of(state, state.versions[key.version].bucket);
  const BudgetClaim own{.chunk = key};
  bool is_first = budget.line.empty() || budget.line.front() == own;
  if (is_first && budget.budget.may_begin(state.now)) return true;
  if (!std::exchange(desk.is_in_line, true)) budget.line.push_back(own);
  if (Instant free = budget.budget.free_at(); !free.is_never()) wake_cluster(state, free);
  return false;
}

void take_budget(State& state, ChunkKey key, Desk& desk) {
  if (!is_limited(state, key.version)) return;
  const VersionRow& row = state.versions[key.version];
  count_going_on(budget_of(state, row.bucket).budget, state.now,
                 row.chunking.length_of(ChunkIndex(key.chunk)));
  desk.is_budgeted = true;
}

void end_budget(State& state, ChunkKey key, Desk& desk) {
  if (!std::exchange(desk.is_budgeted, false)) return;
  BucketIndex bucket = state.versions[key.version].bucket;
  state.cluster.budgets[bucket].budget.end();
  serve(state, bucket);
}

void leave_budget_line(State& state, ChunkKey key, Desk& desk) {
  if (!std::exchange(desk.is_in_line, false)) return;
  auto it = state.cluster.budgets.find(state.versions[key.version].bucket);
  if (it == state.cluster.budgets.end()) return;
  std::erase(it->second.line, BudgetClaim{.chunk = key});
  serve(state, it->first);
}

void take_permit_wanted(State& state, MemberId from, const PermitWanted& message) {
  auto version = state.versions.find(message.version);
  if (!version || state.versions[*version].facts == nullptr || message.permit == PermitId())
    return note_nonsense(state, from, "wants a permit for what is not known");
  if (!is_limited(state, *version)) {
    if (!message.is_in_use) tell_member(state, from, PermitGranted{message.permit});
    return;
  }
  const BucketIndex bucket = state.versions[*version].bucket;
  ClusterBudget& budget = budget_of(state, bucket);
  const Chunking& chunking = state.versions[*version].chunking;
  uint64_t bytes = std::min(
      {message.bytes, chunking.object_bytes, uint64_t{chunking.chunk_bytes} * kOriginRunMax});
  if (message.is_in_use) {
    auto [permit, is_new] = budget.permits.try_emplace({from, message.permit});
    permit->second = Instant::never();
    if (is_new) count_going_on(budget.budget, state.now, bytes);
    return;
  }
  auto claims = std::count_if(budget.line.begin(), budget.line.end(),
                              [&](const BudgetClaim& claim) { return claim.member == from; });
  if (static_cast<std::size_t>(claims) >= kClaimsPerMemberMax)
    return note_nonsense(state, from, "wants more permits than may be asked for");
  budget.line.push_back({{}, from, message.permit, bytes});
  serve(state, bucket);
}

void take_permit_ended(State& state, MemberId from, const PermitEnded& message) {
  for (auto& [bucket, budget] : state.cluster.budgets) {
    std::erase_if(budget.line, [&](const BudgetClaim& claim) {
      return claim.member == from && claim.permit == message.permit;
    });
    if (budget.permits.erase({from, message.permit}) > 0) budget.budget.end();
    serve(state, bucket);
  }
}

void orphan_permits_of(State& state, MemberId member) {
  for (auto& [bucket, budget] : state.cluster.budgets) {
    std::erase_if(budget.line, [&](const BudgetClaim& claim) { return claim.member == member; });
    for (auto& [permit, until] : budget.permits)
      if (permit.first == member) until = std::min(until, state.now + kOrphanTime);
  }
}

void leave_budgets(State& state) {
  for (auto& [bucket, budget] : state.cluster.budgets) {
    bool is_own = keeper_of(state, bucket) == state.cluster.self &&
                  !limits_of(state.buckets.policy(bucket).origin).is_none();
    if (is_own) continue;
    std::erase_if(budget.line, [](const BudgetClaim& claim) { return !claim.is_desk(); });
    end_permits_if(budget, [](const auto&) { return true; });
  }
}

void serve_budgets(State& state) {
  for (auto& [bucket, budget] : state.cluster.budgets) {
    end_permits_if(budget, [&](const auto& entry) { return entry.second <= state.now; });
    serve(state, bucket);
  }
}

}  // namespace tyto::tracker
