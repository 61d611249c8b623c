// Runs of chunks that one request reads at the origin, one after the other, as the shell does
// (peer/origin/http_range_read.h).
#include <utility>

#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {

// Whether the transfer waits for one that was started at this moment, and whose run it goes on
// with.
bool DataPlane::join_run(Transfer& transfer) {
  if (transfer.order.chunk.value() == 0) return false;
  ChunkId chunk{transfer.order.facts->id, ChunkIndex(transfer.order.chunk.value() - 1)};
  const Arriving* coming = arriving({transfer.reader, chunk});
  if (coming == nullptr || coming->transfers.empty()) return false;
  Transfer& before = transfers_.at(coming->transfers.back());
  bool is_of_run = before.is_origin() && before.since == world_.now() && before.ahead_of == 0 &&
                   before.order.run > 1 && before.order.run == transfer.order.run + 1;
  if (!is_of_run) return false;
  transfer.request = before.request;
  if (!scenario_.origin.has_ranges) return false;  // it is read with the whole object
  before.ahead_of = transfer.key;
  transfer.behind = before.key;
  return true;
}

// All bytes of a chunk are here: those of the next one follow, without another request.
void DataPlane::hand_on(Transfer& transfer) {
  Transfer* next = transfer.ahead_of == 0 ? nullptr : find(transfer.ahead_of);
  if (next == nullptr) return;
  transfer.ahead_of = 0;
  next->behind = 0;
  next->is_at_gate = std::exchange(transfer.is_at_gate, false);
  next->has_slot = std::exchange(transfer.has_slot, false);
  next->asked = transfer.asked;
  next->request_bytes =
      transfer.request_bytes + transfer.order.facts->chunking.length_of(transfer.order.chunk);
  next->content = origin_content(*next);
  next->state = Transfer::State::kSending;
  set_silent(*next);
  world_.schedule(world_.now(), EventKind::kBody, next->key);
}

// What the origin would not give ends all that is left of the run. Returns the next one, which is
// to fail as well; 0: there is none, or it goes on.
uint64_t DataPlane::cut_run(Transfer& transfer, FailureKind kind) {
  bool is_of_origin = kind == FailureKind::kOriginFailed || kind == FailureKind::kOriginChanged ||
                      kind == FailureKind::kOriginMissing || kind == FailureKind::kStalled;
  Transfer* next = is_of_origin && transfer.ahead_of != 0 ? find(transfer.ahead_of) : nullptr;
  if (next == nullptr) return 0;
  transfer.ahead_of = 0;
  next->behind = 0;
  return next->key;
}

// It has ended before its run. Whoever waited for it asks anew, for what is left.
void DataPlane::leave_run(Transfer& transfer, TransferEnd how) {
  if (transfer.behind != 0) transfers_.at(transfer.behind).ahead_of = 0;
  Transfer* next = transfer.ahead_of == 0 ? nullptr : find(transfer.ahead_of);
  if (next == nullptr) return;
  next->behind = 0;
  if (how != TransferEnd::kDied) enter_gate(*next);
}

}  // namespace tyto::sim
