#include "peer/core/transfers.h"

#include <algorithm>
#include <iterator>

#include "peer/core/assignments.h"
#include "peer/core/cache.h"
#include "peer/core/ensures.h"
#include "peer/core/exchange.h"
#include "peer/core/opens.h"
#include "peer/core/orphans.h"
#include "peer/core/partials.h"
#include "peer/core/session.h"

namespace tyto::peer {
namespace {

using Transfers = std::vector<Transfer>;

// Cores are many, and a list that doubles is half empty: there is room for some more transfers
// than there are.
constexpr std::size_t kRoom = 4;

Transfers::iterator find(CoreState& state, TransferId id) {
  return std::find_if(state.transfers.begin(), state.transfers.end(),
                      [id](const Transfer& t) { return t.id == id; });
}

constexpr int64_t kPartOfTransfer = 4;

// How long a result may wait for company: a quarter of what its transfer took, since meanwhile that
// part of all that is under way comes, and nothing takes its place; and less of it the less is
// under way. Where nothing is lacking any more, nobody waits for the answer.
Duration wait_for_company(const CoreState& state, const Version& version, Duration took) {
  if (version.held.all()) return Duration::forever();
  int64_t plenty = state.policy.transfers_plenty;
  int64_t under_way = std::min<int64_t>(plenty, static_cast<int64_t>(state.transfers.size()));
  return std::max(took * under_way / (plenty * kPartOfTransfer), state.policy.report_apart);
}

void report_verified(Turn& turn, const Transfer& transfer, const TransferDone& done) {
  ChunkVerified event{.assignment = transfer.assignment,
                      .chunk = transfer.chunk_id(),
                      .source = transfer.source,
                      .stored = done.stored,
                      .bytes = done.bytes,
                      .took = turn.now - transfer.started,
                      .medium = medium_of(transfer.placement)};
  if (transfer.source.kind == SourceKind::kOrigin) event.root = done.root;
  Duration wait = wait_for_company(turn.state, transfer.version->second, event.took);
  report(turn, std::move(event), wait);
}

// Something came: readers of the version are nearer to their end.
void note_progress(Turn& turn, const VersionEntry& version, SourceKind from) {
  prolong_patience(turn, version);
  if (from == SourceKind::kOrigin) origin_moved(turn, version.second.facts->bucket);
}

// What of a transfer counts once its chunk is here.
struct Brought {
  ChunkIndex chunk;
  SourceKind from = SourceKind::kPeer;
  Medium medium = Medium::kDisk;
};

void keep_chunk(Turn& turn, VersionEntry& version, const Brought& what, const TransferDone& done) {
  add_chunk(turn.state, version, what.chunk, done.root, what.medium);
  turn.emit(ChunkReady{{version.first, what.chunk}, what.from, done.bytes});
  note_progress(turn, version, what.from);
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
  keep_chunk(turn, *version, {transfer.chunk.index, transfer.source.kind, transfer.medium}, done);
  ChunkVerified event{.assignment = transfer.assignment,
                      .chunk = transfer.chunk,
                      .source = transfer.source,
                      .bytes = done.bytes,
                      .medium = transfer.medium};
  if (transfer.source.kind == SourceKind::kOrigin) event.root = done.root;
  report(turn, std::move(event), Urgency::kSoon);
}

void forget_holder(Version& version, const Source& source) {
  std::erase_if(version.sources, [&](const Source& s) { return s.peer == source.peer; });
}

}  // namespace

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

void start_transfer(Turn& turn, Transfer transfer) {
  CoreState& state = turn.state;
  Version& version = transfer.version->second;
  transfer.id = TransferId(++state.last_transfer);
  for (const Transfer& running : state.transfers)
    if (running.version == transfer.version && running.chunk == transfer.chunk)
      transfer.placement = running.placement;
  use_partial(state, transfer.chunk_id());
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
                         .is_fallback = transfer.is_fallback,
                         .is_hedge = is_under_way(state, *transfer.version, transfer.chunk),
                         .run = transfer.run,
                         .placement = transfer.placement};
    if (!transfer.root.is_zero()) effect.root = transfer.root;
    effect.without_tracker = transfer.ask == Ask::kToGetIt;
    turn.emit(std::move(effect));
  }
  Transfers& transfers = state.transfers;
  if (transfers.size() == transfers.capacity())
    transfers.reserve(transfers.size() + std::max(kRoom, transfers.size() / 4));
  transfers.push_back(std::move(transfer));
}

void trim_transfers(CoreState& state) {
  Transfers& transfers = state.transfers;
  if (transfers.capacity() < transfers.size() + transfers.size() / 4 + 3 * kRoom) return;
  Transfers fewer;
  fewer.reserve(transfers.empty() ? 0 : transfers.size() + kRoom);
  std::move(transfers.begin(), transfers.end(), std::back_inserter(fewer));
  transfers = std::move(fewer);
}

void cancel_transfer(Turn& turn, std::size_t index, const std::string& why) {
  CoreState& state = turn.state;
  auto at = state.transfers.begin() + static_cast<std::ptrdiff_t>(index);
  Transfer transfer = std::move(*at);
  state.transfers.erase(at);
  if (!transfer.is_waiting_for_drop) {
    turn.emit(CancelTransfer{transfer.id});
    if (state.cancelled.size() >= kCancelledKept) state.cancelled.erase(state.cancelled.begin());
    state.cancelled.push_back({transfer.id, transfer.assignment, transfer.chunk_id(),
                               transfer.source, medium_of(transfer.placement)});
  }
  report_assignment_ended(turn, transfer, FailureKind::kCancelled, 0, why);
  orphan_transfer_ended(turn, transfer, FailureKind::kCancelled);
}

TransferId start_unassigned(Turn& turn, VersionEntry& version, ChunkIndex chunk, Source source,
                            Cause cause, Ask ask) {
  TYTO_ASSERT(version.second.facts && cause != Cause::kAssigned);
  start_transfer(turn, Transfer{.version = &version,
                                .chunk = chunk,
                                .cause = cause,
                                .ask = ask,
                                .placement = version.second.placement,
                                .source = std::move(source),
                                .patience = turn.state.policy.orphan_patience,
                                .started = turn.now});
  return TransferId(turn.state.last_transfer);
}

void on_transfer_progressed(Turn& turn, TransferProgressed progress) {
  CoreState& state = turn.state;
  auto found = find(state, progress.transfer);
  if (found == state.transfers.end()) return;
  note_progress(turn, *found->version, found->source.kind);
  bool is_worth_telling = found->cause == Cause::kAssigned && !found->is_of_old_session &&
                          turn.now - found->started >= state.policy.progress_after &&
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
  if (is_held(transfer.version->second, transfer.chunk)) {  // a hedge was faster
    return report_assignment_ended(turn, transfer, FailureKind::kCancelled, done.bytes,
                                   "another assignment brought the chunk");
  }
  if (done.stored) {
    keep_chunk(turn, *transfer.version,
               {transfer.chunk, transfer.source.kind, medium_of(transfer.placement)}, done);
  }
  report_verified(turn, transfer, done);
  orphan_transfer_ended(turn, transfer,
                        done.stored ? std::nullopt : std::optional(FailureKind::kNoSpace));
  ensured_transfer_ended(turn, transfer);
}

void on_transfer_failed(Turn& turn, TransferFailed failure) {
  CoreState& state = turn.state;
  std::erase_if(state.cancelled,
                [&](const CancelledTransfer& c) { return c.id == failure.transfer; });
  auto found = find(state, failure.transfer);
  if (found == state.transfers.end() || found->is_waiting_for_drop) return;
  Transfer transfer = std::move(*found);
  state.transfers.erase(found);
  if (failure.kind == FailureKind::kCorrupt || failure.kind == FailureKind::kLacking) {
    forget_holder(transfer.version->second, transfer.source);
  }
  if (failure.is_partial_kept) keep_partial(turn, transfer.chunk_id());
  if (transfer.cause == Cause::kAssigned) {
    return assigned_transfer_failed(turn, std::move(transfer), failure);
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
    start_transfer(turn, std::move(transfer));
  }
}

void cancel_transfers_of(Turn& turn, const VersionEntry& version, const std::string& why) {
  auto& transfers = turn.state.transfers;
  for (std::size_t i = 0; i < transfers.size();) {
    if (transfers[i].version == &version) {
      cancel_transfer(turn, i, why);
    } else {
      ++i;
    }
  }
}

void cancel_all_transfers(Turn& turn, const std::string& why) {
  while (!turn.state.transfers.empty()) cancel_transfer(turn, 0, why);
}

bool is_under_way(const CoreState& state, const VersionEntry& version, ChunkIndex chunk) {
  return std::any_of(state.transfers.begin(), state.transfers.end(),
                     [&](const Transfer& t) { return t.version == &version && t.chunk == chunk; });
}

}  // namespace tyto::peer
