#include "sim/world/data_plane.h"

#include "peer/core/patience.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

// Whether blocks that came before are of use to the next source.
bool leaves_blocks(FailureKind kind) {
  return kind != FailureKind::kNoSpace && kind != FailureKind::kInternal;
}

}  // namespace

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

const Transfer* DataPlane::incoming(NodeId node, const ChunkId& chunk) {
  Arriving* coming = arriving({node, chunk});
  if (coming == nullptr || coming->transfers.empty()) return nullptr;
  const Transfer* ahead = leader(*coming);
  return ahead != nullptr ? ahead : &transfers_.at(coming->transfers.front());
}

uint64_t DataPlane::moved(const Transfer& transfer) const {
  if (transfer.flow == FlowId()) return 0;
  if (transfer.has_flow_ended) return transfer.flow_end - transfer.from;
  return network_.peek(world_.now(), transfer.flow);
}

bool DataPlane::is_uploading(NodeId node, const ChunkId& chunk) const {
  auto found = views_.find({node, chunk});
  return found != views_.end() && found->second > 0;
}

// --- the reader's side ---

void DataPlane::start(NodeId reader, const peer::StartTransfer& order, Attempt attempt) {
  PeerNode& node = world_.node(reader);
  ChunkId chunk{order.facts->id, order.chunk};
  if (node.store().holds(chunk)) {
    ++redundant_;
    Digest root = root_of(node.store().content(chunk));
    node.deliver(peer::TransferDone{order.transfer, root, true, 0});
    return;
  }
  Place place{reader, chunk};
  if (is_under_way(place) && attempt == Attempt::kOnly) {
    world_.violated("a peer fetches chunk " + std::to_string(order.chunk.value()) +
                    " twice at once");
    node.deliver(peer::TransferFailed{order.transfer, FailureKind::kInternal, 0, "twice"});
    return;
  }
  if (order.source.kind == SourceKind::kOrigin && !is_under_way(place)) {  // it is read anew
    drop_partial(place);
    refuse_relays(place);
  }
  Arriving& coming = arriving_[place];
  if (coming.facts == nullptr) coming.content = right_content(chunk);
  coming.facts = order.facts;
  if (!make_room(place, coming)) {
    if (coming.verified == 0) drop_partial(place);
    node.deliver(peer::TransferFailed{order.transfer, FailureKind::kNoSpace, 0, "store full"});
    return;
  }
  uint64_t key = next_key_++;
  Transfer& transfer = transfers_[key];
  transfer.key = key;
  transfer.reader = reader;
  transfer.order = order;
  advance(coming);
  if (!transfer.is_origin()) transfer.from = whole_blocks(coming.verified);
  transfer.tracker_run = world_.control().tracker_run();
  if (auto waiting = waiting_.find({reader, chunk}); waiting != waiting_.end()) {
    for (uint64_t waiter : waiting->second)
      transfer.is_for_orphans |= transfers_.at(waiter).is_ensuring;
  }
  transfer.had_tracker = world_.control().is_connected(reader);
  transfer.tracker_upset = world_.control().upsets();
  transfer.since = world_.now();
  by_id_[{reader, order.transfer}] = key;
  coming.transfers.push_back(key);
  world_.tell_checkers([&](Checker& c) { c.on_transfer_started(world_, transfer); });
  if (transfer.is_origin()) {
    enter_gate(transfer);
  } else {
    ask(transfer);
  }
  wake(place);
}

void DataPlane::cancel(NodeId reader, peer::TransferId id) {
  auto found = by_id_.find({reader, id});
  if (found == by_id_.end()) return;
  Place place{reader, transfers_.at(found->second).chunk()};
  end(found->second, TransferEnd::kCancelled);
  if (!is_under_way(place)) drop_partial(place);
  wake(place);
}

void DataPlane::drop_kept(NodeId reader, const ChunkId& chunk) {
  Place place{reader, chunk};
  if (arriving(place) == nullptr || is_under_way(place)) return;
  drop_partial(place);
  wake(place);
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
  // Blocks were taken for good by a root that came too late.
  bool is_spoilt = kind == FailureKind::kCorrupt && transfer->useful > 0;
  bool has_begun = !transfer->is_origin() && position(*transfer) > transfer->from;
  auto bytes = static_cast<uint32_t>(end(key, TransferEnd::kFailed));
  peer::TransferFailed failed{id, kind, bytes, std::string(failure_kind_name(kind))};
  if (!is_under_way(place)) {
    bool is_worth_it = has_begun || arriving_.at(place).verified > 0;
    bool is_kept = is_worth_it && leaves_blocks(kind) && !is_spoilt;
    is_kept ? pause(place) : drop_partial(place);
    failed.is_partial_kept = is_kept;
  }
  world_.node(reader).deliver(std::move(failed));
  wake(place);
}

void DataPlane::finish(uint64_t key) {
  Transfer& transfer = *find(key);
  PeerNode& node = world_.node(transfer.reader);
  if (transfer.is_origin() && !origin_.is_current(*transfer.order.facts))
    return fail(key, FailureKind::kOriginChanged);
  if (node.store().space() == Store::Space::kDiskFull) return fail(key, FailureKind::kNoSpace);
  Place place{transfer.reader, transfer.chunk()};
  VersionFactsRef facts = transfer.order.facts;
  uint64_t length = facts->chunking.length_of(transfer.order.chunk);
  if (transfer.is_origin()) ++origin_reads_[transfer.chunk()];
  auto bytes = static_cast<uint32_t>(length - transfer.from);
  peer::TransferDone done{transfer.order.transfer, root_of(transfer.content), true, bytes};
  ContentTag content = transfer.content;
  end(key, TransferEnd::kDone);
  std::vector<peer::TransferFailed> cancelled = cancel_others(place);
  const ByteCounts useful = arriving_.at(place).useful;
  bytes_.from_peers += useful.from_peers;
  bytes_.from_superpeers += useful.from_superpeers;
  bytes_.from_origin += useful.from_origin;
  arriving_.erase(place);
  node.store().commit(facts, place.second.index, content);
  world_.tell_checkers([&](Checker& c) {
    c.on_stored(world_, place.first, place.second, content);
    c.on_arrived(world_, place.first, *facts, place.second.index, useful);
  });
  node.deliver(done);
  for (peer::TransferFailed& failed : cancelled) node.deliver(std::move(failed));
  wake(place);
}

// The chunk is whole: what else was to bring it has been of no use.
std::vector<peer::TransferFailed> DataPlane::cancel_others(const Place& place) {
  std::vector<peer::TransferFailed> cancelled;
  while (is_under_way(place)) {
    uint64_t key = arriving_.at(place).transfers.front();
    peer::TransferId id = transfers_.at(key).order.transfer;
    auto bytes = static_cast<uint32_t>(end(key, TransferEnd::kCancelled));
    cancelled.push_back({id, FailureKind::kCancelled, bytes, "the chunk came otherwise"});
  }
  return cancelled;
}

uint64_t DataPlane::end(uint64_t key, TransferEnd how) {
  Transfer& transfer = *find(key);
  Place place{transfer.reader, transfer.chunk()};
  Arriving& coming = arriving_.at(place);
  advance(coming);
  uint64_t moved = position(transfer) - transfer.from;
  transfer.moved = moved;
  if (transfer.is_in_flow()) network_.stop(world_.now(), transfer.flow);
  by_flow_.erase(transfer.flow);
  std::erase(coming.transfers, key);
  if (how == TransferEnd::kDone) {
    coming.is_whole = true;
    if (transfer.is_origin()) replace(coming, transfer);
  } else {
    keep(coming, transfer);
  }
  counter(coming.useful, transfer) += transfer.useful;
  uint64_t wasted = moved - std::min(moved, transfer.useful);
  bytes_.wasted += wasted;
  note_traffic(transfer, moved);
  world_.tell_checkers([&](Checker& c) { c.on_transfer_ended(world_, transfer, how); });
  free_slot(transfer);
  if (transfer.is_origin()) {
    origin_.forget(key);
    leave_gate(transfer, how);
  }
  by_id_.erase({transfer.reader, transfer.order.transfer});
  transfers_.erase(key);
  return wasted;
}

void DataPlane::note_traffic(const Transfer& transfer, uint64_t bytes) {
  if (transfer.source) traffic_.sent_by_node[transfer.source->value()] += bytes;
  HostId from = transfer.source ? world_.node(*transfer.source).host() : origin_host_;
  std::optional<RackId> rack = topology_.rack(world_.node(transfer.reader).host());
  if (rack && rack != topology_.rack(from)) traffic_.into_rack[rack->value()] += bytes;
}

uint64_t& DataPlane::counter(ByteCounts& counts, const Transfer& transfer) const {
  if (transfer.is_origin()) return counts.from_origin;
  bool is_from_superpeer =
      transfer.source && world_.node(*transfer.source).role() == Role::kSuperpeer;
  return is_from_superpeer ? counts.from_superpeers : counts.from_peers;
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
  transfer.silent_since = world_.now();
  ++transfer.silence;
  constexpr Duration kProbed = peer::kSilenceMin + peer::kProbeWithin;
  if (transfer.order.source.generation > Generation(0) && transfer.order.patience > kProbed)
    world_.schedule(world_.now() + kProbed, EventKind::kPatience, transfer.key, transfer.silence);
  world_.schedule(world_.now() + transfer.order.patience, EventKind::kPatience, transfer.key,
                  transfer.silence);
}

// Bytes can flow now. Those of a relay may pause at any time, so it is looked at now and then.
void DataPlane::set_heard(Transfer& transfer) {
  if (transfer.is_relay) return set_silent(transfer);
  transfer.is_silent = false;
  ++transfer.silence;
}

// The real client asks a copy in flight that is silent whether it lives.
bool DataPlane::is_dead_in_flight(const Transfer& transfer) const {
  return transfer.order.source.generation > Generation(0) && !is_reachable(transfer);
}

void DataPlane::on_patience(uint64_t key, uint64_t silence) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || !transfer->is_silent || transfer->silence != silence) return;
  if (world_.node(transfer->reader).is_frozen()) return;  // its timers stand still
  bool is_over = world_.now() >= transfer->silent_since + transfer->order.patience;
  if (!is_over && !is_dead_in_flight(*transfer)) return;
  if (!is_over) return fail(key, FailureKind::kUnreachable);
  if (transfer->is_relay && transfer->is_in_flow()) {
    Instant since = std::min(network_.idle_since(transfer->flow), world_.now());
    Instant due = since + transfer->order.patience;
    if (due > world_.now()) return world_.schedule(due, EventKind::kPatience, key, silence);
  }
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
  if (transfer->is_cut_off) return;
  HostId from = transfer->is_origin() ? origin_host_ : world_.node(*transfer->source).host();
  HostId to = world_.node(transfer->reader).host();
  transfer->state = Transfer::State::kMoving;
  transfer->flow_end = transfer->order.facts->chunking.length_of(transfer->order.chunk);
  if (!is_right(*transfer))
    transfer->flow_end = std::min(transfer->flow_end, transfer->from + kBlockBytes);
  transfer->flow =
      network_.start(world_.now(), topology_.path(from, to), transfer->flow_end, transfer->from);
  by_flow_[transfer->flow] = key;
  if (is_reachable(*transfer)) {
    set_heard(*transfer);
  } else {
    network_.set_state(world_.now(), transfer->flow, FlowState::kBlocked);
  }
  if (transfer->is_relay) feed(*transfer);
  if (transfer->is_origin()) return;
  Place place{transfer->reader, transfer->chunk()};
  if (is_right(*transfer)) arriving_.at(place).content = transfer->content;
  feed_relays(place);
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
    Place place{transfer.reader, transfer.chunk()};
    world_.hash().add(key << 3 | event.quarter);
    transfer.has_flow_ended = event.quarter == 4;
    bool is_whole =
        transfer.flow_end == transfer.order.facts->chunking.length_of(transfer.order.chunk);
    if (!is_whole && event.quarter < 4) continue;  // a block is verified when it has come
    if (!is_right(transfer)) {
      fail(key, FailureKind::kCorrupt);
    } else if (event.quarter == 4) {
      if (scenario_.bug != PlantedBug::kTransfersLost || key % 7 != 0) finish(key);
    } else if (transfer.is_origin() && origin_.mode() == OriginModel::Mode::kCutting) {
      fail(key, FailureKind::kOriginFailed);
    } else {
      world_.node(transfer.reader)
          .deliver(peer::TransferProgressed{transfer.order.transfer, event.quarter});
      feed_relays(place);  // of two transfers the other may be ahead now
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
    } else if (transfer->is_cut_off) {
      if (is_open && transfer->reader == id) set_silent(*transfer);
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
    cut_off(*transfer);
    if (!transfer->is_silent) set_silent(*transfer);
    if (is_noticed) refuse(*transfer, FailureKind::kUnreachable);
  }
  std::vector<Place> places;
  for (const auto& [place, coming] : arriving_) {
    if (place.first == id) places.push_back(place);
  }
  for (const Place& place : places) drop_partial(place);
}

void DataPlane::set_origin_mode(OriginModel::Mode mode) {
  origin_.set_mode(mode);
  pump_origin();
}

}  // namespace tyto::sim
