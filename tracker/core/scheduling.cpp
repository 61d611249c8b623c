// Which chunk next: the rarest that a source is free for; in order for those who read in order.
#include <algorithm>
#include <array>
#include <bit>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr std::size_t kTriesPerStep = 6;
constexpr int kMissesMax = 8;
constexpr Duration kRecheck = Duration::milliseconds(500);

// What one look at a reader's missing chunks found.
struct Picks {
  struct Pick {
    uint32_t chunk = 0;
    uint64_t rank = ~uint64_t{0};  // smaller is better
  };
  std::array<Pick, kTriesPerStep> held{};  // whole copies exist; best first
  std::size_t held_count = 0;
  uint32_t unheld = kNone;  // nobody holds it, and nobody reads it from the origin
  uint32_t leased = kNone;  // somebody reads it from the origin
  uint32_t coming = kNone;  // no whole copy, but copies in flight between peers
  uint16_t considered = 0;

  void offer(Pick pick) {
    for (std::size_t i = 0; i < held.size(); ++i)
      if (pick.rank < held[i].rank) std::swap(pick, held[i]);
    held_count = std::min(held_count + 1, held.size());
  }
};

// 64 chunks' worth of what a reader still has to be sent.
uint64_t needed_word(const State& state, const Reader& reader, HoldingIndex holding,
                     uint32_t word) {
  uint32_t chunks = reader.in_flight.size();
  uint64_t wanted = ~uint64_t{0};
  if (!reader.wants_all)
    wanted = word < reader.window.words().size() ? reader.window.words()[word] : 0;
  if (word == chunks / 64) wanted &= (uint64_t{1} << (chunks % 64)) - 1;
  return wanted & ~state.holdings.word(holding, word) & ~reader.in_flight.words()[word];
}

void consider(const VersionRow& version, const Reader& reader, uint32_t chunk, uint32_t rotation,
              Picks& picks) {
  if (picks.considered < 0xffff) ++picks.considered;
  uint32_t chunks = version.chunk_count();
  uint32_t copies = version.copies[chunk];
  if (copies == 0 || !version.knows_root(chunk)) {
    if (version.is_leased(chunk)) {
      picks.leased = chunk;
    } else if (version.in_flight[chunk] > 0 && version.knows_root(chunk)) {
      picks.coming = chunk;
    } else {
      // The origin is read in order, from where the last lease was granted.
      uint32_t after_cursor = (chunk + chunks - version.lease_cursor) % chunks;
      uint32_t best = (picks.unheld + chunks - version.lease_cursor) % chunks;
      if (picks.unheld == kNone || (reader.wants_all && after_cursor < best)) picks.unheld = chunk;
    }
    return;
  }
  // Rarest first, counting copies on their way; ties start at another place for each reader, so
  // that readers do not ask for the same chunk. Streams go in order.
  uint64_t rarity = uint64_t{copies} + version.in_flight[chunk];
  uint32_t turn = (chunk + chunks - rotation) % chunks;
  picks.offer({chunk, reader.wants_all ? rarity << 32 | turn : chunk});
}

Picks pick(const State& state, const Reader& reader) {
  Picks picks;
  const VersionRow& version = state.versions[reader.version];
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer);
  uint32_t chunks = version.chunk_count();
  auto rotation = static_cast<uint32_t>(mix64(reader.peer.value()) % std::max(1u, chunks));
  for (uint32_t word = 0; word < (chunks + 63) / 64; ++word) {
    for (uint64_t bits = needed_word(state, reader, holding, word); bits != 0; bits &= bits - 1) {
      auto bit = static_cast<uint32_t>(std::countr_zero(bits));
      consider(version, reader, word * 64 + bit, rotation, picks);
    }
  }
  return picks;
}

enum class Step : uint8_t { kAssigned, kLeased, kWait, kSatisfied, kEnded };

Step hand_over(State& state, ReaderIndex index, uint32_t chunk, Found& found, uint16_t considered) {
  const Reader& reader = state.readers[index];
  uint32_t bytes = state.versions[reader.version].chunking.length_of(ChunkIndex(chunk));
  if (reserve(state, reader.peer, reader.version, bytes) != Space::kReserved) {
    state.readers[index].last_wait = Choice::kWaitForSpace;
    return Step::kWait;
  }
  found.reason.chunks_considered = considered;
  assign(state, reader.peer, reader.version, chunk, found);
  return Step::kAssigned;
}

Step ask_origin(State& state, ReaderIndex index, uint32_t chunk) {
  switch (lease(state, index, chunk)) {
    case LeaseOutcome::kGranted: return Step::kLeased;
    case LeaseOutcome::kAssignedToReader: return Step::kAssigned;
    case LeaseOutcome::kWait:
      state.readers[index].last_wait =
          state.now < state.recovered_at ? Choice::kWaitForRecovery : Choice::kWaitForLease;
      return Step::kWait;
    case LeaseOutcome::kNever: break;
  }
  end_reader(state, index, why_never(state, state.readers[index].version));
  return Step::kEnded;
}

// One assignment, one lease, or the reason why there is none.
Step step(State& state, ReaderIndex index) {
  Picks picks = pick(state, state.readers[index]);
  if (picks.considered == 0) return Step::kSatisfied;
  state.readers[index].last_wait = Choice::kWaitForSource;
  uint32_t stranded = kNone;  // copies exist, but none that may be read from soon
  for (std::size_t i = 0; i < picks.held_count; ++i) {
    uint32_t chunk = picks.held[i].chunk;
    Found found = find_whole_copy(state, state.readers[index], chunk);
    if (found.is_found()) return hand_over(state, index, chunk, found, picks.considered);
    if (found.reason.rejected_busy == 0 && stranded == kNone) stranded = chunk;
  }
  for (uint32_t chunk : {picks.held_count > 0 ? picks.held[0].chunk : kNone, picks.coming}) {
    if (chunk == kNone) continue;
    Found found = find_in_flight_copy(state, state.readers[index], chunk);
    if (found.is_found()) return hand_over(state, index, chunk, found, picks.considered);
  }
  if (picks.unheld != kNone) return ask_origin(state, index, picks.unheld);
  const VersionRow& version = state.versions[state.readers[index].version];
  bool may_ask = stranded != kNone && !version.is_leased(stranded) &&
                 version.in_flight[stranded] == 0 && !version.facts->origin.url.empty() &&
                 !version.is_origin_gone;
  if (may_ask) return ask_origin(state, index, stranded);
  if (picks.leased != kNone) state.readers[index].last_wait = Choice::kWaitForLease;
  return Step::kWait;
}

// The reader has what it can be given now. Leases for what it will need next, so that the origin
// is read while peers are busy.
void lease_ahead(State& state, ReaderIndex index) {
  for (uint32_t i = 0; i < state.config.assignments_per_peer; ++i) {
    if (!state.readers.is_used(index)) return;
    VersionIndex version = state.readers[index].version;
    if (state.fleet.superpeers().empty() || state.versions[version].is_origin_gone) return;
    uint32_t unheld = pick(state, state.readers[index]).unheld;
    if (unheld == kNone || state.versions[version].facts->origin.url.empty()) return;
    if (lease(state, index, unheld) != LeaseOutcome::kGranted) return;
  }
}

void wait(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  state.recheck(reader.version, state.now + kRecheck);
  if (reader.is_waiting) return;
  reader.is_waiting = true;
  auto& queue = state.versions[reader.version].waiting;
  if (reader.priority == Priority::kUrgent) {
    queue.push_front(index);
  } else {
    queue.push_back(index);
  }
}

bool may_be_served(const State& state, const Reader& reader) {
  const PeerRow& peer = state.fleet.peer(reader.peer);
  return !peer.is_leaving && state.sessions[peer.session].connection.has_value();
}

}  // namespace

void schedule(State& state, ReaderIndex index) {
  if (!state.readers.is_used(index)) return;
  state.readers[index].is_dirty = false;
  if (!may_be_served(state, state.readers[index])) return;
  uint32_t leased = 0;
  while (state.readers[index].active < state.config.assignments_per_peer) {
    Step taken = step(state, index);
    if (taken == Step::kEnded || taken == Step::kSatisfied) return;
    if (taken == Step::kAssigned) continue;
    if (taken == Step::kLeased && ++leased < state.config.assignments_per_peer) continue;
    wait(state, index);
    return;
  }
  lease_ahead(state, index);
}

void schedule_waiting(State& state, VersionIndex version) {
  state.versions[version].is_dirty = false;
  int misses = 0;
  for (std::size_t n = state.versions[version].waiting.size(); n > 0 && misses < kMissesMax; --n) {
    auto& queue = state.versions[version].waiting;
    ReaderIndex index = queue.front();
    queue.pop_front();
    Reader& reader = state.readers[index];
    if (reader.version != version || !reader.is_waiting) continue;
    reader.is_waiting = false;
    uint16_t before = reader.active;
    schedule(state, index);
    bool is_served = !state.readers.is_used(index) || state.readers[index].active > before;
    misses = is_served ? 0 : misses + 1;
  }
  if (!state.versions[version].waiting.empty()) state.recheck(version, state.now + kRecheck);
}

}  // namespace tyto::tracker
