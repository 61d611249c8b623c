// Origins without ranges: a node reads the object once, and has its chunks out of that, as the
// shell does (peer/origin/http_whole_read.h).
#include <algorithm>

#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {

WholeRead* DataPlane::whole_of(NodeId reader, const VersionId& version) {
  for (auto& [key, whole] : wholes_)
    if (whole.reader == reader && whole.facts->id == version) return &whole;
  return nullptr;
}

// Joins the read of the object, or begins one. What was read before and not used for long is gone.
void DataPlane::serve_whole(Transfer& transfer) {
  WholeRead* whole = whole_of(transfer.reader, transfer.order.facts->id);
  if (whole != nullptr && whole->transfers.empty() && world_.now() > whole->used + kSpoolKept) {
    drop_whole(whole->key);
    whole = nullptr;
  }
  if (whole == nullptr) {
    uint64_t key = next_key_++;
    whole = &wholes_[key];
    whole->key = key;
    whole->reader = transfer.reader;
    whole->facts = transfer.order.facts;
    if (auto failure = admit_whole(*whole)) {
      wholes_.erase(key);
      return refuse(transfer, *failure);
    }
  }
  whole->transfers.insert(transfer.key);
  transfer.whole = whole->key;
  if (whole->phase != WholeRead::Phase::kAsking) return begin_body(transfer);
  transfer.state = Transfer::State::kWaiting;
}

// Nothing: it goes on, now or when its turn comes.
std::optional<FailureKind> DataPlane::admit_whole(WholeRead& whole) {
  OriginModel::Answer answer = origin_.admit(*whole.facts, whole.key);
  if (answer.admission == OriginModel::Admission::kFail) return answer.failure;
  if (answer.admission == OriginModel::Admission::kWait) return std::nullopt;
  whole.has_slot = true;
  Duration delay = scenario_.latency.sample(latency_) + origin_.draw_latency();
  world_.schedule(world_.now() + delay, EventKind::kWholeRead, whole.key);
  return std::nullopt;
}

void DataPlane::on_whole_read(uint64_t key) {
  auto found = wholes_.find(key);
  if (found == wholes_.end()) return;
  WholeRead& whole = found->second;
  std::vector<LinkId> path = topology_.path(origin_host_, world_.node(whole.reader).host());
  whole.phase = WholeRead::Phase::kMoving;
  whole.flow = network_.start(world_.now(), path, whole.facts->chunking.object_bytes);
  network_.cap(world_.now(), whole.flow, rate_by_loss(topology_.loss_ppm(path), round_trip_));
  by_flow_[whole.flow] = key;
  wholes_changed(whole.reader);
  for (uint64_t transfer : whole.transfers) begin_body(transfers_.at(transfer));
}

// A chunk is there when the read of the object is past its end.
void DataPlane::start_spooled(Transfer& transfer) {
  const WholeRead& whole = wholes_.at(transfer.whole);
  transfer.flow = network_.start(world_.now(), {}, transfer.flow_end, transfer.from);
  by_flow_[transfer.flow] = transfer.key;
  if (whole.phase == WholeRead::Phase::kWhole) return;
  uint64_t offset = whole.facts->chunking.offset_of(transfer.order.chunk);
  network_.limit(world_.now(), transfer.flow, {.upstream = whole.flow, .lag = offset});
}

void DataPlane::whole_moved(WholeRead& whole, uint8_t quarter) {
  if (origin_.mode() == OriginModel::Mode::kCutting && quarter < 4)
    return break_whole(whole.key, FailureKind::kOriginFailed);
  if (quarter < 4) return;
  by_flow_.erase(whole.flow);
  whole.phase = WholeRead::Phase::kWhole;
  whole.used = world_.now();
  for (uint64_t transfer : whole.transfers)
    network_.unlimit(world_.now(), transfers_.at(transfer).flow);
  const Chunking& chunking = whole.facts->chunking;
  for (uint32_t i = 0; i < chunking.chunk_count(); ++i)
    ++origin_reads_[{whole.facts->id, ChunkIndex(i)}];
  whole.has_slot = false;
  origin_.release();
  pump_origin();
}

// It will not get any further; nor will the chunks that were to come out of it.
void DataPlane::break_whole(uint64_t key, FailureKind kind) {
  auto found = wholes_.find(key);
  if (found == wholes_.end()) return;
  std::vector<uint64_t> transfers(found->second.transfers.begin(), found->second.transfers.end());
  drop_whole(key);
  for (uint64_t transfer : transfers) fail(transfer, kind);
}

// Chunks of which all bytes were read count as read.
void DataPlane::drop_whole(uint64_t key) {
  WholeRead whole = std::move(wholes_.at(key));
  wholes_.erase(key);
  if (whole.phase == WholeRead::Phase::kMoving) {
    uint64_t read = network_.stop(world_.now(), whole.flow);
    by_flow_.erase(whole.flow);
    const Chunking& chunking = whole.facts->chunking;
    for (uint32_t i = 0; i < chunking.chunk_count(); ++i) {
      ChunkIndex chunk(i);
      if (chunking.offset_of(chunk) + chunking.length_of(chunk) > read) break;
      ++origin_reads_[{whole.facts->id, chunk}];
    }
  }
  origin_.forget(key);
  if (!whole.has_slot) return;
  origin_.release();
  pump_origin();
}

// The node froze, thawed, was cut off or can be reached again.
void DataPlane::wholes_changed(NodeId id) {
  const PeerNode& node = world_.node(id);
  bool is_open = !node.is_frozen() && !node.is_data_cut && !world_.is_apart(id, std::nullopt);
  for (const auto& [key, whole] : wholes_) {
    if (whole.reader != id || whole.phase != WholeRead::Phase::kMoving) continue;
    network_.set_state(world_.now(), whole.flow,
                       is_open ? FlowState::kMoving : FlowState::kBlocked);
  }
}

}  // namespace tyto::sim
