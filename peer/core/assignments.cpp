#include "peer/core/assignments.h"

#include <algorithm>

#include "base/names.h"
#include "peer/core/exchange.h"
#include "peer/core/opens.h"
#include "peer/core/session.h"
#include "peer/core/transfers.h"

namespace tyto::peer {
namespace {

void refuse(Turn& turn, const Assign& order, FailureKind kind, std::string why) {
  AssignmentFailed event{.assignment = order.assignment,
                         .chunk = order.chunk,
                         .source = order.source,
                         .kind = kind,
                         .detail = std::move(why)};
  report(turn, std::move(event), Urgency::kNow);
}

Transfer* find_of_chunk(CoreState& state, const VersionEntry& version, ChunkIndex chunk) {
  for (Transfer& t : state.transfers) {
    if (t.version == &version && t.chunk == chunk) return &t;
  }
  return nullptr;
}

// Whether the order may run beside the transfer: both must come from peers, to be of one making,
// and two are enough.
bool may_hedge(const CoreState& state, const Transfer& running, const Assign& order) {
  auto same = [&](const Transfer& t) {
    return t.version == running.version && t.chunk == running.chunk;
  };
  return order.is_hedge && order.source.kind != SourceKind::kOrigin &&
         running.source.kind != SourceKind::kOrigin && !running.is_waiting_for_drop &&
         running.source.peer != order.source.peer &&
         std::count_if(state.transfers.begin(), state.transfers.end(), same) == 1;
}

// The next source for a transfer that has failed; false if there is none. While another transfer
// receives the chunk, the origin is none.
bool take_fallback(const CoreState& state, Transfer& transfer) {
  bool is_shared = is_under_way(state, *transfer.version, transfer.chunk);
  while (!transfer.fallbacks.empty()) {
    transfer.source = std::move(transfer.fallbacks.front());
    transfer.fallbacks.erase(transfer.fallbacks.begin());
    if (!is_shared || transfer.source.kind != SourceKind::kOrigin) return true;
  }
  return false;
}

// The new order's name and sources for a transfer that is under way.
void take_over(Transfer& transfer, Assign& order) {
  transfer.cause = Cause::kAssigned;
  transfer.ask = Ask::kWhatItHas;
  transfer.is_of_old_session = false;
  transfer.assignment = order.assignment;
  transfer.fallbacks = std::move(order.fallbacks);
  bool is_from_there =
      order.source.kind == transfer.source.kind && order.source.peer == transfer.source.peer;
  if (!is_from_there)
    transfer.fallbacks.insert(transfer.fallbacks.begin(), std::move(order.source));
  if (order.root) transfer.root = *order.root;
}

// Why an order can't be carried out; empty if it can.
std::string objection(const Assign& order, const VersionEntry* version) {
  if (version == nullptr || !version->second.facts) {
    return "version " + order.chunk.version.short_hex() + " was never described";
  }
  if (order.chunk.index.value() >= version->second.held.size()) {
    return "version " + order.chunk.version.short_hex() + " has " +
           std::to_string(version->second.held.size()) + " chunks, and chunk " +
           std::to_string(order.chunk.index.value()) + " was assigned";
  }
  if (order.fallbacks.size() > kFallbacksMax) return "an assignment has too many fall-backs";
  return {};
}

// Whether another source would fail the same way.
bool ends_assignment(const Source& source, FailureKind kind) {
  switch (kind) {
    case FailureKind::kNoSpace:
    case FailureKind::kInternal:
    case FailureKind::kCancelled: return true;
    case FailureKind::kOriginChanged:
    case FailureKind::kOriginMissing: return source.kind == SourceKind::kOrigin;
    default: return false;
  }
}

}  // namespace

void assign(Turn& turn, Assign order) {
  CoreState& state = turn.state;
  VersionEntry* version = find_version(state, order.chunk.version);
  std::string wrong = objection(order, version);
  if (!wrong.empty()) {
    complain(turn, wrong);
    return refuse(turn, order, FailureKind::kInternal, std::move(wrong));
  }
  if (state.leave.is_asked) {
    return refuse(turn, order, FailureKind::kCancelled, "the peer is leaving");
  }
  ChunkIndex chunk = order.chunk.index;
  version->second.placement = order.placement;
  for (const Source& holder : order.fallbacks) note_holder(version->second, holder);
  if (order.source.generation == Generation(0)) note_holder(version->second, order.source);
  if (is_held(version->second, chunk)) {
    ChunkVerified event{
        .assignment = order.assignment, .chunk = order.chunk, .source = order.source};
    if (!version->second.roots.empty()) event.root = version->second.roots[chunk.value()];
    event.medium = medium_of(version->second, chunk);
    return report(turn, std::move(event), Urgency::kNow);
  }
  if (Transfer* running = find_of_chunk(state, *version, chunk)) {
    bool is_assigned = running->cause == Cause::kAssigned && !running->is_of_old_session;
    if (is_assigned && !may_hedge(state, *running, order)) {
      return refuse(
          turn, order, FailureKind::kCancelled,
          "the chunk is on its way here by assignment " + std::to_string(running->assignment.n));
    }
    if (!is_assigned) {
      prolong_patience(turn, *version);
      return take_over(*running, order);
    }
  }
  bool is_to_go_on = !order.root && order.reason.choice == Choice::kCarriedOver &&
                     order.source.kind != SourceKind::kOrigin;
  if (is_to_go_on) {
    return refuse(
        turn, order, FailureKind::kCancelled,
        "the transfer that was to go on has ended, and what the chunk must hash to was not "
        "said");
  }
  if (state.transfers.size() >= kTransfersMax) {
    return refuse(turn, order, FailureKind::kBusy, "too many transfers are under way here");
  }
  Transfer transfer{.version = version,
                    .chunk = chunk,
                    .run = order.run,
                    .placement = order.placement,
                    .assignment = order.assignment,
                    .source = std::move(order.source),
                    .fallbacks = std::move(order.fallbacks),
                    .root = order.root.value_or(Digest{}),
                    .patience = order.patience,
                    .started = turn.now};
  if (transfer.patience <= Duration()) transfer.patience = state.policy.orphan_patience;
  start_transfer(turn, std::move(transfer));
  prolong_patience(turn, *version);
}

void cancel_assignment(Turn& turn, const AssignmentId& assignment) {
  auto& transfers = turn.state.transfers;
  auto found = std::find_if(transfers.begin(), transfers.end(), [&](const Transfer& t) {
    return t.cause == Cause::kAssigned && t.assignment == assignment;
  });
  if (found == transfers.end()) return;
  auto index = static_cast<std::size_t>(found - transfers.begin());
  cancel_transfer(turn, index, "the tracker cancelled it");
}

void assigned_transfer_failed(Turn& turn, Transfer transfer, const TransferFailed& failure) {
  SourceFailed event{.assignment = transfer.assignment,
                     .chunk = transfer.chunk_id(),
                     .source = transfer.source,
                     .kind = failure.kind,
                     .bytes_wasted = failure.bytes};
  if (ends_assignment(transfer.source, failure.kind) || !take_fallback(turn.state, transfer)) {
    transfer.source = std::move(event.source);
    return report_assignment_ended(turn, transfer, failure.kind, failure.bytes, failure.detail);
  }
  report(turn, std::move(event), Urgency::kNow);
  transfer.is_fallback = true;
  transfer.run = 1;
  start_transfer(turn, std::move(transfer));
}

void report_assignment_ended(Turn& turn, const Transfer& transfer, FailureKind kind, uint32_t bytes,
                             const std::string& why) {
  if (transfer.cause != Cause::kAssigned) return;
  AssignmentFailed event{.assignment = transfer.assignment,
                         .chunk = transfer.chunk_id(),
                         .source = transfer.source,
                         .kind = kind,
                         .bytes_wasted = bytes,
                         .detail = printable(why, kErrorMessageBytesMax)};
  report(turn, std::move(event), Urgency::kNow);
}

}  // namespace tyto::peer
