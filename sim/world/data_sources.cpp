// The sources' side of transfers: chunk servers and the origin.
#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {

void DataPlane::ask(Transfer& transfer) {
  set_silent(transfer);
  world_.schedule(world_.now() + scenario_.latency.sample(latency_), EventKind::kRequest,
                  transfer.key);
}

// As the shell does: no more reads of the origin at once than the window says, in order.
// A read of a whole object passes it with many others, and the chunks of one need no pass.
void DataPlane::enter_gate(Transfer& transfer) {
  if (!scenario_.origin.has_ranges) return ask(transfer);
  transfer.is_at_gate = true;
  Gate& gate = gates_.try_emplace(transfer.reader).first->second;
  gate.waiting.push_back(transfer.key);
  open_gate(gate);
}

void DataPlane::leave_gate(const Transfer& transfer, TransferEnd how) {
  if (!scenario_.origin.has_ranges) return;
  if (!transfer.is_at_gate) return;
  Gate& gate = gates_.at(transfer.reader);
  if (std::erase(gate.waiting, transfer.key) > 0) return;
  if (how == TransferEnd::kDone) {
    uint64_t length =
        transfer.request_bytes + transfer.order.facts->chunking.length_of(transfer.order.chunk);
    gate.window.read(length, world_.now() - transfer.asked, gate.under_way);
  }
  --gate.under_way;
  open_gate(gate);
}

void DataPlane::open_gate(Gate& gate) {
  while (gate.under_way < gate.window.limit() && !gate.waiting.empty()) {
    Transfer& next = transfers_.at(gate.waiting.front());
    gate.waiting.pop_front();
    ++gate.under_way;
    next.asked = world_.now();
    ask(next);
  }
}

void DataPlane::on_request(uint64_t key) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || transfer->state != Transfer::State::kAsking || transfer->is_cut_off)
    return;
  if (!transfer->is_origin()) {
    transfer->source = world_.find(transfer->order.source.address);
    if (scenario_.bug == PlantedBug::kSourcesInACircle) bend_into_circle(*transfer);
    if (!transfer->source && !world_.node(transfer->reader).is_data_cut)
      return refuse(*transfer, FailureKind::kUnreachable);
  }
  if (!is_reachable(*transfer)) {
    transfer->is_held = true;
    return;
  }
  if (transfer->is_origin()) return serve_origin(*transfer);
  serve(*transfer);
}

// Has the transfer ask one of those who get the chunk from its own reader.
void DataPlane::bend_into_circle(Transfer& transfer) {
  for (const auto& [key, other] : transfers_) {
    bool is_below = other.source == transfer.reader && other.chunk() == transfer.chunk();
    if (!is_below) continue;
    transfer.source = other.reader;
    transfer.order.source.peer = world_.node(other.reader).peer();
  }
}

void DataPlane::serve(Transfer& transfer) {
  NodeId id = *transfer.source;
  PeerNode& node = world_.node(id);
  uint32_t cap = node.uploads_max();
  if (cap > 0 && node.uploads >= cap && scenario_.bug != PlantedBug::kCapsIgnored)
    return refuse(transfer, FailureKind::kBusy);
  Place place{id, transfer.chunk()};
  bool can_ensure = transfer.order.without_tracker && node.policy().serves_orphans;
  bool is_here = node.store().holds(transfer.chunk());
  bool is_expected = arriving(place) != nullptr || transfer.order.source.generation > Generation(0);
  if (!is_here && !can_ensure && !is_expected) {
    node.missed(transfer.chunk());
    return refuse(transfer, FailureKind::kLacking);
  }
  transfer.has_slot = true;
  ++node.uploads;
  world_.tell_checkers([&](Checker& c) { c.on_uploads(world_, id, node.uploads, cap); });
  bool is_coming = is_under_way(place);
  if (is_here || (is_relayable(place) && (is_coming || !can_ensure))) return begin_body(transfer);
  transfer.state = Transfer::State::kWaiting;
  waiting_[place].insert(transfer.key);
  if (is_coming || !can_ensure) return;
  transfer.is_ensuring = true;
  node.deliver(peer::EnsureAsked{transfer.key, transfer.chunk()});
}

void DataPlane::ensured(NodeId source, uint64_t request, bool is_here) {
  Transfer* transfer = find(request);
  if (transfer == nullptr || transfer->state != Transfer::State::kWaiting) return;
  if (transfer->source != source) return;
  if (is_here && world_.node(source).store().holds(transfer->chunk())) return begin_body(*transfer);
  refuse(*transfer, FailureKind::kLacking);
}

void DataPlane::serve_origin(Transfer& transfer) {
  if (!scenario_.origin.has_ranges) return serve_whole(transfer);
  VersionFactsRef asked = transfer.order.facts;
  if (scenario_.bug == PlantedBug::kVersionsMixed) asked = origin_.find(asked->key);
  OriginModel::Answer answer = origin_.admit(*asked, transfer.key);
  if (answer.admission == OriginModel::Admission::kFail) return refuse(transfer, answer.failure);
  if (answer.admission == OriginModel::Admission::kWait) {
    transfer.state = Transfer::State::kWaiting;
    return;
  }
  transfer.has_slot = true;
  begin_body(transfer);
}

void DataPlane::pump_origin() {
  while (uint64_t key = origin_.next_waiting()) {
    if (auto whole = wholes_.find(key); whole != wholes_.end()) {
      if (auto failure = admit_whole(whole->second)) break_whole(key, *failure);
      continue;
    }
    Transfer* transfer = find(key);
    TYTO_ASSERT(transfer != nullptr);
    serve_origin(*transfer);
  }
}

void DataPlane::begin_body(Transfer& transfer) {
  Duration delay = scenario_.latency.sample(latency_);
  if (transfer.is_origin()) {
    delay = transfer.whole != 0 ? Duration() : delay + origin_.draw_latency();
    transfer.content = origin_content(transfer);
  } else {
    Place place{*transfer.source, transfer.chunk()};
    waiting_[place].erase(transfer.key);
    const PeerNode& node = world_.node(*transfer.source);
    if (node.store().holds(transfer.chunk())) {
      transfer.content = node.store().content(transfer.chunk());
      transfer.is_from_bad_disk = node.store().has_turned_bad(transfer.chunk());
      take_view(transfer);
    } else {
      transfer.content = arriving_.at(place).content;
      transfer.is_relay = true;
      relays_[place].insert(transfer.key);
    }
    world_.tell_checkers([&](Checker& c) { c.on_served(world_, transfer); });
    if (node.is_corrupting) transfer.content = spoilt(transfer.content);
  }
  transfer.state = Transfer::State::kSending;
  world_.schedule(world_.now() + delay, EventKind::kBody, transfer.key);
}

ContentTag DataPlane::origin_content(const Transfer& transfer) const {
  VersionId version = transfer.order.facts->id;
  if (scenario_.bug == PlantedBug::kVersionsMixed)
    version = origin_.find(transfer.order.facts->key)->id;
  return right_content({version, transfer.order.chunk});
}

void DataPlane::take_view(Transfer& transfer) {
  ++views_[{*transfer.source, transfer.chunk()}];
  transfer.has_view = true;
}

// Nothing more comes from the source.
void DataPlane::cut_off(Transfer& transfer) {
  free_slot(transfer);
  if (transfer.is_in_flow()) network_.set_state(world_.now(), transfer.flow, FlowState::kBlocked);
  transfer.is_cut_off = true;
}

void DataPlane::refuse(Transfer& transfer, FailureKind kind) {
  cut_off(transfer);
  world_.schedule(world_.now() + scenario_.latency.sample(latency_), EventKind::kRefusal,
                  transfer.key, static_cast<uint64_t>(kind));
}

void DataPlane::refuse_relays(const Place& place) {
  auto found = relays_.find(place);
  if (found == relays_.end()) return;
  std::vector<uint64_t> keys(found->second.begin(), found->second.end());
  for (uint64_t key : keys) refuse(transfers_.at(key), FailureKind::kLacking);
}

void DataPlane::on_refusal(uint64_t key, FailureKind kind) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || world_.node(transfer->reader).is_data_cut) return;
  if (transfer->state == Transfer::State::kStoring) return;  // it needs nobody any more
  bool has_ends = transfer->source || transfer->is_origin();
  if (has_ends && world_.is_apart(transfer->reader, transfer->source)) return;
  fail(key, kind);
}

void DataPlane::free_slot(Transfer& transfer) {
  if (transfer.is_origin()) {
    if (!transfer.has_slot) return;
    transfer.has_slot = false;
    origin_.release();
    return pump_origin();
  }
  if (!transfer.source) return;
  Place place{*transfer.source, transfer.chunk()};
  PeerNode& node = world_.node(place.first);
  if (transfer.has_slot) --node.uploads;
  transfer.has_slot = false;
  waiting_[place].erase(transfer.key);
  if (waiting_[place].empty()) waiting_.erase(place);
  relays_[place].erase(transfer.key);
  if (relays_[place].empty()) relays_.erase(place);
  if (!transfer.has_view) return;
  transfer.has_view = false;
  if (--views_[place] > 0) return;
  views_.erase(place);
  node.upload_ended(place.second);
}

// Something has changed about a chunk at a source: it has come, is coming, or will not.
void DataPlane::wake(const Place& place) {
  bool is_here = world_.node(place.first).store().holds(place.second);
  bool is_given_up = !is_here && arriving(place) == nullptr;
  is_given_up ? refuse_relays(place) : feed_relays(place);
  auto found = waiting_.find(place);
  if (found == waiting_.end()) return;
  std::vector<uint64_t> keys(found->second.begin(), found->second.end());
  for (uint64_t key : keys) {
    Transfer* transfer = find(key);
    if (transfer == nullptr || transfer->state != Transfer::State::kWaiting) continue;
    if (is_here || (is_relayable(place) && (is_under_way(place) || !transfer->is_ensuring))) {
      begin_body(*transfer);
    } else if (!transfer->is_ensuring && is_given_up) {
      refuse(*transfer, FailureKind::kLacking);
    }
  }
}

}  // namespace tyto::sim
