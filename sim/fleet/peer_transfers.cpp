// What becomes of transfers: from a core's order to a flow, and back.
#include <charconv>

#include "sim/fleet/peers.h"
#include "sim/fleet/world.h"

namespace tyto::sim::fleet {
namespace {

uint32_t node_at(const Endpoint& address) {
  uint32_t node = 0;
  const char* begin = address.host.data() + 1;  // after the 'h'
  std::from_chars(begin, address.host.data() + address.host.size(), node);
  return node;
}

uint16_t ticks_of(Duration span) {
  return static_cast<uint16_t>(std::min<Tick>(tick_of(span), 0xffff));
}

}  // namespace

void Peers::fail(uint32_t node, const peer::StartTransfer& order, FailureKind kind) {
  deliver(node,
          peer::TransferFailed{order.transfer, kind, 0, std::string(failure_kind_name(kind))});
}

void Peers::start_transfer(uint32_t node, const peer::StartTransfer& order) {
  Network& network = world_.network();
  const Chunks& chunks = world_.chunks();
  uint32_t chunk = chunks.number(order.facts->id, order.chunk.value());
  if (chunks.holds(node, chunk)) {
    ++redundant_;
    return deliver(node, peer::TransferDone{order.transfer, chunks.root(chunk), true, 0});
  }
  bool is_origin = order.source.kind == SourceKind::kOrigin;
  if (is_origin) network.drop_partial(node, chunk);
  Flow flow{.transfer = static_cast<uint32_t>(order.transfer.value()),
            .source = is_origin ? network.origin() : node_at(order.source.address),
            .chunk = chunk,
            .length = chunks.length(chunk),
            .patience = ticks_of(order.patience)};
  if (!is_origin && flow.source >= scenario_.fleet.size())
    return fail(node, order, FailureKind::kUnreachable);
  bool is_this_process =
      is_origin || 1000 + network.host(flow.source).life == order.source.address.port;
  flow.is_in_flight = order.source.generation > Generation(0);
  flow.from = is_origin ? 0 : network.partial(node, chunk);
  flow.position = flow.from;
  Duration latency = scenario_.latency.sample(latency_) + scenario_.latency.sample(latency_);
  flow.begins = world_.tick() + std::max<Tick>(1, tick_of(latency));
  if (is_origin) flow.state = FlowState::kGated;
  network.start(node, flow, world_.tick());
  if (!is_this_process) --network.host(node).flows.back().source_life;  // found out when asked
  if (!is_origin) return world_.wake(node, flow.begins);
  gates_[node].waiting.push_back(flow.transfer);
  open_gate(node);
}

void Peers::cancel_transfer(uint32_t node, peer::TransferId transfer) {
  std::optional<Flow> flow = world_.network().stop(node, static_cast<uint32_t>(transfer.value()));
  if (!flow) return;
  bytes_.wasted += flow->position - flow->from;
  leave_gate(node, *flow, TransferEnd::kCancelled);
  if (!world_.network().is_receiving(node, flow->chunk))
    world_.network().drop_partial(node, flow->chunk);
}

uint64_t& Peers::counter(const Flow& flow) {
  if (flow.source == world_.network().origin()) return bytes_.from_origin;
  return is_superpeer(flow.source) ? bytes_.from_superpeers : bytes_.from_peers;
}

void Peers::flow_ended(uint32_t node, const EndedFlow& ended) {
  const Flow& flow = ended.flow;
  if (peers_[node].core == nullptr) return;
  if (node % kMeasuredOf == 0) measure_core(node);
  leave_gate(node, flow, ended.failure ? TransferEnd::kFailed : TransferEnd::kDone);
  if (ended.failure) return flow_failed(node, flow, *ended.failure);
  bool is_late = world_.chunks().holds(node, flow.chunk);  // a hedge was as fast
  (is_late ? bytes_.wasted : counter(flow)) += flow.length - flow.from;
  world_.network().drop_partial(node, flow.chunk);
  world_.chunks().set(node, flow.chunk);
  if (flow.source == world_.network().origin()) ++origin_reads_[flow.chunk];
  if (!is_superpeer(node) && !is_late) bytes_delivered_ += flow.length;
  deliver(node,
          peer::TransferDone{peer::TransferId(flow.transfer), world_.chunks().root(flow.chunk),
                             true, flow.length - flow.from});
  cancel_others(node, flow.chunk);
}

// What else was to bring the chunk has been of no use.
void Peers::cancel_others(uint32_t node, uint32_t chunk) {
  std::vector<Flow>& flows = world_.network().host(node).flows;
  for (std::size_t i = 0; i < flows.size(); ++i) {
    if (flows[i].chunk != chunk) continue;
    Flow flow = *world_.network().stop(node, flows[i].transfer);
    bytes_.wasted += flow.position - flow.from;
    deliver(node, peer::TransferFailed{peer::TransferId(flow.transfer), FailureKind::kCancelled,
                                       flow.position - flow.from, "the chunk came otherwise"});
    return;
  }
}

void Peers::flow_failed(uint32_t node, const Flow& flow, FailureKind kind) {
  peer::TransferFailed failed{peer::TransferId(flow.transfer), kind, 0,
                              std::string(failure_kind_name(kind))};
  bool is_origin = flow.source == world_.network().origin();
  uint32_t kept = is_origin ? 0 : static_cast<uint32_t>(whole_blocks(flow.position));
  bool is_alone = !world_.network().is_receiving(node, flow.chunk);
  failed.is_partial_kept = kept > 0 && is_alone;
  if (failed.is_partial_kept) {
    world_.network().keep_partial(node, flow.chunk, kept);
    counter(flow) += kept - std::min(kept, flow.from);
    failed.bytes = flow.position - std::max(kept, flow.from);
  } else {
    failed.bytes = flow.position - flow.from;
  }
  bytes_.wasted += failed.bytes;
  deliver(node, std::move(failed));
}

// --- the origin's gate ---

void Peers::open_gate(uint32_t node) {
  Gate& gate = gates_[node];
  while (gate.under_way < gate.window.limit() && !gate.waiting.empty()) {
    uint32_t transfer = gate.waiting.front();
    gate.waiting.pop_front();
    for (Flow& flow : world_.network().host(node).flows) {
      if (flow.transfer != transfer) continue;
      Duration latency = scenario_.origin.latency + scenario_.latency.sample(latency_) +
                         scenario_.latency.sample(latency_);
      flow.begins = world_.tick() + std::max<Tick>(1, tick_of(latency));
      flow.state = FlowState::kAsking;
      flow.since = world_.tick();
      flow.idle_since = world_.tick();
      ++gate.under_way;
      world_.wake(node, flow.begins);
    }
  }
}

void Peers::leave_gate(uint32_t node, const Flow& flow, TransferEnd how) {
  if (flow.source != world_.network().origin()) return;
  auto found = gates_.find(node);
  if (found == gates_.end()) return;
  Gate& gate = found->second;
  if (std::erase(gate.waiting, flow.transfer) > 0) return;
  Duration took = kTick * int64_t{world_.tick() - flow.since};
  if (how == TransferEnd::kDone) gate.window.read(flow.length, took, gate.under_way);
  --gate.under_way;
  open_gate(node);
}

}  // namespace tyto::sim::fleet
