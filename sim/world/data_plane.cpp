#include "sim/world/data_plane.h"

#include "sim/world/world.h"

namespace tyto::sim {

DataPlane::DataPlane(World& world, const Scenario& scenario)
    : world_(world),
      scenario_(scenario),
      topology_(network_),
      origin_(scenario.origin, scenario.bucket.id, scenario.bucket.name, scenario.objects),
      latency_(make_stream(scenario.seed, Stream::kOrigin)) {
  const FleetSpec& fleet = scenario.fleet;
  uint64_t origin_rate = scenario.origin.bytes_per_s;
  origin_host_ = topology_.add_host({origin_rate, origin_rate}, std::nullopt);
  std::vector<RackId> racks;
  for (uint32_t i = 0; i < fleet.racks; ++i) racks.push_back(topology_.add_rack(fleet.rack_link));
  for (uint32_t i = 0; i < fleet.size(); ++i) {
    NodeId node(i);
    std::optional<RackId> rack;
    if (fleet.racks > 0 && i >= fleet.superpeers) rack = racks[fleet.rack(node)];
    topology_.add_host(fleet.link(node), rack);
  }
  traffic_.sent_by_node.resize(fleet.size());
  traffic_.into_rack.resize(fleet.racks);
}

Transfer* DataPlane::find(uint64_t key) {
  auto found = transfers_.find(key);
  return found == transfers_.end() ? nullptr : &found->second;
}

const Transfer* DataPlane::incoming(NodeId node, const ChunkId& chunk) const {
  auto found = incoming_.find({node, chunk});
  return found == incoming_.end() ? nullptr : &transfers_.at(found->second);
}

bool DataPlane::is_uploading(NodeId node, const ChunkId& chunk) const {
  auto found = views_.find({node, chunk});
  return found != views_.end() && found->second > 0;
}

// --- the reader's side ---

void DataPlane::start(NodeId reader, const peer::StartTransfer& order) {
  PeerNode& node = world_.node(reader);
  ChunkId chunk{order.facts->id, order.chunk};
  if (node.store().holds(chunk)) {
    ++redundant_;
    Digest root = root_of(node.store().content(chunk));
    node.deliver(peer::TransferDone{order.transfer, root, true, 0});
    return;
  }
  if (incoming_.contains({reader, chunk})) {
    world_.violated("a peer fetches chunk " + std::to_string(order.chunk.value()) +
                    " twice at once");
    node.deliver(peer::TransferFailed{order.transfer, FailureKind::kInternal, 0, "twice"});
    return;
  }
  if (!node.store().reserve(order.facts, order.chunk)) {
    node.deliver(peer::TransferFailed{order.transfer, FailureKind::kNoSpace, 0, "store full"});
    return;
  }
  uint64_t key = next_key_++;
  Transfer& transfer = transfers_[key];
  transfer.key = key;
  transfer.reader = reader;
  transfer.order = order;
  transfer.tracker_run = world_.control().tracker_run();
  if (auto waiting = waiting_.find({reader, chunk}); waiting != waiting_.end()) {
    for (uint64_t waiter : waiting->second)
      transfer.is_for_orphans |= transfers_.at(waiter).is_ensuring;
  }
  transfer.had_tracker = world_.control().is_connected(reader);
  transfer.tracker_upset = world_.control().upsets();
  transfer.since = world_.now();
  by_id_[{reader, order.transfer}] = key;
  incoming_[{reader, chunk}] = key;
  world_.tell_checkers([&](Checker& c) { c.on_transfer_started(world_, transfer); });
  set_silent(transfer);
  world_.schedule(world_.now() + scenario_.latency.sample(latency_), EventKind::kRequest, key);
}

void DataPlane::cancel(NodeId reader, peer::TransferId id) {
  auto found = by_id_.find({reader, id});
  if (found == by_id_.end()) return;
  end(found->second, TransferEnd::kCancelled);
}

void DataPlane::fail(uint64_t key, FailureKind kind) {
  Transfer* transfer = find(key);
  if (transfer == nullptr) return;
  NodeId reader = transfer->reader;
  if (world_.node(reader).is_frozen()) {
    transfer->unheard = kind;
    return;
  }
  peer::TransferId id = transfer->order.transfer;
  Place place{reader, transfer->chunk()};
  transfer->failure = kind;
  auto bytes = static_cast<uint32_t>(end(key, TransferEnd::kFailed));
  world_.node(reader).deliver(
      peer::TransferFailed{id, kind, bytes, std::string(failure_kind_name(kind))});
  wake_waiters(place);
}

void DataPlane::finish(uint64_t key) {
  Transfer& transfer = *find(key);
  PeerNode& node = world_.node(transfer.reader);
  if (transfer.is_origin() && !origin_.is_current(*transfer.order.facts))
    return fail(key, FailureKind::kOriginChanged);
  if (node.store().space() == Store::Space::kDiskFull) return fail(key, FailureKind::kNoSpace);
  Place place{transfer.reader, transfer.chunk()};
  VersionFactsRef facts = transfer.order.facts;
  uint32_t length = facts->chunking.length_of(transfer.order.chunk);
  count(transfer, length);
  peer::TransferDone done{transfer.order.transfer, root_of(transfer.content), true, length};
  ContentTag content = transfer.content;
  end(key, TransferEnd::kDone);
  node.store().commit(facts, place.second.index, content);
  world_.tell_checkers(
      [&](Checker& c) { c.on_stored(world_, place.first, place.second, content); });
  node.deliver(done);
  wake_waiters(place);
}

// Takes a transfer out of all tables; returns the bytes that it moved in vain.
uint64_t DataPlane::end(uint64_t key, TransferEnd how) {
  Transfer& transfer = *find(key);
  uint64_t moved = 0;
  if (transfer.flow != FlowId()) {
    moved = transfer.has_flow_ended ? transfer.order.facts->chunking.length_of(transfer.order.chunk)
                                    : network_.stop(world_.now(), transfer.flow);
    by_flow_.erase(transfer.flow);
  }
  note_traffic(transfer, moved);
  if (how != TransferEnd::kDone) {
    bytes_.wasted += moved;
    world_.node(transfer.reader).store().release(transfer.order.facts, transfer.order.chunk);
  }
  Place place{transfer.reader, transfer.chunk()};
  world_.tell_checkers([&](Checker& c) { c.on_transfer_ended(world_, transfer, how); });
  free_slot(transfer);
  if (transfer.is_origin()) origin_.forget(key);
  by_id_.erase({transfer.reader, transfer.order.transfer});
  incoming_.erase(place);
  transfers_.erase(key);
  if (how == TransferEnd::kCancelled) wake_waiters(place);
  return moved;
}

void DataPlane::note_traffic(const Transfer& transfer, uint64_t bytes) {
  if (transfer.source) traffic_.sent_by_node[transfer.source->value()] += bytes;
  HostId from = transfer.source ? world_.node(*transfer.source).host() : origin_host_;
  std::optional<RackId> rack = topology_.rack(world_.node(transfer.reader).host());
  if (rack && rack != topology_.rack(from)) traffic_.into_rack[rack->value()] += bytes;
}

void DataPlane::count(const Transfer& transfer, uint64_t bytes) {
  if (transfer.is_origin()) {
    bytes_.from_origin += bytes;
    ++origin_reads_[transfer.chunk()];
  } else if (world_.node(*transfer.source).role() == Role::kSuperpeer) {
    bytes_.from_superpeers += bytes;
  } else {
    bytes_.from_peers += bytes;
  }
}

// Whether what comes is what was ordered, as far as the reader can know.
bool DataPlane::is_right(const Transfer& transfer) const {
  if (scenario_.bug == PlantedBug::kVerificationSkipped) return true;
  std::optional<Digest> root = transfer.order.root;
  if (!root) root = world_.node(transfer.reader).manifest_root(transfer.chunk());
  return !root || *root == root_of(transfer.content);
}

// --- silence and patience ---

void DataPlane::set_silent(Transfer& transfer) {
  transfer.is_silent = true;
  ++transfer.silence;
  world_.schedule(world_.now() + transfer.order.patience, EventKind::kPatience, transfer.key,
                  transfer.silence);
}

void DataPlane::set_heard(Transfer& transfer) {
  transfer.is_silent = false;
  ++transfer.silence;
}

void DataPlane::on_patience(uint64_t key, uint64_t silence) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || !transfer->is_silent || transfer->silence != silence) return;
  if (world_.node(transfer->reader).is_frozen()) return;  // its timers stand still
  fail(key, FailureKind::kStalled);
}

bool DataPlane::is_reachable(const Transfer& transfer) const {
  auto reacts = [&](NodeId id) {
    const PeerNode& node = world_.node(id);
    return !node.is_frozen() && !node.is_data_cut;
  };
  if (!reacts(transfer.reader)) return false;
  return !transfer.source || reacts(*transfer.source);
}

// --- bytes ---

void DataPlane::on_body(uint64_t key) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || transfer->state != Transfer::State::kSending) return;
  HostId from = transfer->is_origin() ? origin_host_ : world_.node(*transfer->source).host();
  HostId to = world_.node(transfer->reader).host();
  transfer->state = Transfer::State::kMoving;
  transfer->flow = network_.start(world_.now(), topology_.path(from, to),
                                  transfer->order.facts->chunking.length_of(transfer->order.chunk));
  by_flow_[transfer->flow] = key;
  if (is_reachable(*transfer)) {
    set_heard(*transfer);
  } else {
    network_.set_state(world_.now(), transfer->flow, FlowState::kBlocked);
  }
}

void DataPlane::on_flow() {
  if (world_.now() != flow_at_) return;  // a time that no longer counts
  flow_at_ = Instant::never();
  std::vector<FlowEvent> events;
  network_.advance(world_.now(), events);
  for (const FlowEvent& event : events) {
    auto found = by_flow_.find(event.flow);
    if (found == by_flow_.end()) continue;
    uint64_t key = found->second;
    Transfer& transfer = transfers_.at(key);
    world_.hash().add(key << 3 | event.quarter);
    transfer.has_flow_ended = event.quarter == 4;
    if (!is_right(transfer)) {
      fail(key, FailureKind::kCorrupt);
    } else if (event.quarter == 4) {
      if (scenario_.bug != PlantedBug::kTransfersLost || key % 7 != 0) finish(key);
    } else if (transfer.is_origin() && origin_.mode() == OriginModel::Mode::kCutting) {
      fail(key, FailureKind::kOriginFailed);
    } else {
      world_.node(transfer.reader)
          .deliver(peer::TransferProgressed{transfer.order.transfer, event.quarter});
    }
  }
}

void DataPlane::arm() {
  Instant next = network_.next_event();
  if (next >= flow_at_) return;
  flow_at_ = next;
  world_.schedule(next, EventKind::kFlow);
}

// --- faults ---

void DataPlane::node_changed(NodeId id) {
  std::vector<uint64_t> keys;
  for (const auto& [key, transfer] : transfers_) {
    if (transfer.reader == id || transfer.source == id) keys.push_back(key);
  }
  for (uint64_t key : keys) {
    Transfer* transfer = find(key);
    if (transfer == nullptr) continue;
    bool is_open = is_reachable(*transfer);
    if (is_open && transfer->unheard) {
      fail(key, *transfer->unheard);
    } else if (transfer->state == Transfer::State::kMoving && !transfer->has_flow_ended) {
      network_.set_state(world_.now(), transfer->flow,
                         is_open ? FlowState::kMoving : FlowState::kBlocked);
      if (is_open) {
        set_heard(*transfer);
      } else if (!transfer->is_silent) {
        set_silent(*transfer);
      }
    } else if (is_open) {
      if (transfer->reader == id) set_silent(*transfer);  // timers of a thawed process start anew
      if (!transfer->is_held) continue;
      transfer->is_held = false;
      world_.schedule(world_.now(), EventKind::kRequest, key);
    }
  }
}

void DataPlane::process_gone(NodeId id) {
  std::vector<uint64_t> keys;
  for (const auto& [key, transfer] : transfers_) {
    if (transfer.reader == id || transfer.source == id) keys.push_back(key);
  }
  for (uint64_t key : keys) {
    Transfer* transfer = find(key);
    if (transfer->reader == id) {
      end(key, TransferEnd::kDied);
      continue;
    }
    bool is_noticed = is_reachable(*transfer) || world_.node(id).is_frozen();
    free_slot(*transfer);
    if (transfer->state == Transfer::State::kMoving)
      network_.set_state(world_.now(), transfer->flow, FlowState::kBlocked);
    if (!transfer->is_silent) set_silent(*transfer);
    transfer->is_cut_off = true;
    if (is_noticed) refuse(*transfer, FailureKind::kUnreachable);
  }
}

void DataPlane::set_origin_mode(OriginModel::Mode mode) {
  origin_.set_mode(mode);
  pump_origin();
}

}  // namespace tyto::sim
