// Who reads from the origin: one reader a chunk, a superpeer where there is one.
#include <algorithm>

#include "tracker/core/caching/memory.h"
#include "tracker/core/origin/runs.h"
#include "tracker/core/selection/selection.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// A reader that may not read from a superpeer for longer than this does not wait for it.
constexpr Duration kExclusionWaitedFor = Duration::seconds(30);

// A superpeer under suspicion that has said nothing for so long is taken for dead.
constexpr Duration kSilenceOfTheDead = Duration::seconds(3);

bool can_read_origin(const State& state, PeerIndex peer) {
  const PeerRow& row = state.fleet.peer(peer);
  if (row.is_gone || row.is_leaving || row.session == kNoSession) return false;
  const Session& session = state.sessions[row.session];
  if (!session.connection.has_value()) return false;
  if (row.suspect_until <= state.now) return true;
  // One that was slow to serve somebody, but speaks, is there: better to wait for it than to have
  // every reader read the origin.
  return !row.is_quarantined && state.now - session.heard_at < kSilenceOfTheDead;
}

// Superpeers that could be sent for a chunk, by rendezvous hashing (Thaler and Ravishankar 1998),
// so that a chunk comes to lie where it would be looked for without a tracker.
std::vector<PeerIndex> ranked_superpeers(const State& state, const ChunkId& chunk) {
  std::vector<std::pair<uint64_t, PeerIndex>> ranked;
  uint64_t salt = mix64(chunk.version.digest.prefix() ^ mix64(chunk.index.value()));
  for (PeerIndex peer : state.fleet.superpeers()) {
    if (can_read_origin(state, peer))
      ranked.emplace_back(mix64(salt ^ state.fleet.peer(peer).id.value()), peer);
  }
  std::sort(ranked.begin(), ranked.end(),
            [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<PeerIndex> peers;
  for (const auto& [weight, peer] : ranked) peers.push_back(peer);
  // Who lost the last lease for want of progress is asked when nobody else will do.
  auto version = state.versions.find(chunk.version);
  std::stable_partition(peers.begin(), peers.end(), [&](PeerIndex peer) {
    return state.versions[*version].leases_lost == 0 ||
           peer != state.versions[*version].lease_loser;
  });
  return peers;
}

// What is said of a reading from the origin: what the search for a holder of it came to, if there
// are holders, none of which may be read from.
Reason reason_of(const State& state, const Reader& asking, uint32_t chunk, Choice choice) {
  Reason reason;
  bool is_held = state.versions[asking.version].copies[chunk] > 0;
  if (is_held && asking.lack.chunk == chunk) reason = asking.lack.reason;
  reason.choice = choice;
  return reason;
}

// Who asks for a chunk to be read at the origin, and by whose leave.
enum class Leave : uint8_t { kOwn, kDirectory };
struct Errand {
  VersionIndex version{kNone};
  uint32_t chunk = 0;
  ReaderIndex reader = kNoReader;
  Leave leave = Leave::kOwn;
  OriginNeed need = OriginNeed::kNow;
};

// Those that could be sent to the origin for the reader, if there is one, and its bucket's policy.
std::vector<PeerIndex> superpeers_for(State& state, const Errand& errand) {
  const VersionRow& row = state.versions[errand.version];
  auto superpeers = ranked_superpeers(state, {row.id, ChunkIndex(errand.chunk)});
  if (errand.reader == kNoReader) return superpeers;
  // What a superpeer that sent wrong bytes reads would not reach this reader.
  const Reader& asking = state.readers[errand.reader];
  const Place& place = state.fleet.place_of(asking.peer);
  Nearness farthest = state.policy(errand.version).selection.farthest;
  std::erase_if(superpeers, [&](PeerIndex superpeer) {
    return asking.excludes(superpeer, state.now + kExclusionWaitedFor) ||
           nearness(place, state.fleet.place_of(superpeer)) > farthest;
  });
  return superpeers;
}

bool is_past_superpeers(const State& state, VersionIndex version) {
  return selection_for(state, version).origin_route() != OriginRoute::kSuperpeer;
}

// Whether this holder may be sent for this reader too, where it is sent for the errand's.
bool may_send_for(State& state, const Errand& errand, PeerIndex holder, ReaderIndex reader) {
  if (state.fleet.peer(holder).is_superpeer == 0) return reader == errand.reader;
  if (reader == kNoReader) return true;
  if (is_past_superpeers(state, errand.version)) return false;
  std::vector<PeerIndex> superpeers =
      superpeers_for(state, {errand.version, errand.chunk, reader, errand.leave, errand.need});
  return std::find(superpeers.begin(), superpeers.end(), holder) != superpeers.end();
}

// By leave of the chunk's directory. What it has granted of the chunks behind it comes by the same
// request.
void send_by_grant(State& state, const Errand& errand, PeerIndex holder, const Found& found) {
  std::vector<uint32_t> chunks = reserve_granted_run(
      state, errand.version, {errand.reader, holder, errand.chunk, found.reason.choice},
      [&](ReaderIndex reader) { return may_send_for(state, errand, holder, reader); });
  state.counters.leases += chunks.size();
  chunks.insert(chunks.begin(), errand.chunk);
  begin_granted_read(state, errand.version, holder, chunks, found);
  for (uint32_t c : chunks)
    if (c != errand.chunk) begin_reading(state, {errand.version, c});
}

void send_to_origin(State& state, const Errand& errand, PeerIndex holder, Choice choice) {
  Found found;
  found.reason.choice = choice;
  if (errand.reader != kNoReader)
    found.reason = reason_of(state, state.readers[errand.reader], errand.chunk, choice);
  if (errand.leave == Leave::kOwn)
    assign_origin_read(state, errand.reader, holder, errand.chunk, found);
  else
    send_by_grant(state, errand, holder, found);
  ++state.counters.leases;
}

LeaseOutcome lease_to_superpeer(State& state, const std::vector<PeerIndex>& superpeers,
                                const Errand& errand) {
  const VersionIndex version = errand.version;
  const uint32_t chunk = errand.chunk;
  uint32_t bytes = state.versions[version].chunking.length_of(ChunkIndex(chunk));
  bool is_hopeless = true;
  for (PeerIndex superpeer : superpeers) {
    HoldingIndex holding = state.holdings.find(version, superpeer);
    bool has_it = holding != kNoHolding && state.holdings.has(holding, chunk);
    if (has_it && state.versions[version].knows_root(chunk)) {
      is_hopeless = false;  // nothing to learn from it; this reader will be sent to it in time
      continue;
    }
    if (!has_room_for_run(state, superpeer, version)) {
      is_hopeless = false;
      continue;
    }
    Space space = reserve(state, superpeer, version, bytes);
    if (space == Space::kImpossible || space == Space::kRefused) continue;
    is_hopeless = false;
    if (space == Space::kPending) continue;
    send_to_origin(state, errand, superpeer, Choice::kOriginLease);
    return LeaseOutcome::kGranted;
  }
  return is_hopeless ? LeaseOutcome::kNever : LeaseOutcome::kWait;
}

// Whether a superpeer that could be sent for the errand has lost its connection of late: it may be
// back in a moment, or be on its way to another tracker.
bool may_superpeer_return(const State& state, const Errand& errand) {
  const Place& place = state.fleet.place_of(state.readers[errand.reader].peer);
  Nearness farthest = state.policy(errand.version).selection.farthest;
  const std::vector<PeerIndex>& superpeers = state.fleet.superpeers();
  return std::any_of(superpeers.begin(), superpeers.end(), [&](PeerIndex superpeer) {
    const PeerRow& row = state.fleet.peer(superpeer);
    bool is_away = !row.is_gone && !row.is_leaving && row.session != kNoSession &&
                   !state.sessions[row.session].connection.has_value();
    return is_away && !is_in_quarantine(state, superpeer) &&
           can_keep(state, superpeer, errand.version) &&
           nearness(place, state.fleet.place_of(superpeer)) <= farthest;
  });
}

// What a directory's lease comes to where superpeers that could have been sent have gone. One that
// has lost its connection is waited for; if others have some, the lease is theirs. What a reader
// read meanwhile would be for that reader alone, and be read again.
std::optional<LeaseOutcome> outcome_of_absence(const State& state, const Errand& errand) {
  if (errand.leave != Leave::kDirectory || is_past_superpeers(state, errand.version) ||
      can_reader_read_for_all(state, errand.version, errand.chunk))
    return std::nullopt;
  const bool may_return = may_superpeer_return(state, errand);
  auto wish = state.cluster.wishes.find({errand.version, errand.chunk});
  const bool had_some = wish != state.cluster.wishes.end() && wish->second.had_superpeers;
  if ((may_return || had_some) && have_others_superpeers(state, state.readers[errand.reader]))
    return LeaseOutcome::kNever;
  if (may_return) return LeaseOutcome::kWait;
  return std::nullopt;
}

// A superpeer, or for want of one the reader itself.
LeaseOutcome send_somebody(State& state, const Errand& errand) {
  const VersionRow& row = state.versions[errand.version];
  std::vector<PeerIndex> superpeers = superpeers_for(state, errand);
  bool is_past = errand.reader != kNoReader && is_past_superpeers(state, errand.version);
  if (is_past) superpeers.clear();
  if (!superpeers.empty()) {
    LeaseOutcome outcome = lease_to_superpeer(state, superpeers, errand);
    if (outcome != LeaseOutcome::kNever) return outcome;
    // No superpeer lends even one chunk's bytes: as if there were none.
  }
  // What is read ahead is read for all: a reader is not sent for it, least of all one that is gone.
  if (errand.reader == kNoReader || errand.need == OriginNeed::kAhead) return LeaseOutcome::kNever;
  if (superpeers.empty())
    if (auto outcome = outcome_of_absence(state, errand)) return *outcome;
  PeerIndex peer = state.readers[errand.reader].peer;
  uint32_t bytes = row.chunking.length_of(ChunkIndex(errand.chunk));
  Space space = reserve(state, peer, errand.version, bytes);
  if (space == Space::kRefused) return LeaseOutcome::kNoRoom;
  if (space != Space::kReserved) {
    if (errand.leave == Leave::kOwn) pass_origin_turn(state, errand.reader);
    return LeaseOutcome::kNoRoomYet;
  }
  send_to_origin(state, errand, peer, is_past ? Choice::kOriginCold : Choice::kOriginNoSuperpeer);
  return LeaseOutcome::kAssignedToReader;
}

}  // namespace

LeaseOutcome lease(State& state, ReaderIndex reader, uint32_t chunk, OriginNeed need) {
  VersionIndex version = state.readers[reader].version;
  VersionRow& row = state.versions[version];
  if (row.facts->origin.url.empty() || row.is_origin_gone) return LeaseOutcome::kNever;
  if (state.now < state.recovered_at || state.now < row.origin_retry_at) {
    state.recheck(version, std::max(state.recovered_at, row.origin_retry_at));
    return LeaseOutcome::kWait;
  }
  if (!has_origin_turn(state, reader, need)) return LeaseOutcome::kOverBudget;
  row.lease_cursor = (chunk + 1) % row.chunk_count();  // or after the run
  LeaseOutcome outcome = send_somebody(state, {version, chunk, reader, Leave::kOwn, need});
  // What nobody was sent for is where the next run begins: a gap would cut it in two.
  bool is_sent = outcome == LeaseOutcome::kGranted || outcome == LeaseOutcome::kAssignedToReader;
  if (!is_sent && state.policy(version).origin.run > 1)
    state.versions[version].lease_cursor = chunk;
  return outcome;
}

LeaseOutcome carry_out_lease(State& state, VersionIndex version, uint32_t chunk,
                             ReaderIndex reader) {
  // Where nobody waits any more, a superpeer reads it all the same: others may want it.
  return send_somebody(state, {version, chunk, reader, Leave::kDirectory});
}

Error why_never(const State& state, VersionIndex version) {
  const VersionRow& row = state.versions[version];
  std::string subject = state.subject_of(version);
  if (row.is_origin_gone) {
    return {ErrorCode::kConflict, subject +
                                      " is no longer at its origin as it was, and not all "
                                      "of it is held by peers; open it again for what is "
                                      "there now"};
  }
  return {ErrorCode::kUnavailable,
          "no peer holds all of " + subject + ", and its bucket has no origin to read it from"};
}

void note_origin_failure(State& state, VersionIndex version, const AssignmentFailed& event) {
  VersionRow& row = state.versions[version];
  if (event.kind == FailureKind::kOriginChanged || event.kind == FailureKind::kOriginMissing) {
    if (row.is_origin_gone) return;
    row.is_origin_gone = true;
    distrust_name(state, version);
    state.notice(NoticeKind::kOriginChanged, kNoPeer, kNoPeer, state.subject_of(version),
                 event.chunk.index.value(), event.detail);
    state.mark_dirty(version);
    return;
  }
  // Reads that were under way together and fail together have met one fault.
  if (state.now < row.origin_retry_at) return;
  if (row.origin_failures < 0xffff) ++row.origin_failures;
  int doublings = std::min<int>(row.origin_failures - 1, 8);
  Duration wait = std::min(state.config.origin_retry_min * (int64_t{1} << doublings),
                           state.config.origin_retry_max);
  row.origin_retry_at = state.now + wait;
  state.notice(NoticeKind::kOriginFailed, kNoPeer, kNoPeer, state.subject_of(version),
               event.chunk.index.value(), event.detail);
  state.recheck(version, row.origin_retry_at);
  if (row.origin_failures < state.config.attempts_max) return;
  row.origin_failures = 0;
  Error error{ErrorCode::kUnavailable, "the origin of " + state.subject_of(version) + " failed " +
                                           std::to_string(state.config.attempts_max) +
                                           " times in a row; the last: " + event.detail};
  // Those that need something which only the origin has: the ones that wait.
  std::vector<ReaderIndex> waiting(row.waiting.begin(), row.waiting.end());
  for (ReaderIndex reader : waiting) {
    const Reader& waiter = state.readers[reader];
    if (waiter.version == version && waiter.is_waiting) end_reader(state, reader, error);
  }
}

}  // namespace tyto::tracker
