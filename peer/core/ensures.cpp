#include "peer/core/ensures.h"

#include <algorithm>

#include "peer/core/transfers.h"

namespace tyto::peer {
namespace {

template <class Which>
void answer_where(Turn& turn, Which which) {
  auto& waits = turn.state.ensures;
  std::erase_if(waits, [&](const EnsureWait& wait) {
    if (!which(wait)) return false;
    VersionEntry* version = find_version(turn.state, wait.chunk.version);
    bool is_here = version != nullptr && is_held(version->second, wait.chunk.index);
    turn.emit(EnsureAnswered{wait.request, is_here});
    return true;
  });
}

// The version's entry if a chunk of it can be read from its origin, or null.
VersionEntry* readable(CoreState& state, const ChunkId& chunk) {
  VersionEntry* version = find_version(state, chunk.version);
  if (version == nullptr || !version->second.facts) return nullptr;
  bool can_be = !version->second.facts->origin.url.empty() &&
                chunk.index.value() < version->second.held.size();
  return can_be ? version : nullptr;
}

void start_reads(Turn& turn) {
  CoreState& state = turn.state;
  auto running = static_cast<uint32_t>(
      std::count_if(state.transfers.begin(), state.transfers.end(),
                    [](const Transfer& t) { return t.cause == Cause::kEnsured; }));
  for (const EnsureWait& wait : state.ensures) {
    if (running >= state.policy.orphans_served_at_once) return;
    VersionEntry* version = readable(state, wait.chunk);
    if (version == nullptr || is_held(version->second, wait.chunk.index) ||
        is_under_way(state, *version, wait.chunk.index)) {
      continue;
    }
    start_unassigned(turn, *version, wait.chunk.index, Source{.kind = SourceKind::kOrigin},
                     Cause::kEnsured);
    ++running;
  }
}

}  // namespace

void on_ensure_asked(Turn& turn, const EnsureAsked& asked) {
  CoreState& state = turn.state;
  VersionEntry* version = find_version(state, asked.chunk.version);
  bool is_here = version != nullptr && is_held(version->second, asked.chunk.index);
  bool can_wait = state.policy.serves_orphans && !state.leave.is_asked &&
                  state.ensures.size() < kEnsuresMax && readable(state, asked.chunk) != nullptr;
  if (is_here || !can_wait) return turn.emit(EnsureAnswered{asked.request, is_here});
  state.ensures.push_back({asked.request, asked.chunk, turn.now + state.policy.open_timeout});
}

void ensured_transfer_ended(Turn& turn, const Transfer& transfer) {
  ChunkId chunk = transfer.chunk_id();
  bool is_here = is_held(transfer.version->second, transfer.chunk);
  // An assigned transfer that failed leaves the chunk to be tried again for those who wait.
  if (!is_here && transfer.cause != Cause::kEnsured) return;
  answer_where(turn, [&](const EnsureWait& wait) { return wait.chunk == chunk; });
}

void check_ensures(Turn& turn) {
  if (turn.state.ensures.empty()) return;
  answer_where(turn, [&](const EnsureWait& wait) { return wait.until <= turn.now; });
  start_reads(turn);
}

Instant ensures_deadline(const CoreState& state) {
  Instant at = Instant::never();
  for (const EnsureWait& wait : state.ensures) at = std::min(at, wait.until);
  return at;
}

void refuse_all_ensures(Turn& turn) {
  answer_where(turn, [](const EnsureWait&) { return true; });
}

}  // namespace tyto::peer
