#include "sim/models/max_min_network.h"

#include <algorithm>

#include "base/assert.h"

namespace tyto::sim {
namespace {

constexpr uint64_t kUnit = 1'000'000'000;             // of the amounts: parts of a byte
constexpr uint64_t kMemoryBytesPerS = 4'000'000'000;  // a flow that crosses no link

// What is left of a flow when it has moved `quarter` quarters.
uint64_t left_at(uint64_t total, uint8_t quarter) {
  return total / 4 * (4u - quarter);
}

}  // namespace

LinkId MaxMinNetwork::add_link(uint64_t bytes_per_s) {
  TYTO_ASSERT(bytes_per_s > 0);
  links_.push_back({.bytes_per_s = bytes_per_s});
  return LinkId(static_cast<uint32_t>(links_.size() - 1));
}

FlowId MaxMinNetwork::start(Instant now, std::span<const LinkId> path, uint64_t bytes) {
  FlowId id(next_flow_++);
  Flow& flow = flows_[id];
  flow.path.assign(path.begin(), path.end());
  flow.total = bytes * kUnit;
  flow.left = flow.total;
  flow.settled = now;
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
  uint64_t moved_bytes = (flow.total - flow.left) / kUnit;
  if (!flow.is_blocked) part(id, flow);
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
    set_rate(id, flow, 0);
  } else {
    join(id, flow);
  }
}

uint64_t MaxMinNetwork::moved(Instant now, FlowId id) {
  refill();
  auto found = flows_.find(id);
  if (found == flows_.end()) return 0;
  settle(found->second, now);
  return (found->second.total - found->second.left) / kUnit;
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
    ++flow.quarter;
    events.push_back({id, flow.quarter});
    if (flow.quarter < 4) {
      schedule(id, flow);
      continue;
    }
    touch(at, id, flow);
    part(id, flow);
    flows_.erase(id);
  }
}

// Notes that the rates around a flow are to be found anew, as of `now`.
void MaxMinNetwork::touch(Instant now, FlowId id, const Flow& flow) {
  if (now != dirty_at_) refill();
  dirty_at_ = now;
  dirty_flows_.push_back(id);
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
  for (LinkId link : dirty_links_) add_link_once(link);
  for (FlowId flow : dirty_flows_) add_flow_once(flow);
  for (std::size_t i = 0; i < component.links.size(); ++i) {
    for (FlowId flow : links_[component.links[i].value()].flows) add_flow_once(flow);
  }
  return component;
}

// Raises all rates together; when a link is full, its flows are fixed and the others go on.
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
    if (link.unfixed > 0) tightest.emplace(share_of(id), id);
  }
  for (FlowId id : component.flows) {
    Flow& flow = flows_.at(id);
    settle(flow, dirty_at_);
    if (flow.path.empty()) set_rate(id, flow, kMemoryBytesPerS);
  }
  while (!tightest.empty()) {
    auto [share, bottleneck] = tightest.top();
    tightest.pop();
    if (links_[bottleneck.value()].unfixed == 0) continue;
    uint64_t share_now = share_of(bottleneck);
    if (share_now != share) {  // others were fixed meanwhile, so there is more for the rest
      tightest.emplace(share_now, bottleneck);
      continue;
    }
    for (FlowId id : links_[bottleneck.value()].flows) {
      Flow& flow = flows_.at(id);
      if (flow.fixed == visit_) continue;
      flow.fixed = visit_;
      set_rate(id, flow, share);
      for (LinkId crossed : flow.path) {
        Link& link = links_[crossed.value()];
        link.left -= std::min(link.left, share);
        --link.unfixed;
      }
    }
  }
}

void MaxMinNetwork::settle(Flow& flow, Instant now) {
  TYTO_ASSERT(now >= flow.settled);
  auto elapsed = static_cast<uint64_t>((now - flow.settled).ns());
  if (flow.rate > 0) flow.left -= std::min(flow.left, flow.rate * elapsed);
  flow.settled = now;
}

// Requires: the flow is settled.
void MaxMinNetwork::set_rate(FlowId id, Flow& flow, uint64_t rate) {
  if (flow.rate == rate && rate > 0) return;
  flow.rate = rate;
  schedule(id, flow);
}

void MaxMinNetwork::schedule(FlowId id, Flow& flow) {
  flow.due = Instant::never();
  if (flow.rate == 0) return;
  uint64_t target = left_at(flow.total, static_cast<uint8_t>(flow.quarter + 1));
  uint64_t amount = flow.left > target ? flow.left - target : 0;
  uint64_t ns = (amount + flow.rate - 1) / flow.rate;
  flow.due = flow.settled + Duration::nanoseconds(static_cast<int64_t>(ns));
  due_.push({flow.due, id});
}

void MaxMinNetwork::join(FlowId id, const Flow& flow) {
  for (LinkId link : flow.path) links_[link.value()].flows.push_back(id);
}

void MaxMinNetwork::part(FlowId id, const Flow& flow) {
  for (LinkId link : flow.path) std::erase(links_[link.value()].flows, id);
}

}  // namespace tyto::sim
