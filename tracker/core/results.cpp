// What became of assignments, and what it says of their sources.
#include <algorithm>

#include "tracker/core/origin/shadow.h"

namespace tyto::tracker {
namespace {

constexpr std::size_t kOverdueLooks = 64;
constexpr Duration kSuspicionMax = Duration::seconds(60);

// The transfer an event speaks of, if it is this peer's.
TransferIndex transfer_of(const State& state, SessionIndex session, const AssignmentId& id) {
  if (id.epoch != state.epoch) return kNoTransfer;
  TransferIndex transfer = state.transfers.find(id.n);
  if (transfer == kNoTransfer) return kNoTransfer;
  return state.transfers[transfer].receiver == state.sessions[session].peer ? transfer
                                                                            : kNoTransfer;
}

std::optional<VersionIndex> version_of(const State& state, const ChunkId& chunk) {
  auto version = state.versions.find(chunk.version);
  if (!version || chunk.index.value() >= state.versions[*version].chunk_count())
    return std::nullopt;
  return version;
}

// Whether a result is of the source that the tracker has in mind. A receiver that began under
// another order, or without a tracker, tries the source it had first.
bool is_of_row(const State& state, const TransferRow& row, const Source& source) {
  PeerId in_mind = row.source == kNoPeer ? PeerId() : state.fleet.peer(row.source).id;
  return source.peer == in_mind;
}

bool may_teach(const State& state, PeerIndex peer, VersionIndex version) {
  if (state.fleet.peer(peer).is_superpeer) return true;
  BucketIndex bucket = state.versions[version].bucket;
  return bucket != kNoBucket && state.buckets[bucket].config.trust_peers;
}

// Enters a root computed by one who read the chunk at the origin. False if it contradicts the
// root that is known.
bool learn_root(State& state, PeerIndex peer, VersionIndex version, uint32_t chunk,
                const Digest& root) {
  VersionRow& row = state.versions[version];
  if (row.knows_root(chunk)) return row.roots[chunk] == root;
  if (!may_teach(state, peer, version)) return true;
  row.learn(chunk, root);
  note_edge(state, version, chunk);
  state.emit(RootLearned{{row.id, ChunkIndex(chunk)}, root});
  return true;
}

void suspect(State& state, PeerIndex source, PeerIndex reporter, FailureKind kind,
             VersionIndex version) {
  PeerRow& row = state.fleet.peer(source);
  if (kind == FailureKind::kUnreachable) row.is_unreachable = 1;
  if (row.strikes < 16) ++row.strikes;
  Duration span = state.config.suspicion * (int64_t{1} << (row.strikes - 1));
  row.suspect_until = std::max(row.suspect_until, state.now + std::min(span, kSuspicionMax));
  state.fleet.set_in_doubt(source, Doubt::kSuspect);
  state.notice(
      NoticeKind::kSourceStalled, source, reporter, state.fleet.details(source).name, 0,
      std::string(failure_kind_name(kind)) + " while serving " + state.subject_of(version));
}

void accuse_of_lying(State& state, PeerIndex source, PeerIndex reporter, VersionIndex version,
                     uint32_t chunk) {
  ++state.counters.corrupt_reports;
  state.notice(NoticeKind::kSourceCorrupt, source, reporter, state.subject_of(version), chunk,
               "sent bytes that do not match: " + state.fleet.details(source).name);
  SessionIndex session = state.fleet.peer(source).session;
  unlist_copy(state, source, version, chunk);
  const VersionRow& facts = state.versions[version];
  Evict order{facts.id, chunk, 1, {.choice = Choice::kEvictCorrupt, .copies = facts.copies[chunk]}};
  note_evicted(state, source, order);
  state.stage(session, std::move(order));
  auto& accusers = state.fleet.details(source).accusers;
  PeerId accuser = state.fleet.peer(reporter).id;
  if (std::find(accusers.begin(), accusers.end(), accuser) == accusers.end())
    accusers.push_back(accuser);
  if (accusers.size() < 2 || state.fleet.peer(source).is_quarantined) return;
  state.fleet.peer(source).is_quarantined = 1;
  state.fleet.peer(source).suspect_until = state.now + state.config.quarantine;
  state.fleet.set_in_doubt(source, Doubt::kSuspect);
  state.notice(NoticeKind::kSourceQuarantined, source, reporter, state.fleet.details(source).name,
               0, "two peers were sent bytes that do not match");
}

Duration exclusion_of(const State& state, FailureKind kind) {
  switch (kind) {
    case FailureKind::kBusy: return Duration::milliseconds(100);
    case FailureKind::kLacking: return Duration::seconds(1);
    case FailureKind::kCorrupt: return state.config.quarantine;
    case FailureKind::kRefused: return Duration::seconds(30);
    default: return Duration::seconds(10);
  }
}

// What a failure at a peer says of that peer.
void accuse(State& state, PeerIndex reporter, const TransferRow& row, PeerIndex source,
            uint16_t source_generation, FailureKind kind) {
  ++state.counters.source_failures;
  if (source == kNoPeer || state.fleet.peer(source).is_gone) return;
  ReaderIndex reader = state.readers.find(reporter, row.version);
  if (reader != kNoReader) {
    state.readers[reader].exclude(source, state.now + exclusion_of(state, kind));
    state.mark_dirty(reader);  // it need not wait for that source any more
  }
  // A copy in flight may have failed for its own source's sake.
  bool is_whole = source_generation == 0;
  switch (kind) {
    case FailureKind::kUnreachable: suspect(state, source, reporter, kind, row.version); break;
    case FailureKind::kStalled:
      if (is_whole) suspect(state, source, reporter, kind, row.version);
      break;
    case FailureKind::kCorrupt:
      accuse_of_lying(state, source, reporter, row.version, row.chunk);
      break;
    case FailureKind::kLacking:
      if (is_whole && state.holdings.remove(row.version, source, row.chunk))
        unbook(state, source, row.version, row.chunk);
      break;
    default: break;
  }
}

void count_bytes(State& state, const Source& source, uint32_t bytes) {
  switch (source.kind) {
    case SourceKind::kPeer: state.counters.bytes_from_peers += bytes; break;
    case SourceKind::kSuperpeer: state.counters.bytes_from_superpeers += bytes; break;
    case SourceKind::kOrigin: state.counters.bytes_from_origin += bytes; break;
  }
}

void count_crossing(State& state, const TransferRow& row, uint32_t bytes) {
  if (row.source == kNoPeer) return;
  Nearness near = nearness(state.fleet.place_of(row.receiver), state.fleet.place_of(row.source));
  if (near > Nearness::kSameRegion) state.counters.bytes_between_regions += bytes;
}

void hold(State& state, PeerIndex peer, ChunkKey key, Medium medium) {
  if (state.holdings.add(key.version, peer, key.chunk)) book(state, peer, key, medium);
  state.mark_dirty(key.version);
  drop_unread(state, key.version);
}

std::string describe_failure(const State& state, const TransferRow& row,
                             const AssignmentFailed& event) {
  std::string source =
      row.source == kNoPeer ? "the origin" : "peer '" + state.fleet.details(row.source).name + "'";
  return "chunk " + std::to_string(row.chunk) + " of " + state.subject_of(row.version) + ", from " +
         source + ": " + std::string(failure_kind_name(event.kind)) +
         (event.detail.empty() ? "" : " (" + event.detail + ")");
}

// It has no room for more than it has, whatever it lends: not for a while.
void note_full(State& state, PeerIndex peer, Medium medium) {
  const Instant until = state.now + state.config.suspicion;
  if (medium == Medium::kMemory) {
    MemoryAccount& memory = memory_of(state.sessions[state.fleet.peer(peer).session]);
    memory.limit_bytes = std::min(memory.limit_bytes, memory.used_bytes);
    memory.full_until = until;
    return;
  }
  PeerRow& full = state.fleet.peer(peer);
  full.store_bytes = std::min(full.store_bytes, full.used_bytes);
  state.fleet.details(peer).full_until = until;
}

// The receiver's own trouble, or the sum of its sources'.
void judge_reader(State& state, PeerIndex peer, const TransferRow& row,
                  const AssignmentFailed& event) {
  ReaderIndex reader = state.readers.find(peer, row.version);
  if (event.kind == FailureKind::kNoSpace) {
    note_full(state, peer, row.is_in_memory != 0 ? Medium::kMemory : Medium::kDisk);
    state.notice(NoticeKind::kStoreFull, peer, kNoPeer, state.fleet.details(peer).name, 0,
                 event.detail);
    if (reader != kNoReader)
      end_reader(state, reader, {ErrorCode::kNoSpace, describe_failure(state, row, event)});
    return;
  }
  if (reader == kNoReader || event.kind == FailureKind::kCancelled) return;
  state.mark_dirty(reader);
  if (event.kind == FailureKind::kBusy || row.since < state.readers[reader].failed_at) return;
  state.readers[reader].failed_at = state.now;
  uint32_t attempts = state.policy(row.version).selection.attempts_max;
  if (attempts == 0) attempts = state.config.attempts_max;
  if (++state.readers[reader].failures < attempts) return;
  end_reader(state, reader,
             {ErrorCode::kUnavailable,
              std::to_string(attempts) +
                  " attempts in a row failed; the last: " + describe_failure(state, row, event)});
}

}  // namespace

bool is_coming_to(const State& state, VersionIndex version, uint32_t chunk, PeerIndex receiver) {
  SessionIndex session = state.fleet.peer(receiver).session;
  if (session == kNoSession) return false;
  const std::vector<Download>& downloads = state.sessions[session].downloads;
  return std::any_of(downloads.begin(), downloads.end(), [&](const Download& download) {
    return download.version == version && download.chunk == chunk;
  });
}

void wake_readers_of(State& state, PeerIndex source) {
  if (source == kNoPeer || state.fleet.peer(source).is_gone) return;
  HoldingIndex holding = state.fleet.peer(source).newest_holding;
  for (int i = 0; i < 64 && holding != kNoHolding; ++i) {
    state.mark_dirty(state.holdings[holding].version);
    holding = state.holdings[holding].older;
  }
  // Those who have waited longest, however long it has not used what they read.
  state.overdue.visit(kOverdueLooks, [&](VersionIndex version) {
    if (state.holdings.find(version, source) != kNoHolding) state.mark_dirty(version);
  });
}

void accuse_for_guest(State& state, const Export& kept, MemberId reporter, FailureKind kind) {
  if (state.fleet.peer(kept.source).is_gone) return;
  TransferRow row;
  row.version = kept.chunk.version;
  row.chunk = kept.chunk.chunk;
  // Trackers are told apart as accusers, their peers are not.
  state.fleet.peer(state.cluster.stand_in).id = PeerId(reporter.value());
  accuse(state, state.cluster.stand_in, row, kept.source, kept.generation, kind);
}

void finish_transfer(State& state, TransferIndex index) {
  TransferRow row = state.transfers[index];
  PeerRow& receiver = state.fleet.peer(row.receiver);
  unbook_transfer(state, row);
  if (receiver.session != kNoSession)
    std::erase_if(state.sessions[receiver.session].downloads,
                  [&](const Download& download) { return download.transfer == index; });
  end_origin_transfer(state, index);
  end_cluster_transfer(state, index);
  state.transfers.finish(index);
  ReaderIndex reader = state.readers.find(row.receiver, row.version);
  bool is_last = !is_coming_to(state, row.version, row.chunk, row.receiver);
  if (reader != kNoReader && is_last && state.readers[reader].in_flight.test(row.chunk)) {
    state.readers[reader].in_flight.reset(row.chunk);
    --state.readers[reader].active;
    state.mark_dirty(reader);
  }
  state.mark_dirty(row.version);
  wake_readers_of(state, row.source);
}

void take_verified(State& state, SessionIndex session, const ChunkVerified& event) {
  PeerIndex peer = state.sessions[session].peer;
  auto version = version_of(state, event.chunk);
  if (!version) return;
  uint32_t chunk = event.chunk.index.value();
  ++state.counters.chunks_verified;
  TransferIndex transfer = transfer_of(state, session, event.assignment);
  bool is_shadow = transfer != kNoTransfer && state.transfers[transfer].is_shadow != 0;
  if (!is_shadow) count_bytes(state, event.source, event.bytes);
  bool is_from_origin = event.source.kind == SourceKind::kOrigin;
  bool is_sound =
      !is_from_origin || !event.root || learn_root(state, peer, *version, chunk, *event.root);
  note_delivered(state, peer, *version, event, transfer);
  if (transfer != kNoTransfer) {
    const TransferRow& row = state.transfers[transfer];
    if (row.version != *version || row.chunk != chunk) return;
    // What came from a fall-back in the end says nothing of the time it took there.
    if (row.is_moved == 0 && is_of_row(state, row, event.source))
      observe_transfer(state, row, event.bytes, event.took);
    count_crossing(state, row, event.bytes);
    note_origin_progress(state, transfer);
    note_cluster_delivered(state, transfer);
    finish_transfer(state, transfer);
  }
  if (is_from_origin && is_sound) {
    state.versions[*version].origin_failures = 0;
    state.versions[*version].leases_lost = 0;
  }
  if (ReaderIndex reader = state.readers.find(peer, *version); reader != kNoReader) {
    Reader& row = state.readers[reader];
    row.failures = 0;
    row.brought_at = state.now;
    row.usual_took =
        row.usual_took == Duration{} ? event.took : (row.usual_took * 7 + event.took) / 8;
    if (transfer != kNoTransfer && event.stored) note_brought(state, reader, event.bytes);
    state.mark_dirty(reader);
  }
  if (!event.stored) return;
  if (is_sound) {
    ReaderIndex reader = state.readers.find(peer, *version);
    if (is_shadow && reader != kNoReader && state.readers[reader].at_origin.is_shadow)
      keep_shadow_copy(state, reader, chunk, event.medium);
    else
      hold(state, peer, {*version, chunk}, event.medium);
    return;
  }
  state.notice(NoticeKind::kRootConflict, peer, kNoPeer, state.subject_of(*version), chunk,
               "what the origin gave does not match the root known before; dropped");
  uint32_t copies = state.versions[*version].copies[chunk];
  Evict order{event.chunk.version, chunk, 1, {.choice = Choice::kEvictConflict, .copies = copies}};
  note_evicted(state, peer, order);
  state.stage(session, std::move(order));
}

void take_source_failed(State& state, SessionIndex session, const SourceFailed& event) {
  state.counters.bytes_wasted += event.bytes_wasted;
  TransferIndex index = transfer_of(state, session, event.assignment);
  if (index == kNoTransfer) return;
  TransferRow& row = state.transfers[index];
  if (!is_of_row(state, row, event.source)) return;  // it goes on to the source of this row
  note_source_failed(state, index, event);
  accuse(state, row.receiver, row, row.source, row.source_generation, event.kind);
  // The receiver goes on with the next one it was given.
  auto& fallbacks = row.fallbacks;
  PeerIndex next = fallbacks[0];
  if (next == kNoPeer) return;
  state.transfers.move_to(index, next, 0);
  std::rotate(fallbacks.begin(), fallbacks.begin() + 1, fallbacks.end());
  state.fleet.release(fallbacks.back());
  fallbacks.back() = kNoPeer;
}

void take_assignment_failed(State& state, SessionIndex session, const AssignmentFailed& event) {
  state.counters.bytes_wasted += event.bytes_wasted;
  TransferIndex index = transfer_of(state, session, event.assignment);
  if (index == kNoTransfer) return;
  ++state.counters.assignment_failures;
  note_assignment_failed(state, index, event);
  TransferRow row = state.transfers[index];
  PeerIndex peer = row.receiver;
  bool is_own_fault = event.kind == FailureKind::kNoSpace || event.kind == FailureKind::kInternal ||
                      event.kind == FailureKind::kCancelled;
  // The sentence needs the source's row, which may go with the transfer.
  AssignmentFailed told = event;
  if (!is_own_fault && is_of_row(state, row, event.source))
    accuse(state, peer, row, row.source, row.source_generation, event.kind);
  if (row.source != kNoPeer) state.fleet.refer(row.source);
  bool is_of_directory = state.cluster.duties.contains(index);
  note_cluster_failed(state, index, event);
  bool is_first = is_own_fault || state.origin_reads.is_first_failure(index);
  finish_transfer(state, index);
  bool is_gone =
      event.kind == FailureKind::kOriginChanged || event.kind == FailureKind::kOriginMissing;
  // Of other failures a lease's directory keeps count.
  if (row.source == kNoPeer && !is_own_fault && (is_gone || (is_first && !is_of_directory)))
    note_origin_failure(state, row.version, told);
  judge_reader(state, peer, row, told);
  if (row.source != kNoPeer) state.fleet.release(row.source);
}

void take_progress(State& state, SessionIndex session, const ChunkProgressed& event) {
  TransferIndex index = transfer_of(state, session, event.assignment);
  if (index == kNoTransfer) return;
  state.transfers[index].quarters = std::max(state.transfers[index].quarters, event.quarter);
  note_origin_progress(state, index);
  note_cluster_progress(state, index);
}

}  // namespace tyto::tracker
