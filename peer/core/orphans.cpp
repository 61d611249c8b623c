#include "peer/core/orphans.h"

#include <algorithm>

#include "peer/core/opens.h"
#include "peer/core/session.h"
#include "peer/core/trackers.h"
#include "peer/core/transfers.h"

namespace tyto::peer {
namespace {

constexpr Duration kRoundWaitMin = Duration::milliseconds(250);
constexpr Duration kRoundWaitMax = Duration::seconds(5);
// Then a reader goes on by itself although there may be trackers that it has not tried.
constexpr Duration kTrackersTriedWithin = Duration::seconds(10);
constexpr Duration kFirstOriginJitter = Duration::seconds(1);

Duration random_below(Rng& rng, Duration bound) {
  if (bound <= Duration()) return Duration();
  return Duration::nanoseconds(
      static_cast<int64_t>(rng.next64() % static_cast<uint64_t>(bound.ns())));
}

Instant begins(const CoreState& state) {
  if (is_connected(state) || state.leave.is_asked) return Instant::never();
  // Where there are several trackers, only when none of them answers.
  bool may_another = state.session.failures == 0 && has_several_trackers(state.trackers);
  return state.session.lost + (may_another ? kTrackersTriedWithin : state.policy.orphan_after);
}

// --- whom to ask ---

// A named holder may be asked if what it sends can be checked: against the manifest, which the
// shell may know of a published version; a superpeer is trusted.
bool is_usable(const Version& version, const Source& source) {
  return version.facts->is_published || source.kind == SourceKind::kSuperpeer;
}

struct Candidate {
  Source source;
  Ask ask = Ask::kWhatItHas;
};

// The candidate at this step of a round; nothing when the round is over. Named holders come in an
// order that differs by peer and chunk, so that not all fall upon one.
std::optional<Candidate> candidate(const CoreState& state, const OrphanFetch& fetch) {
  const Version& version = fetch.version->second;
  std::vector<const Source*> named;
  for (const Source& source : version.sources) {
    if (is_usable(version, source)) named.push_back(&source);
  }
  if (fetch.holders_asked < named.size()) {
    uint64_t turned = mix64(state.salt ^ fetch.chunk.value()) % named.size();
    return Candidate{*named[(fetch.holders_asked + turned) % named.size()]};
  }
  auto superpeers =
      superpeers_for(state.superpeers, {fetch.version->first, fetch.chunk}, kSuperpeersTried);
  if (fetch.superpeers_asked < superpeers.size()) {
    const SuperpeerListed& best = superpeers[fetch.superpeers_asked];
    return Candidate{{SourceKind::kSuperpeer, best.peer, best.address, Generation(0)},
                     Ask::kToGetIt};
  }
  bool has_origin =
      !version.facts->origin.url.empty() && state.policy.orphan_origin_bytes_per_s > 0;
  if (!fetch.is_origin_asked && has_origin) return Candidate{{.kind = SourceKind::kOrigin}};
  return std::nullopt;
}

// --- the origin's gate ---

bool is_origin_busy(const CoreState& state) {
  return std::any_of(state.transfers.begin(), state.transfers.end(), [](const Transfer& t) {
    return t.cause == Cause::kOrphan && t.source.kind == SourceKind::kOrigin;
  });
}

// The time the chunk takes at the allowed rate, and up to a quarter more.
Duration origin_pause(CoreState& state, const OrphanFetch& fetch) {
  uint64_t bytes = fetch.version->second.chunking.length_of(fetch.chunk);
  uint64_t ns = bytes * 1'000'000'000 / state.policy.orphan_origin_bytes_per_s;
  Duration pause = Duration::nanoseconds(static_cast<int64_t>(ns));
  return pause + random_below(state.rng, pause / 4);
}

// --- one chunk ---

enum class Step : uint8_t { kOn, kGivenUp };

Step end_round(Turn& turn, OrphanFetch& fetch) {
  CoreState& state = turn.state;
  if (!fetch.was_busy && ++fetch.round >= state.policy.orphan_rounds_max) return Step::kGivenUp;
  fetch.was_busy = false;
  fetch.is_superpeer_busy = false;
  fetch.holders_asked = fetch.superpeers_asked = 0;
  fetch.is_origin_asked = false;
  Duration wait = kRoundWaitMin;
  for (uint32_t i = 1; i < fetch.round && wait < kRoundWaitMax; ++i) wait = wait * 2;
  wait = std::min(wait, kRoundWaitMax);
  fetch.next = turn.now + wait + random_below(state.rng, wait);
  return Step::kOn;
}

// Asks the next candidate, or says when to go on.
Step advance(Turn& turn, OrphanFetch& fetch) {
  CoreState& state = turn.state;
  std::optional<Candidate> next = candidate(state, fetch);
  if (!next) return end_round(turn, fetch);
  if (next->source.kind == SourceKind::kOrigin) {
    // A superpeer that answers, if only that it is busy, will read the origin once for all.
    if (fetch.is_superpeer_busy) return end_round(turn, fetch);
    if (is_origin_busy(state)) return Step::kOn;  // its end is a turn, too
    if (state.orphans.origin_free > turn.now) {
      fetch.next = state.orphans.origin_free;
      return Step::kOn;
    }
    state.orphans.origin_free = turn.now + origin_pause(state, fetch);
    prolong_patience(turn, *fetch.version);
    fetch.is_origin_asked = true;
  } else {
    ++(next->ask == Ask::kToGetIt ? fetch.superpeers_asked : fetch.holders_asked);
  }
  fetch.transfer = start_unassigned(turn, *fetch.version, fetch.chunk, std::move(next->source),
                                    Cause::kOrphan, next->ask);
  return Step::kOn;
}

bool is_dropping(const Version& version, ChunkIndex chunk) {
  return version.evictions && version.evictions->dropping.test(chunk.value());
}

bool is_fetched(const CoreState& state, const VersionEntry& version, ChunkIndex chunk) {
  return std::any_of(
      state.orphans.fetches.begin(), state.orphans.fetches.end(),
      [&](const OrphanFetch& f) { return f.version == &version && f.chunk == chunk; });
}

bool may_begin(const CoreState& state, const VersionEntry& version, ChunkIndex chunk) {
  return !is_fetched(state, version, chunk) && !is_under_way(state, version, chunk) &&
         !is_dropping(version.second, chunk);
}

// The handle's next chunk to fetch: in order for a stream, from a place of this peer's own
// onwards for a whole read, so that orphans have different chunks to give one another.
std::optional<ChunkIndex> pick(const CoreState& state, const Open& open) {
  uint32_t size = open.version->second.held.size();
  uint32_t begin = 0;
  if (open.request.mode == ReadMode::kWhole && size > 0) {
    begin = static_cast<uint32_t>(mix64(state.salt ^ open.version->first.digest.prefix()) % size);
  }
  for (auto [from, end] : {std::pair(begin, size), std::pair(0u, begin)}) {
    while (from < end) {
      std::optional<ChunkIndex> chunk = next_lacking(open, from);
      if (!chunk || chunk->value() >= end) break;
      if (may_begin(state, *open.version, *chunk)) return chunk;
      from = chunk->value() + 1;
    }
  }
  return std::nullopt;
}

// Forgets chunks that came by another way, or that nobody wants any more.
void forget_needless(CoreState& state) {
  std::erase_if(state.orphans.fetches, [&](const OrphanFetch& fetch) {
    return is_held(fetch.version->second, fetch.chunk) ||
           !is_in_use(state, *fetch.version, fetch.chunk) ||
           (fetch.transfer == TransferId() && is_under_way(state, *fetch.version, fetch.chunk));
  });
}

void begin_more(Turn& turn) {
  CoreState& state = turn.state;
  auto& fetches = state.orphans.fetches;
  for (const Open& open : state.opens) {
    if (open.version == nullptr || !open.version->second.facts) continue;
    while (fetches.size() < state.policy.orphan_transfers) {
      std::optional<ChunkIndex> chunk = pick(state, open);
      if (!chunk) break;
      fetches.push_back({.version = open.version, .chunk = *chunk, .next = turn.now});
    }
  }
}

bool is_due(const OrphanFetch& fetch, Instant now) {
  return fetch.transfer == TransferId() && fetch.next <= now;
}

void give_up(Turn& turn, OrphanFetch fetch) {
  const VersionFacts& facts = *fetch.version->second.facts;
  Error error{ErrorCode::kUnavailable,
              facts.bucket_name + "/" + facts.key + ": the tracker is gone (" +
                  turn.state.session.last_error.message + "), and chunk " +
                  std::to_string(fetch.chunk.value()) + " could not be had from any peer, " +
                  "superpeer or the origin in " +
                  std::to_string(turn.state.policy.orphan_rounds_max) +
                  " rounds; bring the tracker back and try again"};
  std::erase_if(turn.state.orphans.fetches, [&](const OrphanFetch& f) {
    return f.version == fetch.version && f.chunk == fetch.chunk;
  });
  fail_opens_lacking(turn, *fetch.version, fetch.chunk, std::move(error));
}

// One step of every fetch that is due. False if the table has changed underneath.
bool advance_all(Turn& turn) {
  auto& fetches = turn.state.orphans.fetches;
  for (OrphanFetch& fetch : fetches) {
    if (!is_due(fetch, turn.now)) continue;
    if (advance(turn, fetch) == Step::kOn) continue;
    give_up(turn, fetch);
    return false;
  }
  return true;
}

// What fails a handle at once, whoever is asked next.
std::optional<Error> fatal_error(const Transfer& transfer, FailureKind kind) {
  const VersionFacts& facts = *transfer.version->second.facts;
  std::string name = facts.bucket_name + "/" + facts.key;
  bool is_origin = transfer.source.kind == SourceKind::kOrigin;
  if (kind == FailureKind::kNoSpace) {
    return Error{ErrorCode::kNoSpace, name + ": the store is full; give it more space"};
  }
  if (is_origin && kind == FailureKind::kOriginChanged) {
    return Error{ErrorCode::kConflict,
                 name + " changed at its origin while it was read; open it again"};
  }
  if (is_origin && kind == FailureKind::kOriginMissing) {
    return Error{ErrorCode::kNotFound, name + " is not at its origin any more"};
  }
  return std::nullopt;
}

}  // namespace

void check_orphans(Turn& turn) {
  CoreState& state = turn.state;
  if (begins(state) > turn.now) {
    state.orphans.fetches.clear();  // their transfers go on
    state.orphans.origin_free = Instant();
    return;
  }
  if (state.opens.empty() && state.orphans.fetches.empty()) return;
  if (state.orphans.origin_free == Instant()) {
    state.orphans.origin_free = turn.now + random_below(state.rng, kFirstOriginJitter);
  }
  do {
    forget_needless(state);
    begin_more(turn);
  } while (!advance_all(turn));
}

Instant orphans_deadline(const CoreState& state) {
  Instant begin = begins(state);
  if (begin.is_never() || state.opens.empty()) return Instant::never();
  if (state.orphans.fetches.empty()) {
    bool is_idle = state.orphans.origin_free != Instant();  // it has begun, and wants nothing
    return is_idle || !anyone_waits(state) ? Instant::never() : begin;
  }
  Instant at = Instant::never();
  bool is_gate_shut = is_origin_busy(state);
  for (const OrphanFetch& fetch : state.orphans.fetches) {
    if (fetch.transfer != TransferId()) continue;
    std::optional<Candidate> next = candidate(state, fetch);
    if (is_gate_shut && next && next->source.kind == SourceKind::kOrigin) continue;
    at = std::min(at, fetch.next);
  }
  return at;
}

void orphan_transfer_ended(Turn& turn, const Transfer& transfer,
                           std::optional<FailureKind> failure) {
  if (transfer.cause != Cause::kOrphan) return;
  auto& fetches = turn.state.orphans.fetches;
  auto fetch = std::find_if(fetches.begin(), fetches.end(),
                            [&](const OrphanFetch& f) { return f.transfer == transfer.id; });
  if (fetch == fetches.end()) return;
  if (!failure || failure == FailureKind::kCancelled) {
    fetches.erase(fetch);
    return;
  }
  std::optional<Error> fatal = fatal_error(transfer, *failure);
  if (fatal) {
    fetches.erase(fetch);
    return fail_opens_lacking(turn, *transfer.version, transfer.chunk, std::move(*fatal));
  }
  fetch->transfer = TransferId();
  fetch->next = turn.now;
  // The origin is the last of a round: once it was asked, the round counts.
  bool is_origin = transfer.source.kind == SourceKind::kOrigin;
  fetch->is_superpeer_busy |=
      failure == FailureKind::kBusy && transfer.source.kind == SourceKind::kSuperpeer;
  fetch->was_busy = !is_origin && (fetch->was_busy || failure == FailureKind::kBusy);
}

std::vector<SuperpeerListed> superpeers_for(const std::vector<SuperpeerListed>& superpeers,
                                            const ChunkId& chunk, std::size_t count) {
  uint64_t key = mix64(chunk.version.digest.prefix() ^ mix64(chunk.index.value()));
  std::vector<std::pair<uint64_t, const SuperpeerListed*>> ranked;
  for (const SuperpeerListed& superpeer : superpeers) {
    if (superpeer.address.port == 0) continue;
    ranked.emplace_back(mix64(key ^ superpeer.peer.value()), &superpeer);
  }
  std::sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second->peer < b.second->peer;
  });
  std::vector<SuperpeerListed> best;
  for (std::size_t i = 0; i < ranked.size() && i < count; ++i) best.push_back(*ranked[i].second);
  return best;
}

}  // namespace tyto::peer
