// The sources' side of transfers: chunk servers and the origin.
#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {

void DataPlane::on_request(uint64_t key) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || transfer->state != Transfer::State::kAsking || transfer->is_cut_off)
    return;
  if (!transfer->is_origin()) {
    transfer->source = world_.find(transfer->order.source.address);
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

void DataPlane::serve(Transfer& transfer) {
  NodeId id = *transfer.source;
  PeerNode& node = world_.node(id);
  uint32_t cap = node.uploads_max();
  if (cap > 0 && node.uploads >= cap && scenario_.bug != PlantedBug::kCapsIgnored)
    return refuse(transfer, FailureKind::kBusy);
  Place place{id, transfer.chunk()};
  bool can_ensure = transfer.order.without_tracker && node.policy().serves_orphans;
  bool is_here = node.store().holds(transfer.chunk());
  if (!is_here && !can_ensure && !incoming_.contains(place)) {
    node.missed(transfer.chunk());
    return refuse(transfer, FailureKind::kLacking);
  }
  transfer.has_slot = true;
  ++node.uploads;
  world_.tell_checkers([&](Checker& c) { c.on_uploads(world_, id, node.uploads, cap); });
  if (is_here) return begin_body(transfer);
  transfer.state = Transfer::State::kWaiting;
  waiting_[place].insert(transfer.key);
  if (incoming_.contains(place)) return;
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
  OriginModel::Answer answer = origin_.admit(*transfer.order.facts, transfer.key);
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
    Transfer* transfer = find(key);
    TYTO_ASSERT(transfer != nullptr);
    serve_origin(*transfer);
  }
}

void DataPlane::begin_body(Transfer& transfer) {
  Duration delay = scenario_.latency.sample(latency_);
  if (transfer.is_origin()) {
    delay += scenario_.origin.latency;
    transfer.content = right_content(transfer.chunk());
  } else {
    Place place{*transfer.source, transfer.chunk()};
    waiting_[place].erase(transfer.key);
    const PeerNode& node = world_.node(*transfer.source);
    transfer.content = node.store().content(transfer.chunk());
    if (node.is_corrupting) transfer.content = spoilt(transfer.content);
    ++views_[place];
    transfer.has_view = true;
  }
  transfer.state = Transfer::State::kSending;
  world_.schedule(world_.now() + delay, EventKind::kBody, transfer.key);
}

void DataPlane::refuse(Transfer& transfer, FailureKind kind) {
  if (transfer.source) waiting_[{*transfer.source, transfer.chunk()}].erase(transfer.key);
  free_slot(transfer);
  transfer.is_cut_off = true;
  world_.schedule(world_.now() + scenario_.latency.sample(latency_), EventKind::kRefusal,
                  transfer.key, static_cast<uint64_t>(kind));
}

void DataPlane::on_refusal(uint64_t key, FailureKind kind) {
  Transfer* transfer = find(key);
  if (transfer == nullptr || world_.node(transfer->reader).is_data_cut) return;
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
  if (!transfer.has_view) return;
  transfer.has_view = false;
  if (--views_[place] > 0) return;
  views_.erase(place);
  node.upload_ended(place.second);
}

// The chunk has come, or will not, at a source where others wait for it.
void DataPlane::wake_waiters(const Place& place) {
  auto found = waiting_.find(place);
  if (found == waiting_.end()) return;
  std::vector<uint64_t> keys(found->second.begin(), found->second.end());
  bool is_here = world_.node(place.first).store().holds(place.second);
  for (uint64_t key : keys) {
    Transfer* transfer = find(key);
    if (transfer == nullptr || transfer->state != Transfer::State::kWaiting) continue;
    if (is_here) {
      begin_body(*transfer);
    } else if (!transfer->is_ensuring && !incoming_.contains(place)) {
      refuse(*transfer, FailureKind::kLacking);
    }
  }
}

}  // namespace tyto::sim
