// Bytes that flow or stand still: patience, the network's reports, and what faults do to them.
#include "peer/core/patience.h"
#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {

// --- silence and patience ---

void DataPlane::watch(Instant until, uint64_t key, uint64_t silence) {
  ++silences_;
  world_.schedule(until, EventKind::kPatience, key, silence);
}

void DataPlane::set_silent(Transfer& transfer) {
  transfer.is_silent = true;
  transfer.silent_since = world_.now();
  ++transfer.silence;
  constexpr Duration kProbed = peer::kSilenceMin + peer::kProbeWithin;
  if (transfer.order.source.generation > Generation(0) && transfer.order.patience > kProbed)
    watch(world_.now() + kProbed, transfer.key, transfer.silence);
  watch(world_.now() + transfer.order.patience, transfer.key, transfer.silence);
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
  --silences_;
  Transfer* transfer = find(key);
  if (transfer == nullptr || !transfer->is_silent || transfer->silence != silence) return;
  if (transfer->state == Transfer::State::kStoring) return;
  if (world_.node(transfer->reader).is_frozen()) return;  // its timers stand still
  bool is_over = world_.now() >= transfer->silent_since + transfer->order.patience;
  if (!is_over && !is_dead_in_flight(*transfer)) return;
  if (!is_over) return fail(key, FailureKind::kUnreachable);
  if (transfer->is_relay && transfer->is_in_flow()) {
    Instant since = std::min(network_.idle_since(transfer->flow), world_.now());
    Instant due = since + transfer->order.patience;
    if (due > world_.now()) return watch(due, key, silence);
  }
  fail(key, FailureKind::kStalled);
}

bool DataPlane::is_reachable(const Transfer& transfer) const {
  auto reacts = [&](NodeId id) {
    const PeerNode& node = world_.node(id);
    return !node.is_frozen() && !node.is_data_cut;
  };
  if (!reacts(transfer.reader)) return false;
  bool has_ends = transfer.source || transfer.is_origin();
  if (has_ends && world_.is_apart(transfer.reader, transfer.source)) return false;
  return !transfer.source || reacts(*transfer.source);
}

// --- bytes ---

void DataPlane::on_body(uint64_t key) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || transfer->state != Transfer::State::kSending) return;
  if (transfer->is_cut_off) return;
  transfer->state = Transfer::State::kMoving;
  transfer->flow_end = transfer->order.facts->chunking.length_of(transfer->order.chunk);
  if (!is_right(*transfer))
    transfer->flow_end = std::min(transfer->flow_end, transfer->from + kBlockBytes);
  start_flow(*transfer);
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
    if (auto whole = wholes_.find(key); whole != wholes_.end()) {
      world_.hash().add(key << 3 | event.quarter);
      whole_moved(whole->second, event.quarter);
      continue;
    }
    Transfer& transfer = transfers_.at(key);
    if (event.flow == transfer.disk_flow) {
      if (event.quarter == 4) store(key);
      continue;
    }
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
    } else if (transfer.is_origin() && transfer.whole == 0 &&
               origin_.mode() == OriginModel::Mode::kCutting) {
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
  wholes_changed(id);
  std::vector<uint64_t> keys;
  for (const auto& [key, transfer] : transfers_) {
    if (transfer.reader == id || transfer.source == id) keys.push_back(key);
  }
  for (uint64_t key : keys) {
    Transfer* transfer = find(key);
    if (transfer == nullptr) continue;
    if (transfer->state == Transfer::State::kStoring) {
      disk_changed(*transfer);
      continue;
    }
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
    if (transfer->state == Transfer::State::kStoring) continue;
    bool is_noticed = is_reachable(*transfer) || world_.node(id).is_frozen();
    cut_off(*transfer);
    if (!transfer->is_silent) set_silent(*transfer);
    if (is_noticed) refuse(*transfer, FailureKind::kUnreachable);
  }
  std::vector<uint64_t> wholes;
  for (const auto& [key, whole] : wholes_)
    if (whole.reader == id) wholes.push_back(key);
  for (uint64_t key : wholes)
    if (wholes_.contains(key)) drop_whole(key);  // the end of one may end another
  connections_.forget(world_.node(id).host());
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
