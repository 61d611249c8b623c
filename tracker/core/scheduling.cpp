// Which chunk next, and when the origin is read ahead.
#include <algorithm>
#include <array>
#include <optional>

#include "tracker/core/picks.h"
#include "tracker/core/selection/selection.h"

namespace tyto::tracker {
namespace {

enum class Step : uint8_t {
  kAssigned,
  kLeased,
  kWait,       // nothing could be found
  kPark,       // nor can be before something changes in its rack
  kSatisfied,  // it lacks nothing but what is on its way
  kEnded,
};

// Whether the bucket may be sent more now. If not, the version is looked at again when it may.
bool is_within_rate(State& state, VersionIndex version) {
  BucketIndex bucket = state.versions[version].bucket;
  const RateLimit& sent = state.buckets[bucket].sent;
  if (sent.is_open(state.now, state.policy(version).selection.bytes_per_s)) return true;
  state.recheck(version, sent.opens_at());
  return false;
}

Step hand_over(State& state, ReaderIndex index, uint32_t chunk, Found& found, uint32_t considered) {
  const Reader& reader = state.readers[index];
  uint32_t bytes = state.versions[reader.version].chunking.length_of(ChunkIndex(chunk));
  Space space = reserve(state, reader.peer, reader.version, bytes);
  if (space == Space::kRefused) {
    end_reader(state, index, why_refused(state, reader.peer, reader.version));
    return Step::kEnded;
  }
  if (space != Space::kReserved) {
    state.readers[index].lack = {.reason = {.choice = Choice::kWaitForSpace}, .chunk = chunk};
    return Step::kWait;
  }
  found.reason.chunks_considered = static_cast<uint16_t>(std::min(considered, 0xffffu));
  if (found.is_found())
    assign(state, reader.peer, reader.version, chunk, found);
  else
    assign_origin_read(state, index, reader.peer, chunk, found);
  return Step::kAssigned;
}

// The reader reads the chunk at the origin for itself.
Step read_at_origin(State& state, ReaderIndex index, const Picks& picks, Choice why) {
  const VersionRow& version = state.versions[state.readers[index].version];
  if (version.facts->origin.url.empty() || version.is_origin_gone) {
    end_reader(state, index, why_never(state, state.readers[index].version));
    return Step::kEnded;
  }
  if (state.now < version.origin_retry_at) {
    state.recheck(state.readers[index].version, version.origin_retry_at);
    state.readers[index].lack = {.reason = {.choice = Choice::kWaitForRetry}, .chunk = picks.first};
    return Step::kWait;
  }
  if (!has_origin_turn(state, index, OriginNeed::kNow)) {
    state.readers[index].lack = {.reason = {.choice = Choice::kWaitForOrigin},
                                 .chunk = picks.first};
    return Step::kWait;
  }
  Found found;
  found.reason.choice = why;
  Step taken = hand_over(state, index, picks.first, found, picks.considered);
  if (taken == Step::kWait) pass_origin_turn(state, index);
  return taken;
}

// Why a chunk that nobody can be read from is not leased either.
Choice wait_for_origin(const State& state, const Reader& reader) {
  if (state.now < state.recovered_at) return Choice::kWaitForRecovery;
  if (state.now < state.versions[reader.version].origin_retry_at) return Choice::kWaitForRetry;
  return state.fleet.superpeers().empty() ? Choice::kWaitForSpace : Choice::kWaitForSuperpeer;
}

// A search that found nobody, for people.
void note_lack(State& state, ReaderIndex index, uint32_t chunk, const Reason& found) {
  Reader& reader = state.readers[index];
  reader.lack.chunk = chunk;
  reader.lack.reason = found;
  if (found.choice == Choice::kWaitForRate)
    reader.lack.reason.nearness = static_cast<uint8_t>(Nearness::kAnywhere);
  else
    reader.lack.reason.choice = Choice::kWaitForSource;
  reader.lack.reason.copies = state.versions[reader.version].copies[chunk];
}

// The chunk's directory knows who has it, or who is to read it.
Step ask_cluster(State& state, ReaderIndex index, uint32_t chunk) {
  WishOutcome outcome = wish(state, index, chunk);
  if (outcome == WishOutcome::kAsked) return Step::kLeased;
  state.readers[index].lack = {.reason = why_wished(state, {state.readers[index].version, chunk}),
                               .chunk = chunk};
  return Step::kWait;
}

Step ask_origin(State& state, ReaderIndex index, uint32_t chunk) {
  if (state.cluster.is_several() && is_shared(state, state.readers[index], chunk))
    return ask_cluster(state, index, chunk);
  switch (lease(state, index, chunk, OriginNeed::kNow)) {
    case LeaseOutcome::kGranted: return Step::kLeased;
    case LeaseOutcome::kAssignedToReader: return Step::kAssigned;
    case LeaseOutcome::kWait:
      state.readers[index].lack.reason.choice = wait_for_origin(state, state.readers[index]);
      state.readers[index].lack.chunk = chunk;
      return Step::kWait;
    case LeaseOutcome::kNoRoomYet:
      state.readers[index].lack = {.reason = {.choice = Choice::kWaitForSpace}, .chunk = chunk};
      return Step::kWait;
    case LeaseOutcome::kNoRoom: {
      const Reader& reader = state.readers[index];
      end_reader(state, index, why_refused(state, reader.peer, reader.version));
      return Step::kEnded;
    }
    case LeaseOutcome::kOverBudget:
      state.readers[index].lack = {.reason = {.choice = Choice::kWaitForOrigin}, .chunk = chunk};
      return Step::kWait;
    case LeaseOutcome::kNever: break;
  }
  end_reader(state, index, why_never(state, state.readers[index].version));
  return Step::kEnded;
}

// A search through one list of chunks, and what it says if it finds nothing.
struct Attempt {
  const BestChunks* chunks = nullptr;
  Scope scope = Scope::kAnywhere;
};

// How much crosses into the reader's rack. Each chunk should do so once, and then spread inside: so
// a rack takes from outside about what one reader takes, half of it before anything else, so that
// its link does not idle.
std::array<Attempt, 3> attempts_of(const VersionRow& version, const Picks& picks, Reach reach) {
  uint32_t cap = version.assignments_max;
  Attempt fresh{&picks.fresh, Scope::kAnywhere};
  Attempt near{&picks.near, Scope::kRack};
  Attempt far{&picks.far, Scope::kAnywhere};
  if (reach == Reach::kEverywhere) near.scope = Scope::kAnywhere;
  if (picks.inbound * 2 < cap || reach == Reach::kEverywhere) return {fresh, far, near};
  if (picks.inbound < cap) return {fresh, near, far};
  return {near, Attempt{}, Attempt{}};
}

// Whether the chunks that a reader's rack has are to be had there or, as long as they are on their
// way out of somebody there, from nobody: then those whose holders are busy need not be tried.
NearSources near_sources_of(const State& state, const Reader& reader) {
  const SelectionPolicy& policy = state.policy(reader.version).selection;
  const Selection& selection = selection_for(state, reader.version);
  bool is_rack_first = selection.reach() == Reach::kNearestFirst &&
                       selection.origin_route() == OriginRoute::kSuperpeer &&
                       policy.farthest >= Nearness::kSameRack &&
                       policy.cross_rack_after == Duration::forever();
  bool is_usual = is_rack_first && !reader.at_origin.is_shadow && !reader.has_exclusions(state.now);
  return is_usual ? NearSources::kWithRoom : NearSources::kAll;
}

// Whether the attempt is of a rack that has nobody to offer, so that no chunk need be tried.
bool skip_busy_rack(State& state, ReaderIndex index, const Attempt& attempt) {
  VersionIndex version = state.readers[index].version;
  bool are_all_admitted = state.policy(version).selection.farthest >= Nearness::kSameRack &&
                          selection_for(state, version).origin_route() == OriginRoute::kSuperpeer;
  if (attempt.scope != Scope::kRack || !are_all_admitted) return false;
  std::optional<Reason> busy = busy_rack(state, state.readers[index]);
  if (!busy || may_cross_rack(state, state.readers[index])) return false;
  if (state.readers[index].lack.chunk == kNone)
    note_lack(state, index, (*attempt.chunks)[0], *busy);
  return true;
}

constexpr std::size_t kUnspreadMax = 2;
// If nobody takes them for so long (and four times what a transfer takes), nobody wants them.
constexpr Duration kSpreadWithin = Duration::seconds(2);

// Whether a reader should be sent what nobody but superpeers has, to pass it on to the others. Not
// one that has not begun to pass on what it was sent before, since its uplink is busy; so each
// passes on as much as it can. And not a slow one, while the superpeer is busy anyway.
bool may_spread(State& state, ReaderIndex index, PeerIndex superpeer) {
  if (!selection_for(state, state.readers[index].version).do_readers_serve()) return true;
  Reader& reader = state.readers[index];
  const VersionRow& version = state.versions[reader.version];
  auto passed_on = std::erase_if(reader.unspread, [&](uint32_t chunk) {
    return version.in_flight[chunk] + version.copies[chunk] - version.superpeer_copies[chunk] != 1;
  });
  if (passed_on > 0) reader.is_sink = false;
  bool is_full = reader.unspread.size() >= kUnspreadMax;
  Duration enough = std::max(kSpreadWithin, reader.usual_took * 4);
  if (is_full && state.now - reader.spread_at >= enough) reader.is_sink = true;
  if (is_slow(state, reader.peer) && is_reserved(state, version, superpeer)) return false;
  return version.readers < 2 || reader.is_sink || !is_full;
}

void note_fresh(State& state, ReaderIndex index, uint32_t chunk) {
  Reader& reader = state.readers[index];
  if (reader.unspread.size() >= kUnspreadMax) return;
  reader.unspread.push_back(chunk);
  reader.spread_at = state.now;
}

// Whether a chunk that others hold, and the reader cannot get from them, may be read at the origin
// again: not while it is on its way to somebody that the reader may read from.
bool may_read_anew(const State& state, const Reader& reader, uint32_t chunk) {
  const VersionRow& version = state.versions[reader.version];
  if (state.cluster.is_several())
    return !version.is_awaited(chunk) && version.in_flight[chunk] == 0;
  if (version.facts->origin.url.empty() || version.is_origin_gone) return false;
  Nearness farthest = state.policy(reader.version).selection.farthest;
  if (farthest != Nearness::kAnywhere) return !is_coming_within(state, reader, chunk, farthest);
  return !version.is_leased(chunk) && version.in_flight[chunk] == 0;
}

// Nobody that the reader may read from has the chunk, and its origin does not give it.
Step end_forbidden(State& state, ReaderIndex index) {
  VersionIndex version = state.readers[index].version;
  bool is_gone = state.versions[version].is_origin_gone;
  end_reader(state, index,
             {is_gone ? ErrorCode::kConflict : ErrorCode::kUnavailable,
              "only copies that its bucket's policy does not let it read from are left of " +
                  state.subject_of(version) +
                  (is_gone ? ", which is no longer at its origin as it was"
                           : ", and its bucket has no origin") +
                  "; open it again, or change selection.policy or selection.farthest"});
  return Step::kEnded;
}

// What a reader could be sent next, looked for only when what is known of it does not hold any
// more.
class Choices {
 public:
  Choices(const State& state, ReaderIndex reader)
      : state_(state), reader_(reader), sources_(near_sources_of(state, state.readers[reader])) {}
  const Picks& get() {
    if (!picks_) picks_ = pick(state_, state_.readers[reader_], sources_);
    return *picks_;
  }
  NearSources sources() const { return sources_; }
  // Nothing but this has changed: the chunk was assigned to the reader. If its source has no room
  // any more, what else it has is no choice either.
  void note_assigned(uint32_t chunk, PeerIndex source) {
    bool is_spent = sources_ == NearSources::kWithRoom && source != kNoPeer &&
                    !state_.fleet.has_room(state_.fleet.peer(source).host);
    if (picks_ && (!picks_->remove(chunk) || is_spent)) picks_.reset();
  }
  void forget() { picks_.reset(); }
  Picks take() {
    Picks taken = *picks_;
    forget();
    return taken;
  }

 private:
  const State& state_;
  ReaderIndex reader_;
  NearSources sources_;
  std::optional<Picks> picks_;
};

// What its rack has of what the reader lacks, all of whose holders are at their caps.
void note_busy_rack(State& state, ReaderIndex index, const Picks& picks) {
  if (picks.busy == 0 || state.readers[index].lack.chunk != kNone) return;
  Reason reason;
  reason.candidates = static_cast<uint16_t>(std::min(picks.at_caps, 0xffffu));
  reason.rejected_busy = reason.candidates;
  note_lack(state, index, picks.first_busy, reason);
}

// Whether nothing but a change in its rack can help a reader for which nothing was found: all that
// it lacks is there and nobody has room, or else the rack takes in as much as it may.
bool is_bound_to_rack(const VersionRow& version, const Picks& picks, NearSources sources) {
  if (sources != NearSources::kWithRoom || picks.near.size() > 0) return false;
  if (picks.unheld != kNone || picks.leased != kNone) return false;
  bool is_closed = picks.inbound >= version.assignments_max;
  return is_closed || (picks.fresh.size() == 0 && picks.far.size() == 0);
}

// One assignment, one lease, or the reason why there is none.
Step step(State& state, ReaderIndex index, Choices& choices) {
  const Picks& picks = choices.get();
  if (picks.considered == 0) return Step::kSatisfied;
  if (state.readers[index].at_origin.is_shadow)
    return read_at_origin(state, index, choices.take(), Choice::kOriginShadow);
  if (!is_within_rate(state, state.readers[index].version)) {
    state.readers[index].lack = {.reason = {.choice = Choice::kWaitForRate}};
    return Step::kWait;
  }
  const VersionRow& version = state.versions[state.readers[index].version];
  const Selection& selection = selection_for(state, state.readers[index].version);
  if (selection.origin_route() == OriginRoute::kEveryReader)
    return read_at_origin(state, index, choices.take(), Choice::kOriginPolicy);
  state.readers[index].lack = {.reason = {.choice = Choice::kWaitForSource}};
  uint32_t stranded = kNone;  // copies exist, but none that may be read from soon
  bool is_hopeless = false;   // nor ever
  const auto attempts = attempts_of(version, picks, selection.reach());
  for (const Attempt& attempt : attempts) {
    if (attempt.chunks == &picks.near) note_busy_rack(state, index, picks);
    if (attempt.chunks == nullptr || attempt.chunks->size() == 0) continue;
    if (choices.sources() == NearSources::kAll && skip_busy_rack(state, index, attempt)) continue;
    for (std::size_t i = 0; i < attempt.chunks->size(); ++i) {
      uint32_t chunk = (*attempt.chunks)[i];
      Found found = find_source(state, state.readers[index], chunk, attempt.scope);
      // Those in the rack will not do, and not because they are busy, or they are for too long.
      bool is_left =
          !found.is_found() && attempt.scope == Scope::kRack &&
          (found.reason.rejected_busy == 0 || may_cross_rack(state, state.readers[index]));
      if (is_left) found = find_source(state, state.readers[index], chunk, Scope::kAnywhere);
      bool is_fresh = attempt.chunks == &picks.fresh;
      if (found.is_found() && is_fresh && !may_spread(state, index, found.source)) {
        state.readers[index].lack.reason.choice = Choice::kWaitForTurn;
        break;
      }
      if (found.is_found()) {
        if (is_fresh) note_fresh(state, index, chunk);
        Step taken = hand_over(state, index, chunk, found, picks.considered);
        if (taken == Step::kAssigned) choices.note_assigned(chunk, found.source);
        return taken;
      }
      bool is_stranded = found.reason.rejected_busy == 0 && stranded == kNone;
      if (is_stranded) stranded = chunk;
      is_hopeless = is_hopeless || is_forbidden(found.reason);
      bool is_over_rate = found.reason.choice == Choice::kWaitForRate;
      if (is_stranded || is_over_rate || state.readers[index].lack.chunk == kNone)
        note_lack(state, index, chunk, found.reason);
    }
  }
  uint32_t unheld = picks.unheld;
  uint32_t leased = picks.leased;
  bool is_bound = is_bound_to_rack(version, picks, choices.sources());
  choices.forget();
  if (unheld != kNone) return ask_origin(state, index, unheld);
  if (stranded != kNone && may_read_anew(state, state.readers[index], stranded))
    return ask_origin(state, index, stranded);
  bool may_origin_help = !version.facts->origin.url.empty() && !version.is_origin_gone;
  if (is_hopeless && !may_origin_help) return end_forbidden(state, index);
  if (leased != kNone) {
    Reason reason{.choice = Choice::kWaitForLease};
    if (!version.is_leased(leased))
      reason = why_wished(state, {state.readers[index].version, leased});
    state.readers[index].lack = {.reason = reason, .chunk = leased};
  }
  return is_bound ? Step::kPark : Step::kWait;
}

// Wishes for what the reader will need next, so that other trackers are busy meanwhile.
void wish_ahead(State& state, ReaderIndex index) {
  VersionIndex version = state.readers[index].version;
  if (state.readers[index].at_origin.is_shadow) return;
  const Selection& selection = selection_for(state, version);
  if (selection.origin_route() == OriginRoute::kEveryReader) return;
  while (may_wish(state, version)) {
    uint32_t unheld = pick_unheld(state, state.readers[index]);
    if (unheld == kNone || !is_shared(state, state.readers[index], unheld)) return;
    if (wish(state, index, unheld) != WishOutcome::kAsked) return;
  }
}

// The reader has what it can be given now. Leases for what it will need next, so that the origin
// is read while peers are busy.
void lease_ahead(State& state, ReaderIndex index) {
  if (state.cluster.is_several()) return wish_ahead(state, index);
  for (uint32_t i = 0; i < state.config.origin_reads_per_superpeer; ++i) {
    if (!state.readers.is_used(index) || state.readers[index].at_origin.is_shadow) return;
    const VersionRow& version = state.versions[state.readers[index].version];
    if (version.chunks_held + version.leases.size() >= version.chunk_count()) return;
    if (state.fleet.superpeers().empty() || version.is_origin_gone) return;
    const Selection& selection = selection_for(state, state.readers[index].version);
    if (selection.origin_route() != OriginRoute::kSuperpeer) return;
    uint32_t unheld = pick_unheld(state, state.readers[index]);
    if (unheld == kNone || version.facts->origin.url.empty()) return;
    if (lease(state, index, unheld, OriginNeed::kAhead) != LeaseOutcome::kGranted) return;
  }
}

void arm_tail(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  if (reader.tail_at >= reader.tail_timer_at) return;
  reader.tail_timer_at = reader.tail_at;
  state.timers.set({reader.tail_at, TimerKind::kTail, index.value()});
}

// Nothing is left for it but what is on its way. Others' chunks are nothing to it; it is looked at
// again when one of its own comes, or is late.
void watch_tail(State& state, ReaderIndex index) {
  Instant next = hedge_tail(state, index);
  Reader& reader = state.readers[index];
  reader.is_waiting = false;
  reader.tail_at = next;
  arm_tail(state, index);
}

bool may_be_served(const State& state, const Reader& reader) {
  const PeerRow& peer = state.fleet.peer(reader.peer);
  return !peer.is_leaving && state.sessions[peer.session].connection.has_value();
}

// Where what it holds is, to be found at once.
void note_holding(const Holdings& holdings, Reader& reader) {
  reader.holding = holdings.find(reader.version, reader.peer, reader.holding);
}

}  // namespace

void schedule(State& state, ReaderIndex index) {
  if (!state.readers.is_used(index)) return;
  state.readers[index].is_dirty = false;
  state.parking.leave(index);
  if (!may_be_served(state, state.readers[index])) return;
  state.versions[state.readers[index].version].last_reader = index;
  note_holding(state.holdings, state.readers[index]);
  uint32_t leased = 0;
  VersionIndex version = state.readers[index].version;
  uint32_t slots = download_slots(state, version, state.readers[index].peer);
  BucketIndex bucket = state.versions[version].bucket;
  Choices choices(state, index);
  while (state.readers[index].active < slots) {
    if (state.work.is_anothers_turn(bucket)) return state.mark_dirty(index);
    Step taken = step(state, index, choices);
    if (taken == Step::kEnded) return;
    if (taken == Step::kSatisfied) {
      note_served(state, index);
      return watch_tail(state, index);
    }
    if (taken == Step::kAssigned) {
      tell_served(state, index);
      continue;
    }
    if (taken == Step::kLeased && ++leased < slots) continue;
    if (is_given_up(state, index)) return;
    if (taken == Step::kPark)
      park(state, index);
    else
      wait(state, index);
    note_waiting(state, index);
    tell_waiting(state, index);
    return;
  }
  note_served(state, index);
  lease_ahead(state, index);
}

void fire_tail_timer(State& state, ReaderIndex index) {
  if (!state.readers.is_used(index) || state.readers[index].tail_timer_at > state.now) return;
  Reader& reader = state.readers[index];
  reader.tail_timer_at = Instant::never();
  if (reader.tail_at > state.now) return arm_tail(state, index);
  reader.tail_at = Instant::never();
  state.mark_dirty(index);
}

// A lease has ended, perhaps, while all readers have as much as they may: the next one is granted
// for the one that was served last.
void keep_origin_busy(State& state, VersionIndex version) {
  ReaderIndex last = state.versions[version].last_reader;
  if (last == kNoReader || !state.readers.is_used(last)) return;
  if (state.readers[last].version == version) lease_ahead(state, last);
}

}  // namespace tyto::tracker
