#include "sim/models/max_min_network.h"

#include <algorithm>

#include "base/assert.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kUnit = 1'000'000'000;  // of the amounts: parts of a byte
constexpr uint32_t kPeekHopsMax = 64;      // flows may follow one another in a circle

}  // namespace

LinkId MaxMinNetwork::add_link(uint64_t bytes_per_s) {
  TYTO_ASSERT(bytes_per_s > 0);
  links_.push_back({.bytes_per_s = bytes_per_s});
  return LinkId(static_cast<uint32_t>(links_.size() - 1));
}

MaxMinNetwork::Flow* MaxMinNetwork::find(FlowId id) {
  auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : &found->second;
}

const MaxMinNetwork::Flow* MaxMinNetwork::find(FlowId id) const {
  auto found = flows_.find(id);
  return found == flows_.end() ? nullptr : &found->second;
}

FlowId MaxMinNetwork::start(Instant now, std::span<const LinkId> path, uint64_t bytes,
                            uint64_t from) {
  TYTO_ASSERT(from <= bytes);
  FlowId id(next_flow_++);
  Flow& flow = flows_[id];
  flow.path.assign(path.begin(), path.end());
  flow.total = bytes * kUnit;
  flow.from = from * kUnit;
  flow.left = flow.total - flow.from;
  if (from > 0) flow.quarter = static_cast<uint8_t>(std::min<uint64_t>(3, from * 4 / bytes));
  flow.settled = now;
  flow.idle_since = now;
  touch(now, id, flow);
  join(id, flow);
  return id;
}

uint64_t MaxMinNetwork::stop(Instant now, FlowId id) {
  auto found = flows_.find(id);
  if (found == flows_.end()) return 0;
  Flow& flow = found->second;
  touch(now, id, flow);
  settle(flow, now);
  uint64_t moved_bytes = (flow.position() - flow.from) / kUnit;
  if (!flow.is_blocked) part(id, flow);
  release_followers(now, flow);
  unfollow(id, flow);
  flows_.erase(found);
  return moved_bytes;
}

void MaxMinNetwork::set_state(Instant now, FlowId id, FlowState state) {
  auto found = flows_.find(id);
  if (found == flows_.end()) return;
  Flow& flow = found->second;
  bool is_blocked = state == FlowState::kBlocked;
  if (flow.is_blocked == is_blocked) return;
  touch(now, id, flow);
  settle(flow, now);
  flow.is_blocked = is_blocked;
  if (is_blocked) {
    part(id, flow);
    set_rate(flow, 0);
    schedule(id, flow);
  } else {
    join(id, flow);
  }
}

uint64_t MaxMinNetwork::moved(Instant now, FlowId id) {
  refill();
  Flow* flow = find(id);
  if (flow == nullptr) return 0;
  settle(*flow, now);
  return (flow->position() - flow->from) / kUnit;
}

uint64_t MaxMinNetwork::peek(Instant now, FlowId id) const {
  const Flow* flow = find(id);
  return flow == nullptr ? 0 : (position_at(*flow, now, kPeekHopsMax) - flow->from) / kUnit;
}

// Where settle() would put the flow. Past `hops` upstreams, one is taken to be where it was last.
uint64_t MaxMinNetwork::position_at(const Flow& flow, Instant now, uint32_t hops) const {
  auto elapsed = static_cast<uint64_t>((now - flow.settled).ns());
  uint64_t position = flow.position() + std::min(flow.left, flow.rate * elapsed);
  if (!flow.limit) return position;
  uint64_t most = flow.limit->floor;
  if (const Flow* upstream = find(flow.limit->upstream)) {
    uint64_t at = hops == 0 ? upstream->position() : position_at(*upstream, now, hops - 1);
    if (at > flow.limit->lag) most = std::max(most, at - flow.limit->lag);
  }
  return std::max(flow.position(), std::min(position, most));
}

void MaxMinNetwork::limit(Instant now, FlowId id, const FlowLimit& limit) {
  Flow* flow = find(id);
  if (flow == nullptr) return;
  touch(now, id, *flow);
  settle(*flow, now);
  unfollow(id, *flow);
  Flow* upstream = find(limit.upstream);
  TYTO_ASSERT(upstream != flow);
  flow->limit = FlowLimit{std::max(limit.floor * kUnit, flow->position()),
                          upstream != nullptr ? limit.upstream : FlowId(), limit.lag * kUnit};
  if (upstream != nullptr) upstream->followers.push_back(id);
}

void MaxMinNetwork::unlimit(Instant now, FlowId id) {
  Flow* flow = find(id);
  if (flow == nullptr || !flow->limit) return;
  touch(now, id, *flow);
  settle(*flow, now);
  unfollow(id, *flow);
  flow->limit.reset();
  flow->is_stale = true;
}

void MaxMinNetwork::cap(Instant now, FlowId id, uint64_t bytes_per_s) {
  TYTO_ASSERT(bytes_per_s > 0);
  Flow* flow = find(id);
  if (flow == nullptr || flow->cap == bytes_per_s) return;
  touch(now, id, *flow);
  flow->cap = bytes_per_s;
}

void MaxMinNetwork::set_link_rate(Instant now, LinkId id, uint64_t bytes_per_s) {
  TYTO_ASSERT(bytes_per_s > 0);
  if (now != dirty_at_) refill();
  dirty_at_ = now;
  Link& link = links_[id.value()];
  link.bytes_per_s = bytes_per_s;
  dirty_links_.push_back(id);
  dirty_flows_.insert(dirty_flows_.end(), link.flows.begin(), link.flows.end());
}

Instant MaxMinNetwork::idle_since(FlowId id) {
  refill();
  const Flow* flow = find(id);
  return flow == nullptr ? Instant() : flow->idle_since;
}

void MaxMinNetwork::unfollow(FlowId id, Flow& flow) {
  if (!flow.limit) return;
  if (Flow* upstream = find(flow.limit->upstream)) std::erase(upstream->followers, id);
}

// The flow is about to go. Requires: it is settled.
void MaxMinNetwork::release_followers(Instant now, Flow& flow) {
  for (FlowId id : flow.followers) {
    Flow& follower = flows_.at(id);
    settle(follower, now);
    follower.limit->floor = reach(follower);
    follower.limit->upstream = FlowId();
  }
  flow.followers.clear();
}

uint64_t MaxMinNetwork::rate(FlowId id) {
  refill();
  auto found = flows_.find(id);
  return found == flows_.end() ? 0 : found->second.rate;
}

Instant MaxMinNetwork::next_event() {
  refill();
  while (!due_.empty()) {
    const Due& due = due_.top();
    auto found = flows_.find(due.flow);
    if (found != flows_.end() && found->second.due == due.at) return due.at;
    due_.pop();
  }
  return Instant::never();
}

void MaxMinNetwork::advance(Instant now, std::vector<FlowEvent>& events) {
  while (next_event() <= now) {
    FlowId id = due_.top().flow;
    Instant at = due_.top().at;
    due_.pop();
    Flow& flow = flows_.at(id);
    settle(flow, at);
    if (flow.left > left_at(flow.total, flow.quarter + 1)) {  // it is its limit that was reached
      flow.is_stale = true;
      touch(at, id, flow);
      continue;
    }
    ++flow.quarter;
    events.push_back({id, flow.quarter});
    if (flow.quarter < 4) {
      schedule(id, flow);
      continue;
    }
    touch(at, id, flow);
    part(id, flow);
    release_followers(at, flow);
    unfollow(id, flow);
    flows_.erase(id);
  }
}

// Notes that the rates around a flow are to be found anew, as of `now`.
void MaxMinNetwork::touch(Instant now, FlowId id, const Flow& flow) {
  if (now != dirty_at_) refill();
  dirty_at_ = now;
  dirty_flows_.push_back(id);
  dirty_flows_.insert(dirty_flows_.end(), flow.followers.begin(), flow.followers.end());
  dirty_links_.insert(dirty_links_.end(), flow.path.begin(), flow.path.end());
}

void MaxMinNetwork::refill() {
  if (dirty_flows_.empty()) return;
  fill(connected());
  dirty_flows_.clear();
  dirty_links_.clear();
}

MaxMinNetwork::Component MaxMinNetwork::connected() {
  Component component;
  ++visit_;
  auto add_link_once = [&](LinkId id) {
    Link& link = links_[id.value()];
    if (link.visit == visit_) return;
    link.visit = visit_;
    component.links.push_back(id);
  };
  auto add_flow_once = [&](FlowId id) {
    auto found = flows_.find(id);
    if (found == flows_.end() || found->second.is_blocked) return;
    if (found->second.visit == visit_) return;
    found->second.visit = visit_;
    component.flows.push_back(id);
    for (LinkId link : found->second.path) add_link_once(link);
  };
  auto add_kin_once = [&](FlowId id) {
    const Flow& flow = flows_.at(id);
    for (FlowId follower : flow.followers) add_flow_once(follower);
    if (flow.limit) add_flow_once(flow.limit->upstream);
  };
  for (LinkId link : dirty_links_) add_link_once(link);
  for (FlowId flow : dirty_flows_) add_flow_once(flow);
  std::size_t links = 0;
  std::size_t flows = 0;
  while (links < component.links.size() || flows < component.flows.size()) {
    if (flows < component.flows.size()) {
      add_kin_once(component.flows[flows++]);
      continue;
    }
    for (FlowId flow : links_[component.links[links++].value()].flows) add_flow_once(flow);
  }
  return component;
}

void MaxMinNetwork::settle(Flow& flow, Instant now) {
  TYTO_ASSERT(now >= flow.settled);
  if (flow.settled == now) return;
  auto elapsed = static_cast<uint64_t>((now - flow.settled).ns());
  uint64_t amount = flow.rate == 0 ? 0 : std::min(flow.left, flow.rate * elapsed);
  flow.settled = now;
  if (flow.limit) {
    if (Flow* upstream = find(flow.limit->upstream)) settle(*upstream, now);
    uint64_t most = reach(flow);
    amount = std::min(amount, most > flow.position() ? most - flow.position() : 0);
  }
  flow.left -= amount;
}

void MaxMinNetwork::join(FlowId id, const Flow& flow) {
  for (LinkId link : flow.path) links_[link.value()].flows.push_back(id);
}

void MaxMinNetwork::part(FlowId id, const Flow& flow) {
  for (LinkId link : flow.path) std::erase(links_[link.value()].flows, id);
}

}  // namespace tyto::sim
