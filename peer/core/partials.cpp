#include "peer/core/partials.h"

#include <algorithm>

namespace tyto::peer {
namespace {

template <class Which>
void drop_where(Turn& turn, Which which) {
  std::erase_if(turn.state.partials, [&](const KeptPartial& kept) {
    if (!which(kept)) return false;
    turn.emit(DropPartial{kept.chunk});
    return true;
  });
}

}  // namespace

void keep_partial(Turn& turn, const ChunkId& chunk) {
  use_partial(turn.state, chunk);
  auto& partials = turn.state.partials;
  if (partials.size() >= kPartialsKept) {
    turn.emit(DropPartial{partials.front().chunk});
    partials.erase(partials.begin());
  }
  partials.push_back({chunk, turn.now + turn.state.policy.partial_kept});
}

void use_partial(CoreState& state, const ChunkId& chunk) {
  std::erase_if(state.partials, [&](const KeptPartial& kept) { return kept.chunk == chunk; });
}

void drop_partials(Turn& turn, const VersionId& version, uint32_t first, uint32_t count) {
  drop_where(turn, [&](const KeptPartial& kept) {
    uint32_t index = kept.chunk.index.value();
    return kept.chunk.version == version && index >= first && index - first < count;
  });
}

void drop_all_partials(Turn& turn) {
  drop_where(turn, [](const KeptPartial&) { return true; });
}

void check_partials(Turn& turn) {
  drop_where(turn, [&](const KeptPartial& kept) { return kept.until <= turn.now; });
}

Instant partials_deadline(const CoreState& state) {
  return state.partials.empty() ? Instant::never() : state.partials.front().until;
}

}  // namespace tyto::peer
