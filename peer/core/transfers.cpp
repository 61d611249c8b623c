#include "peer/core/transfers.h"

#include <algorithm>

#include "base/names.h"
#include "peer/core/cache.h"
#include "peer/core/ensures.h"
#include "peer/core/exchange.h"
#include "peer/core/opens.h"
#include "peer/core/orphans.h"
#include "peer/core/session.h"

namespace tyto::peer {
namespace {

using Transfers = std::vector<Transfer>;

Transfers::iterator find(CoreState& state, TransferId id) {
  return std::find_if(state.transfers.begin(), state.transfers.end(),
                      [id](const Transfer& t) { return t.id == id; });
}

Transfer* find_of_chunk(CoreState& state, const VersionEntry& version, ChunkIndex chunk) {
  for (Transfer& t : state.transfers) {
    if (t.version == &version && t.chunk == chunk) return &t;
  }
  return nullptr;
}

// Keeps a holder in mind for when there is no tracker. A copy in flight is none yet.
void note_holder(Version& version, const Source& source) {
  if (source.kind == SourceKind::kOrigin || source.address.port == 0) return;
  auto& sources = version.sources;
  auto known = std::find_if(sources.begin(), sources.end(),
                            [&](const Source& s) { return s.peer == source.peer; });
  if (known != sources.end()) sources.erase(known);
  if (sources.size() >= kSourcesKept) sources.erase(sources.begin());
  sources.push_back(source);
  sources.back().generation = Generation(0);
}

void refuse(Turn& turn, const Assign& order, FailureKind kind, std::string why) {
  AssignmentFailed event{.assignment = order.assignment,
                         .chunk = order.chunk,
                         .source = order.source,
                         .kind = kind,
                         .detail = std::move(why)};
  report(turn, std::move(event), Urgency::kNow);
}

void report_ended(Turn& turn, const Transfer& transfer, FailureKind kind, uint32_t bytes,
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

// Hands the transfer to the shell under a new id. Keeps the table in the order of ids.
void start(Turn& turn, Transfer transfer) {
  CoreState& state = turn.state;
  Version& version = transfer.version->second;
  transfer.id = TransferId(++state.last_transfer);
  const Evictions* evictions = version.evictions.get();
  transfer.is_waiting_for_drop =
      evictions != nullptr && evictions->dropping.test(transfer.chunk.value());
  if (!transfer.is_waiting_for_drop) {
    if (!version.is_remembered) turn.emit(RememberVersion{version.facts});
    version.is_remembered = true;
    StartTransfer effect{.transfer = transfer.id,
                         .facts = version.facts,
                         .chunk = transfer.chunk,
                         .source = transfer.source,
                         .patience = transfer.patience,
                         .is_fallback = transfer.is_fallback};
    if (!transfer.root.is_zero()) effect.root = transfer.root;
    effect.without_tracker =
        transfer.cause == Cause::kOrphan && transfer.source.kind == SourceKind::kSuperpeer;
    turn.emit(std::move(effect));
  }
  state.transfers.push_back(std::move(transfer));
}

// The new order's name and sources for a transfer that is under way.
void take_over(Transfer& transfer, Assign& order) {
  transfer.cause = Cause::kAssigned;
  transfer.is_of_old_session = false;
  transfer.assignment = order.assignment;
  transfer.fallbacks = std::move(order.fallbacks);
  transfer.fallbacks.insert(transfer.fallbacks.begin(), std::move(order.source));
  if (order.root) transfer.root = *order.root;
}

// Why an order can't be carried out; empty if it can.
std::string objection(Turn& turn, const Assign& order, const VersionEntry* version) {
  if (version == nullptr || !version->second.facts) {
    return "version " + order.chunk.version.short_hex() + " was never described";
  }
  if (order.chunk.index.value() >= version->second.held.size()) {
    return "version " + order.chunk.version.short_hex() + " has " +
           std::to_string(version->second.held.size()) + " chunks, and chunk " +
           std::to_string(order.chunk.index.value()) + " was assigned";
  }
  if (order.fallbacks.size() > kFallbacksMax) return "an assignment has too many fall-backs";
  if (turn.state.session.epoch != order.assignment.epoch) return "an assignment of another run";
  return {};
}

void report_verified(Turn& turn, const Transfer& transfer, const TransferDone& done) {
  ChunkVerified event{.assignment = transfer.assignment,
                      .chunk = transfer.chunk_id(),
                      .source = transfer.source,
                      .stored = done.stored,
                      .bytes = done.bytes,
                      .took = turn.now - transfer.started};
  if (transfer.source.kind == SourceKind::kOrigin) event.root = done.root;
  report(turn, std::move(event), Urgency::kSoon);
}

void keep_chunk(Turn& turn, VersionEntry& version, ChunkIndex chunk, SourceKind from,
                const TransferDone& done) {
  add_chunk(turn.state, version, chunk, done.root);
  turn.emit(ChunkReady{{version.first, chunk}, from, done.bytes});
  prolong_patience(turn, version);
}

// The shell finished what it was told to cancel: the chunk is here all the same.
void on_cancelled_done(Turn& turn, const TransferDone& done) {
  auto& cancelled = turn.state.cancelled;
  auto found = std::find_if(cancelled.begin(), cancelled.end(),
                            [&](const CancelledTransfer& c) { return c.id == done.transfer; });
  if (found == cancelled.end()) return;
  CancelledTransfer transfer = std::move(*found);
  cancelled.erase(found);
  VersionEntry* version = find_version(turn.state, transfer.chunk.version);
  if (!done.stored || version == nullptr || is_held(version->second, transfer.chunk.index)) return;
  keep_chunk(turn, *version, transfer.chunk.index, transfer.source.kind, done);
  ChunkVerified event{.assignment = transfer.assignment,
                      .chunk = transfer.chunk,
                      .source = transfer.source,
                      .bytes = done.bytes};
  if (transfer.source.kind == SourceKind::kOrigin) event.root = done.root;
  report(turn, std::move(event), Urgency::kSoon);
}

void cancel(Turn& turn, Transfers::iterator at, const std::string& why) {
  CoreState& state = turn.state;
  Transfer transfer = std::move(*at);
  state.transfers.erase(at);
  if (!transfer.is_waiting_for_drop) {
    turn.emit(CancelTransfer{transfer.id});
    if (state.cancelled.size() >= kCancelledKept) state.cancelled.erase(state.cancelled.begin());
    state.cancelled.push_back(
        {transfer.id, transfer.assignment, transfer.chunk_id(), transfer.source});
  }
  report_ended(turn, transfer, FailureKind::kCancelled, 0, why);
  orphan_transfer_ended(turn, transfer, FailureKind::kCancelled);
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

void fail_assigned(Turn& turn, Transfer transfer, const TransferFailed& failure) {
  if (transfer.fallbacks.empty() || ends_assignment(transfer.source, failure.kind)) {
    return report_ended(turn, transfer, failure.kind, failure.bytes, failure.detail);
  }
  SourceFailed event{.assignment = transfer.assignment,
                     .chunk = transfer.chunk_id(),
                     .source = transfer.source,
                     .kind = failure.kind,
                     .bytes_wasted = failure.bytes};
  report(turn, std::move(event), Urgency::kNow);
  transfer.source = std::move(transfer.fallbacks.front());
  transfer.fallbacks.erase(transfer.fallbacks.begin());
  transfer.is_fallback = true;
  start(turn, std::move(transfer));
}

}  // namespace

void assign(Turn& turn, Assign order) {
  CoreState& state = turn.state;
  VersionEntry* version = find_version(state, order.chunk.version);
  std::string wrong = objection(turn, order, version);
  if (!wrong.empty()) {
    complain(turn, wrong);
    return refuse(turn, order, FailureKind::kInternal, std::move(wrong));
  }
  if (state.leave.is_asked) {
    return refuse(turn, order, FailureKind::kCancelled, "the peer is leaving");
  }
  ChunkIndex chunk = order.chunk.index;
  for (const Source& holder : order.fallbacks) note_holder(version->second, holder);
  if (order.source.generation == Generation(0)) note_holder(version->second, order.source);
  if (is_held(version->second, chunk)) {
    ChunkVerified event{
        .assignment = order.assignment, .chunk = order.chunk, .source = order.source};
    if (!version->second.roots.empty()) event.root = version->second.roots[chunk.value()];
    return report(turn, std::move(event), Urgency::kNow);
  }
  if (Transfer* running = find_of_chunk(state, *version, chunk)) {
    if (running->cause == Cause::kAssigned && !running->is_of_old_session) {
      return refuse(
          turn, order, FailureKind::kCancelled,
          "the chunk is on its way here by assignment " + std::to_string(running->assignment.n));
    }
    prolong_patience(turn, *version);
    return take_over(*running, order);
  }
  if (state.transfers.size() >= kTransfersMax) {
    return refuse(turn, order, FailureKind::kBusy, "too many transfers are under way here");
  }
  Transfer transfer{.version = version,
                    .chunk = chunk,
                    .assignment = order.assignment,
                    .source = std::move(order.source),
                    .fallbacks = std::move(order.fallbacks),
                    .root = order.root.value_or(Digest{}),
                    .patience = order.patience,
                    .started = turn.now};
  if (transfer.patience <= Duration()) transfer.patience = state.policy.orphan_patience;
  start(turn, std::move(transfer));
  prolong_patience(turn, *version);
}

void cancel_assignment(Turn& turn, const AssignmentId& assignment) {
  auto& transfers = turn.state.transfers;
  auto found = std::find_if(transfers.begin(), transfers.end(), [&](const Transfer& t) {
    return t.cause == Cause::kAssigned && t.assignment == assignment;
  });
  if (found != transfers.end()) cancel(turn, found, "the tracker cancelled it");
}

TransferId start_unassigned(Turn& turn, VersionEntry& version, ChunkIndex chunk, Source source,
                            Cause cause) {
  TYTO_ASSERT(version.second.facts && cause != Cause::kAssigned);
  start(turn, Transfer{.version = &version,
                       .chunk = chunk,
                       .cause = cause,
                       .source = std::move(source),
                       .patience = turn.state.policy.orphan_patience,
                       .started = turn.now});
  return TransferId(turn.state.last_transfer);
}

void on_transfer_progressed(Turn& turn, TransferProgressed progress) {
  CoreState& state = turn.state;
  auto found = find(state, progress.transfer);
  if (found == state.transfers.end()) return;
  prolong_patience(turn, *found->version);
  bool is_worth_telling = found->cause == Cause::kAssigned && !found->is_of_old_session &&
                          progress.quarter >= 1 && progress.quarter <= 3 && is_connected(state) &&
                          state.session.events.unacknowledged() < kProgressBacklogMax;
  if (is_worth_telling) {
    report(turn, ChunkProgressed{found->assignment, progress.quarter}, Urgency::kSoon);
  }
}

void on_transfer_done(Turn& turn, TransferDone done) {
  CoreState& state = turn.state;
  auto found = find(state, done.transfer);
  if (found == state.transfers.end()) return on_cancelled_done(turn, done);
  if (found->is_waiting_for_drop) return;  // it was never started
  Transfer transfer = std::move(*found);
  state.transfers.erase(found);
  note_holder(transfer.version->second, transfer.source);
  if (done.stored) {
    keep_chunk(turn, *transfer.version, transfer.chunk, transfer.source.kind, done);
  }
  report_verified(turn, transfer, done);
  orphan_transfer_ended(turn, transfer,
                        done.stored ? std::nullopt : std::optional(FailureKind::kNoSpace));
  ensured_transfer_ended(turn, transfer);
}

void on_transfer_failed(Turn& turn, TransferFailed failure) {
  CoreState& state = turn.state;
  auto found = find(state, failure.transfer);
  if (found == state.transfers.end() || found->is_waiting_for_drop) return;
  Transfer transfer = std::move(*found);
  state.transfers.erase(found);
  if (transfer.cause == Cause::kAssigned) {
    return fail_assigned(turn, std::move(transfer), failure);
  }
  orphan_transfer_ended(turn, transfer, failure.kind);
  ensured_transfer_ended(turn, transfer);
}

void start_waiting(Turn& turn, const VersionEntry& version) {
  auto& transfers = turn.state.transfers;
  for (std::size_t i = 0; i < transfers.size();) {
    const Transfer& t = transfers[i];
    bool is_free = t.is_waiting_for_drop && t.version == &version &&
                   !version.second.evictions->dropping.test(t.chunk.value());
    if (!is_free) {
      ++i;
      continue;
    }
    Transfer transfer = std::move(transfers[i]);
    transfers.erase(transfers.begin() + static_cast<std::ptrdiff_t>(i));
    start(turn, std::move(transfer));
  }
}

void cancel_transfers_of(Turn& turn, const VersionEntry& version, const std::string& why) {
  auto& transfers = turn.state.transfers;
  for (std::size_t i = 0; i < transfers.size();) {
    if (transfers[i].version == &version) {
      cancel(turn, transfers.begin() + static_cast<std::ptrdiff_t>(i), why);
    } else {
      ++i;
    }
  }
}

void cancel_all_transfers(Turn& turn, const std::string& why) {
  while (!turn.state.transfers.empty()) cancel(turn, turn.state.transfers.begin(), why);
}

bool is_under_way(const CoreState& state, const VersionEntry& version, ChunkIndex chunk) {
  return std::any_of(state.transfers.begin(), state.transfers.end(),
                     [&](const Transfer& t) { return t.version == &version && t.chunk == chunk; });
}

}  // namespace tyto::peer
