#include "sim/fleet/network.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/limits.h"

namespace tyto::sim::fleet {
namespace {

constexpr uint64_t kTicksPerS = 1'000'000'000 / static_cast<uint64_t>(kTick.ns());
constexpr uint64_t kRateMax = 0xffffffff;
constexpr std::size_t kSharedExactly = 64;  // flows of a host; of more, the rest as it comes

}  // namespace

Network::Network(const Scenario& scenario, const Chunks& chunks, Duration refresh)
    : scenario_(scenario), chunks_(chunks), refresh_(std::max<Tick>(1, tick_of(refresh))) {
  const FleetSpec& fleet = scenario.fleet;
  hosts_.resize(fleet.size() + 1);
  for (uint32_t i = 0; i < fleet.size(); ++i) {
    NodeId node(i);
    hosts_[i].up.capacity = fleet.link(node).up_bytes_per_s;
    bool has_rack = fleet.racks > 0 && i >= fleet.superpeers;
    hosts_[i].rack = has_rack ? fleet.rack(node) : kNoRack;
  }
  hosts_.back().up.capacity = scenario.origin.bytes_per_s;
  hosts_.back().uploads_max = static_cast<uint16_t>(std::min(scenario.origin.reads_max, 0xffffu));
  hosts_.back().rack = kNoRack;
  hosts_.back().is_alive = true;
  racks_.resize(fleet.racks);
  for (Rack& rack : racks_) {
    rack.up.capacity = fleet.rack_link.up_bytes_per_s;
    rack.down.capacity = fleet.rack_link.down_bytes_per_s;
  }
  traffic_.sent_by_superpeer.resize(fleet.superpeers);
  traffic_.into_rack.resize(fleet.racks);
}

// --- looking things up ---

const Flow* Network::find(uint32_t node, uint32_t chunk) const {
  for (const Flow& flow : hosts_[node].flows)
    if (flow.chunk == chunk) return &flow;
  return nullptr;
}

// The flow that brings the chunk to a flow's source; what comes from the origin is passed on only
// when it is whole.
const Flow* Network::upstream(Flow& flow) const {
  const std::vector<Flow>& flows = hosts_[flow.source].flows;
  if (flow.upstream >= flows.size() || flows[flow.upstream].chunk != flow.chunk) {
    std::size_t at = 0;
    while (at < flows.size() && flows[at].chunk != flow.chunk) ++at;
    if (at == flows.size()) return nullptr;
    flow.upstream = static_cast<uint8_t>(std::min<std::size_t>(at, 0xff));
    return &flows[at];
  }
  return &flows[flow.upstream];
}

uint32_t Network::position(const Host& host, const Flow& flow, Tick now) const {
  if (flow.rate == 0 || now <= host.updated) return flow.position;
  uint64_t at = flow.position + uint64_t{flow.rate} * (now - host.updated) / kTicksPerS;
  return static_cast<uint32_t>(std::min<uint64_t>(at, flow.length));
}

// How far a flow may go by now.
uint32_t Network::reach(Flow& flow, Tick now) const {
  if (flow.source == origin() || chunks_.holds(flow.source, flow.chunk)) return flow.length;
  uint32_t kept = partials_.empty() ? 0 : partial(flow.source, flow.chunk);
  const Flow* above = upstream(flow);
  if (above == nullptr || above->source == origin()) return kept;
  uint32_t at = position(hosts_[flow.source], *above, now);
  return std::max(kept, at - std::min(at, kBlockBytes));
}

bool Network::crosses_racks(uint32_t node, const Flow& flow) const {
  return !racks_.empty() && hosts_[node].rack != hosts_[flow.source].rack;
}

uint32_t Network::partial(uint32_t node, uint32_t chunk) const {
  auto found = partials_.find(place(node, chunk));
  return found == partials_.end() ? 0 : found->second;
}

void Network::keep_partial(uint32_t node, uint32_t chunk, uint32_t bytes) {
  partials_[place(node, chunk)] = bytes;
}

void Network::drop_partial(uint32_t node, uint32_t chunk) {
  if (!partials_.empty()) partials_.erase(place(node, chunk));
}

void Network::look_ahead(uint32_t node, Ahead what) const {
  const Host& host = hosts_[node];
  if (what == Ahead::kHost) return __builtin_prefetch(&host);
  for (const Flow& flow : host.flows) {
    const Host& source = hosts_[flow.source];
    if (what == Ahead::kFlows) {
      __builtin_prefetch(&flow, 1);
    } else if (what == Ahead::kSources) {
      __builtin_prefetch(&source, 1);
      if (flow.source != origin()) chunks_.look_ahead(flow.source, flow.chunk);
    } else {
      if (crosses_racks(node, flow) && source.rack != kNoRack)
        __builtin_prefetch(&racks_[source.rack], 1);
      if (source.flows.size() <= flow.upstream) continue;
      __builtin_prefetch(&source.flows[flow.upstream]);
      __builtin_prefetch(&source.flows[flow.upstream].rate);  // in the next line, perhaps
    }
  }
}

bool Network::may_end(uint32_t node, Tick now) const {
  const Host& host = hosts_[node];
  return std::any_of(host.flows.begin(), host.flows.end(), [&](const Flow& flow) {
    return flow.rate > 0 && position(host, flow, now) >= flow.length;
  });
}

// --- flows come and go ---

void Network::start(uint32_t node, Flow flow, Tick now) {
  Host& host = hosts_[node];
  if (host.flows.empty()) host.updated = now;
  flow.source_life = hosts_[flow.source].life;
  flow.since = now;
  flow.idle_since = now;
  host.flows.push_back(flow);
}

void Network::set_moving(uint32_t node, Flow& flow, Tick now) {
  flow.state = FlowState::kMoving;
  flow.idle_since = now;
  ++hosts_[flow.source].up.flows;
  if (!crosses_racks(node, flow)) return;
  if (uint32_t rack = hosts_[node].rack; rack != kNoRack) ++racks_[rack].down.flows;
  if (uint32_t rack = hosts_[flow.source].rack; rack != kNoRack) ++racks_[rack].up.flows;
}

void Network::set_rate(uint32_t node, Flow& flow, uint64_t rate) {
  rate = std::min(rate, kRateMax);
  if (rate == flow.rate) return;
  hosts_[flow.source].up.used += rate - flow.rate;
  if (crosses_racks(node, flow)) {
    if (uint32_t rack = hosts_[node].rack; rack != kNoRack)
      racks_[rack].down.used += rate - flow.rate;
    if (uint32_t rack = hosts_[flow.source].rack; rack != kNoRack)
      racks_[rack].up.used += rate - flow.rate;
  }
  flow.rate = static_cast<uint32_t>(rate);
}

// The flow takes nothing of any link or source any more.
void Network::leave(uint32_t node, Flow& flow) {
  set_rate(node, flow, 0);
  if (flow.state == FlowState::kMoving) {
    --hosts_[flow.source].up.flows;
    if (crosses_racks(node, flow)) {
      if (uint32_t rack = hosts_[node].rack; rack != kNoRack) --racks_[rack].down.flows;
      if (uint32_t rack = hosts_[flow.source].rack; rack != kNoRack) --racks_[rack].up.flows;
    }
  }
  bool is_same_process = hosts_[flow.source].life == flow.source_life;
  if (flow.has_slot && is_same_process) --hosts_[flow.source].uploads;
  flow.has_slot = 0;
  note_traffic(node, flow, flow.position - flow.from);
}

void Network::note_traffic(uint32_t node, const Flow& flow, uint64_t bytes) {
  if (flow.source < traffic_.sent_by_superpeer.size())
    traffic_.sent_by_superpeer[flow.source] += bytes;
  if (crosses_racks(node, flow) && hosts_[node].rack != kNoRack)
    traffic_.into_rack[hosts_[node].rack] += bytes;
}

std::optional<Flow> Network::stop(uint32_t node, uint32_t transfer) {
  std::vector<Flow>& flows = hosts_[node].flows;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    if (flows[i].transfer != transfer) continue;
    leave(node, flows[i]);
    Flow flow = flows[i];
    flows[i] = flows.back();
    flows.pop_back();
    return flow;
  }
  return std::nullopt;
}

std::vector<Flow> Network::stop_all(uint32_t node) {
  for (Flow& flow : hosts_[node].flows) leave(node, flow);
  return std::exchange(hosts_[node].flows, {});
}

// The source's answer: whether it sends, waits for the chunk itself, or refuses.
std::optional<FailureKind> Network::begin(uint32_t node, Flow& flow, Tick now) {
  Host& source = hosts_[flow.source];
  if (!source.is_alive || source.life != flow.source_life) return FailureKind::kUnreachable;
  bool is_origin = flow.source == origin();
  if (!flow.has_slot) {
    if (source.uploads_max > 0 && source.uploads >= source.uploads_max)
      return is_origin ? std::nullopt : std::optional(FailureKind::kBusy);
    bool is_here = is_origin || chunks_.holds(flow.source, flow.chunk);
    bool is_expected = flow.is_in_flight || partial(flow.source, flow.chunk) > 0 ||
                       find(flow.source, flow.chunk) != nullptr;
    if (!is_here && !is_expected) return FailureKind::kLacking;
    flow.has_slot = 1;
    busiest_uploads_ = std::max<uint32_t>(busiest_uploads_, ++source.uploads);
    flow.state = FlowState::kWaiting;
    if (is_here) set_moving(node, flow, now);
  }
  if (flow.state != FlowState::kWaiting) return std::nullopt;
  const Flow* above = upstream(flow);
  bool can_move = chunks_.holds(flow.source, flow.chunk) || partial(flow.source, flow.chunk) > 0 ||
                  (above != nullptr && above->source != origin());
  if (can_move) set_moving(node, flow, now);
  return std::nullopt;
}

std::optional<FailureKind> Network::move(uint32_t node, Flow& flow, Tick now, Tick passed) {
  const Host& source = hosts_[flow.source];
  if (!source.is_alive || source.life != flow.source_life) return FailureKind::kUnreachable;
  uint64_t bytes = source.up.carried(uint64_t{flow.rate} * passed / kTicksPerS);
  if (crosses_racks(node, flow)) {
    if (uint32_t rack = hosts_[node].rack; rack != kNoRack)
      bytes = racks_[rack].down.carried(bytes);
    if (source.rack != kNoRack) bytes = racks_[source.rack].up.carried(bytes);
  }
  uint32_t end = std::max(flow.position, reach(flow, now));
  auto to = static_cast<uint32_t>(std::min<uint64_t>(end, flow.position + bytes));
  if (to > flow.position) flow.idle_since = now;
  flow.position = to;
  return std::nullopt;
}

void Network::advance(uint32_t node, Tick now, std::vector<EndedFlow>& ended) {
  Host& host = hosts_[node];
  Tick passed = now - host.updated;
  host.updated = now;
  for (std::size_t i = 0; i < host.flows.size();) {
    Flow& flow = host.flows[i];
    std::optional<FailureKind> failure;
    if (flow.state == FlowState::kMoving) failure = move(node, flow, now, passed);
    bool has_come = flow.state != FlowState::kGated && flow.begins <= now;
    if (flow.state != FlowState::kMoving && has_come) failure = begin(node, flow, now);
    bool is_impatient =
        flow.state != FlowState::kGated && now - flow.idle_since >= flow.patience && !failure;
    bool is_whole = flow.position >= flow.length;
    if (is_impatient && !is_whole) failure = FailureKind::kStalled;
    if (!failure && !is_whole) {
      ++i;
      continue;
    }
    leave(node, flow);
    ended.push_back({flow, failure});
    flow = host.flows.back();
    host.flows.pop_back();
  }
}

// --- rates ---

// What a flow may have from now on, but for the receiver's own link.
uint64_t Network::limit(uint32_t node, Flow& flow, Tick now) const {
  const Host& source = hosts_[flow.source];
  uint64_t rate = source.up.share(flow.rate);
  if (crosses_racks(node, flow)) {
    if (uint32_t rack = hosts_[node].rack; rack != kNoRack)
      rate = std::min(rate, racks_[rack].down.share(flow.rate));
    if (source.rack != kNoRack) rate = std::min(rate, racks_[source.rack].up.share(flow.rate));
  }
  if (flow.source == origin() || chunks_.holds(flow.source, flow.chunk)) return rate;
  const Flow* above = upstream(flow);
  uint64_t fed = above == nullptr || above->source == origin() ? 0 : above->rate;
  uint64_t room = reach(flow, now);
  room -= std::min<uint64_t>(room, flow.position);
  return std::min(rate, fed + room * kTicksPerS / refresh_);
}

void Network::share(uint32_t node, Tick now) {
  Host& host = hosts_[node];
  struct Wish {
    uint64_t rate = 0;
    uint32_t flow = 0;
  };
  std::array<Wish, kSharedExactly> wishes;
  std::size_t count = 0;
  uint64_t left = node < origin() ? scenario_.fleet.link(NodeId(node)).down_bytes_per_s : 0;
  uint64_t wished = 0;
  for (uint32_t i = 0; i < host.flows.size() && count < kSharedExactly; ++i) {
    if (host.flows[i].state != FlowState::kMoving) continue;
    wishes[count] = {limit(node, host.flows[i], now), i};
    wished += wishes[count++].rate;
  }
  if (wished > left) {
    std::sort(wishes.begin(), wishes.begin() + static_cast<std::ptrdiff_t>(count),
              [](const Wish& a, const Wish& b) {
                return a.rate != b.rate ? a.rate < b.rate : a.flow < b.flow;
              });
  }
  for (std::size_t i = 0; i < count; ++i) {
    uint64_t rate = wished > left ? std::min(wishes[i].rate, left / (count - i)) : wishes[i].rate;
    if (wished > left) {
      wished -= wishes[i].rate;
      left -= rate;
    }
    set_rate(node, host.flows[wishes[i].flow], rate);
  }
}

Tick Network::next_look(uint32_t node, Tick now) const {
  const Host& host = hosts_[node];
  Tick next = kNever;
  for (const Flow& flow : host.flows) {
    Tick at = now + refresh_;
    if (flow.state == FlowState::kGated) continue;
    if (flow.state == FlowState::kAsking) at = std::max(now + 1, flow.begins);
    if (flow.state == FlowState::kMoving && flow.rate > 0) {
      uint64_t left = flow.length - flow.position;
      uint64_t ticks = (left * kTicksPerS + flow.rate - 1) / flow.rate;
      if (ticks < refresh_) at = now + std::max<Tick>(1, static_cast<Tick>(ticks));
    }
    next = std::min(next, at);
  }
  return next;
}

}  // namespace tyto::sim::fleet
