#include "tracker/core/explain/notes.h"

#include <algorithm>

namespace tyto::tracker {
namespace {

// A wait that is over sooner explains nothing.
constexpr Duration kWaitNoted = Duration::milliseconds(10);
constexpr int kHoldingsNoted = 16;

void put_source(const State& state, Record& record, PeerIndex source) {
  if (source == kNoPeer) return;
  const PeerRow& row = state.fleet.peer(source);
  record.source = row.id;
  record.source_kind = row.is_superpeer ? SourceKind::kSuperpeer : SourceKind::kPeer;
}

// Who, and of which version; null while nothing is kept.
Record* add(State& state, Kept kept, RecordKind kind, PeerIndex peer, VersionIndex version) {
  Record* record = state.journal.add(kept, state.now, kind);
  if (record == nullptr) return nullptr;
  const PeerRow& row = state.fleet.peer(peer);
  record->peer = row.id;
  record->is_superpeer = row.is_superpeer;
  record->version = version;
  return record;
}

void put_transfer(const State& state, Record& record, TransferIndex transfer) {
  const TransferRow& row = state.transfers[transfer];
  record.chunk = row.chunk;
  record.count = 1;
  record.reason = state.transfers.reason(transfer);
  put_source(state, record, row.source);
}

void end_wait(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  Duration took = state.now - reader.waiting.since;
  if (took >= kWaitNoted) {
    if (Record* record =
            add(state, Kept::kNotable, RecordKind::kWaited, reader.peer, reader.version)) {
      record->chunk = reader.waiting.chunk;
      record->count = record->chunk == kNone ? 0 : 1;
      record->reason = reader.waiting.reason;
      record->took = took;
    }
  }
  reader.waiting = Lack{};
}

Choice refusal_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound: return Choice::kRefuseNotFound;
    case ErrorCode::kNoSpace: return Choice::kRefuseNoSpace;
    case ErrorCode::kConflict: return Choice::kRefuseChanged;
    case ErrorCode::kUnavailable:
    case ErrorCode::kOverloaded:
    case ErrorCode::kTimedOut: return Choice::kRefuseUnavailable;
    default: return Choice::kRefuseOther;
  }
}

}  // namespace

void note_look(State& state, PeerIndex candidate, Look look) {
  const PeerRow& row = state.fleet.peer(candidate);
  look.peer = row.id;
  look.is_superpeer = row.is_superpeer;
  state.journal.look(look);
}

void note_assigned(State& state, TransferIndex transfer, Assignment kind) {
  if (!state.journal.is_on()) return;
  const TransferRow& row = state.transfers[transfer];
  bool is_lease = row.source == kNoPeer;
  bool is_hedge = kind == Assignment::kHedge;
  Record* record = add(state, is_lease || is_hedge ? Kept::kNotable : Kept::kRoutine,
                       is_lease   ? RecordKind::kLeased
                       : is_hedge ? RecordKind::kHedged
                                  : RecordKind::kAssigned,
                       row.receiver, row.version);
  if (record == nullptr) return;
  put_transfer(state, *record, transfer);
  if (!is_lease) state.journal.attach_looks();
}

void note_delivered(State& state, PeerIndex peer, VersionIndex version, const ChunkVerified& event,
                    TransferIndex transfer) {
  bool is_from_origin = event.source.kind == SourceKind::kOrigin;
  Record* record = add(state, is_from_origin ? Kept::kNotable : Kept::kRoutine,
                       RecordKind::kDelivered, peer, version);
  if (record == nullptr) return;
  if (transfer != kNoTransfer) record->reason = state.transfers.reason(transfer);
  record->chunk = event.chunk.index.value();
  record->count = 1;
  record->source = event.source.peer;
  record->source_kind = event.source.kind;
  record->took = event.took;
  record->bytes = event.bytes;
}

void note_source_failed(State& state, TransferIndex transfer, const SourceFailed& event) {
  const TransferRow& row = state.transfers[transfer];
  Record* record = add(state, Kept::kNotable, RecordKind::kSourceFailed, row.receiver, row.version);
  if (record == nullptr) return;
  put_transfer(state, *record, transfer);
  record->failure = event.kind;
  record->bytes = event.bytes_wasted;
  record->took = state.now - row.since;
  PeerIndex next = row.fallbacks[0];
  state.journal.attach_text(
      next == kNoPeer ? "" : "it goes on with peer " + state.fleet.details(next).name);
}

void note_assignment_failed(State& state, TransferIndex transfer, const AssignmentFailed& event) {
  if (event.kind == FailureKind::kCancelled) return;
  const TransferRow& row = state.transfers[transfer];
  Record* record =
      add(state, Kept::kNotable, RecordKind::kAssignmentFailed, row.receiver, row.version);
  if (record == nullptr) return;
  put_transfer(state, *record, transfer);
  record->failure = event.kind;
  record->bytes = event.bytes_wasted;
  record->took = state.now - row.since;
  state.journal.attach_text(event.detail);
}

void note_waiting(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  Choice choice = reader.waiting.reason.choice;
  if (choice == reader.lack.reason.choice) return;
  if (choice != Choice::kNone) end_wait(state, index);
  reader.waiting = reader.lack;
  reader.waiting.since = state.now;
}

void note_served(State& state, ReaderIndex index) {
  if (state.readers[index].waiting.reason.choice != Choice::kNone) end_wait(state, index);
}

void note_evicted(State& state, PeerIndex peer, const Evict& order, VersionIndex for_version) {
  auto version = state.versions.find(order.version);
  if (!version) return;
  Record* record = add(state, Kept::kNotable, RecordKind::kEvicted, peer, *version);
  if (record == nullptr) return;
  record->chunk = order.first;
  record->count = order.count;
  record->reason = order.reason;
  record->for_version = for_version;
}

void note_resolving(State& state, SessionIndex resolver, NameIndex name) {
  Record* record = add(state, Kept::kNotable, RecordKind::kResolving, state.sessions[resolver].peer,
                       VersionIndex(kNone));
  if (record != nullptr) record->name = name.value();
}

void note_resolved(State& state, SessionIndex resolver, NameIndex name, const NameResolved& event) {
  Record* record = add(state, Kept::kNotable, RecordKind::kResolved, state.sessions[resolver].peer,
                       VersionIndex(kNone));
  if (record == nullptr) return;
  record->name = name.value();
  record->took = state.now - (state.names[name].resolve_by - state.config.resolve_timeout);
  if (!event.facts) state.journal.attach_text(event.error.message);
}

void note_opened(State& state, SessionIndex session, const OpenRow& open) {
  Record* record =
      add(state, Kept::kNotable, RecordKind::kOpened, state.sessions[session].peer, *open.version);
  if (record == nullptr) return;
  record->took = state.now - open.asked_at;
  record->count = state.versions[*open.version].chunk_count();
}

void note_refused(State& state, SessionIndex session, OpenId open, const Error& error) {
  const auto& opens = state.sessions[session].opens;
  auto row = opens.find(open);
  if (row == opens.end()) return;
  VersionIndex version = row->second.version.value_or(VersionIndex(kNone));
  Record* record =
      add(state, Kept::kNotable, RecordKind::kRefused, state.sessions[session].peer, version);
  if (record == nullptr) return;
  record->reason.choice = refusal_of(error.code);
  record->took = state.now - row->second.asked_at;
  const OpenRequested& request = row->second.request;
  if (auto name = state.names.find({request.bucket, request.key})) record->name = name->value();
  state.journal.attach_text(error.message);
}

void note_closed(State& state, SessionIndex session, OpenId open) {
  const auto& opens = state.sessions[session].opens;
  auto row = opens.find(open);
  if (row == opens.end() || !row->second.version) return;
  Record* record = add(state, Kept::kNotable, RecordKind::kClosed, state.sessions[session].peer,
                       *row->second.version);
  if (record != nullptr) record->took = state.now - row->second.asked_at;
}

void note_gone(State& state, SessionIndex index, const std::string& why) {
  const Session& session = state.sessions[index];
  const PeerRow& peer = state.fleet.peer(session.peer);
  if (!state.journal.is_on()) return;
  state.journal.remember_gone(peer.id,
                              {state.fleet.details(session.peer).name, peer.is_superpeer != 0});
  for (ReaderIndex reader : session.readers) {
    note_served(state, reader);
    add(state, Kept::kNotable, RecordKind::kGaveUp, session.peer, state.readers[reader].version);
    state.journal.attach_text(why);
  }
  HoldingIndex holding = peer.newest_holding;
  for (int i = 0; i < kHoldingsNoted && holding != kNoHolding; ++i) {
    const Holding& held = state.holdings[holding];
    if (Record* record =
            add(state, Kept::kNotable, RecordKind::kGone, session.peer, held.version)) {
      record->count = held.count;
      state.journal.attach_text(why);
    }
    holding = held.older;
  }
}

}  // namespace tyto::tracker
