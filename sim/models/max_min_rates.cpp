// Who gets which rate, and until when it holds.
#include <algorithm>

#include "base/assert.h"
#include "sim/models/max_min_network.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kUnit = 1'000'000'000;             // of the amounts: parts of a byte
constexpr uint64_t kMemoryBytesPerS = 4'000'000'000;  // a flow that crosses no link

uint64_t ns_for(uint64_t amount, uint64_t rate) {
  return amount / rate + (amount % rate != 0 ? 1 : 0);
}

}  // namespace

// Raises all rates together; when a link is full, its flows are fixed and the others go on. Who
// has caught up with a flow that is fixed can't be faster than it, and who has a cap is fixed
// there.
void MaxMinNetwork::fill(const Component& component) {
  using Share = std::pair<uint64_t, LinkId>;  // what each unfixed flow of a link would get
  std::priority_queue<Share, std::vector<Share>, std::greater<>> tightest;
  auto share_of = [&](LinkId id) {
    const Link& link = links_[id.value()];
    return std::max<uint64_t>(1, link.left / link.unfixed);
  };
  for (LinkId id : component.links) {
    Link& link = links_[id.value()];
    link.left = link.bytes_per_s;
    link.unfixed = static_cast<uint32_t>(link.flows.size());
  }
  for (FlowId id : component.flows) settle(flows_.at(id), dirty_at_);
  fix_idle(component);
  for (LinkId id : component.links) {
    if (links_[id.value()].unfixed > 0) tightest.emplace(share_of(id), id);
  }
  std::vector<FlowId> caps = capped(component);
  auto next_cap = caps.begin();
  while (!tightest.empty()) {
    auto [share, bottleneck] = tightest.top();
    tightest.pop();
    if (links_[bottleneck.value()].unfixed == 0) continue;
    uint64_t share_now = share_of(bottleneck);
    if (share_now != share) {  // others were fixed meanwhile, so there is more for the rest
      tightest.emplace(share_now, bottleneck);
      continue;
    }
    if (next_cap != caps.end() && flows_.at(*next_cap).cap < share) {
      Flow& flow = flows_.at(*next_cap++);
      fix_with_followers(flow, flow.cap);
      tightest.emplace(share, bottleneck);
      continue;
    }
    for (FlowId id : links_[bottleneck.value()].flows) fix_with_followers(flows_.at(id), share);
  }
  apply(component);
}

// Flows that can't move now, and those that cross no link and wait for nobody.
void MaxMinNetwork::fix_idle(const Component& component) {
  for (FlowId id : component.flows) {
    Flow& flow = flows_.at(id);
    if (is_idle(flow)) {
      fix(flow, 0);
    } else if (flow.path.empty() && !is_at_limit(flow)) {
      fix(flow, std::min(flow.cap, kMemoryBytesPerS));
    }
  }
}

// Flows with a cap, the lowest first.
std::vector<FlowId> MaxMinNetwork::capped(const Component& component) {
  std::vector<FlowId> caps;
  for (FlowId id : component.flows)
    if (flows_.at(id).cap != kUncapped) caps.push_back(id);
  std::sort(caps.begin(), caps.end(), [&](FlowId a, FlowId b) {
    uint64_t cap_a = flows_.at(a).cap;
    uint64_t cap_b = flows_.at(b).cap;
    return cap_a != cap_b ? cap_a < cap_b : a < b;
  });
  return caps;
}

void MaxMinNetwork::fix(Flow& flow, uint64_t rate) {
  flow.fixed = visit_;
  flow.fixed_rate = rate;
  for (LinkId crossed : flow.path) {
    Link& link = links_[crossed.value()];
    link.left -= std::min(link.left, rate);
    --link.unfixed;
  }
}

void MaxMinNetwork::fix_with_followers(Flow& flow, uint64_t rate) {
  if (flow.fixed == visit_) return;
  fix(flow, rate);
  for (FlowId id : flow.followers) {
    Flow& follower = flows_.at(id);
    if (follower.visit == visit_ && is_at_limit(follower)) fix_with_followers(follower, rate);
  }
}

void MaxMinNetwork::apply(const Component& component) {
  for (FlowId id : component.flows) {
    Flow& flow = flows_.at(id);
    if (flow.fixed != visit_)  // one that relays memory
      flow.fixed_rate = std::min(flow.cap, kMemoryBytesPerS);
    bool is_new = flow.rate != flow.fixed_rate || flow.fixed_rate == 0;
    set_rate(flow, flow.fixed_rate);
    flow.is_stale |= is_new || flow.limit;
  }
  for (FlowId id : component.flows) {  // once all rates are known
    Flow& flow = flows_.at(id);
    if (flow.is_stale) schedule(id, flow);
    flow.is_stale = false;
  }
}

// Requires: the flow is settled.
void MaxMinNetwork::set_rate(Flow& flow, uint64_t rate) {
  if (rate > 0) {
    flow.idle_since = Instant::never();
  } else if (flow.rate > 0) {
    flow.idle_since = flow.settled;
  }
  flow.rate = rate;
}

void MaxMinNetwork::schedule(FlowId id, Flow& flow) {
  flow.due = Instant::never();
  std::optional<uint64_t> ns = ns_to_limit(flow);
  if (flow.rate > 0) {
    uint64_t target = left_at(flow.total, flow.quarter + 1);
    uint64_t amount = flow.left > target ? flow.left - target : 0;
    ns = std::min(ns.value_or(UINT64_MAX), ns_for(amount, flow.rate));
  }
  if (!ns) return;
  flow.due = flow.settled + Duration::nanoseconds(static_cast<int64_t>(*ns));
  due_.push({flow.due, id});
}

// --- limits ---

uint64_t MaxMinNetwork::reach(const Flow& flow) {
  const FlowLimit& limit = *flow.limit;
  const Flow* upstream = find(limit.upstream);
  if (upstream == nullptr || upstream->position() <= limit.lag) return limit.floor;
  return std::max(limit.floor, upstream->position() - limit.lag);
}

bool MaxMinNetwork::is_at_limit(const Flow& flow) {
  return flow.limit && flow.position() + kNear * kUnit >= reach(flow);
}

// Whether it is at its limit, and that does not move now. Flows that follow one another in a
// circle are all idle.
bool MaxMinNetwork::is_idle(const Flow& flow) {
  const Flow* at = &flow;
  for (std::size_t steps = 0; steps <= flows_.size(); ++steps) {
    if (!is_at_limit(*at)) return false;
    const Flow* upstream = find(at->limit->upstream);
    if (upstream == nullptr || upstream->is_blocked) return true;
    uint64_t floor_at = at->limit->floor + at->limit->lag;
    if (upstream->position() + kNear * kUnit < floor_at) return true;
    at = upstream;
  }
  return true;
}

// Until it comes to its limit, or its limit begins to move. None: not at these rates.
std::optional<uint64_t> MaxMinNetwork::ns_to_limit(const Flow& flow) {
  if (!flow.limit) return std::nullopt;
  const Flow* upstream = find(flow.limit->upstream);
  uint64_t limit_rate = upstream == nullptr || upstream->is_blocked ? 0 : upstream->rate;
  // Positions of upstream from which on it is upstream that limits, and that lets this flow go on.
  uint64_t floor_at = flow.limit->floor + flow.limit->lag;
  uint64_t here_at = flow.position() + flow.limit->lag;
  uint64_t up_at = upstream == nullptr ? 0 : upstream->position();
  if (is_at_limit(flow)) {
    bool is_waiting = flow.rate == 0 && limit_rate > 0 && up_at < floor_at;
    return is_waiting ? std::optional(ns_for(floor_at - up_at, limit_rate)) : std::nullopt;
  }
  if (flow.rate == 0) return std::nullopt;
  uint64_t to_floor = floor_at > here_at ? ns_for(floor_at - here_at, flow.rate) : 0;
  bool is_floor_first = up_at + limit_rate * to_floor <= floor_at;
  if (is_floor_first) return to_floor;
  if (flow.rate <= limit_rate || up_at <= here_at) return std::nullopt;
  return ns_for(up_at - here_at, flow.rate - limit_rate);
}

}  // namespace tyto::sim
