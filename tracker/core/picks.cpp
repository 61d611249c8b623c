// Looks through a reader's missing chunks: the rarest come first, or the first for who reads in
// order.
#include "tracker/core/picks.h"

#include <algorithm>
#include <bit>

#include "tracker/core/rack_view.h"

namespace tyto::tracker {
namespace {

// The origin is read in order, from where the last lease was granted.
void offer_unheld(const VersionRow& version, const Reader& reader, uint32_t chunk, Picks& picks) {
  uint32_t chunks = version.chunk_count();
  if (picks.unheld == kNone) picks.unheld = chunk;
  if (!reader.wants_all) return;
  uint32_t after_cursor = (chunk + chunks - version.lease_cursor) % chunks;
  uint32_t best = (picks.unheld + chunks - version.lease_cursor) % chunks;
  if (after_cursor < best) picks.unheld = chunk;
}

// Whoever could read the chunk for the reader is known: the origin, or nobody.
void consider_lacking(const VersionRow& version, const Reader& reader, uint32_t chunk,
                      Picks& picks) {
  if (version.is_awaited(chunk))
    picks.leased = chunk;
  else
    offer_unheld(version, reader, chunk, picks);
}

// Of chunks without a whole copy or a known root, those that are on their way to somebody all the
// same, and could be passed on.
template <class Visit>
uint64_t coming_of(const VersionRow& version, uint32_t word, uint64_t lacking, Visit lacks) {
  uint64_t coming = 0;
  for (; lacking != 0; lacking &= lacking - 1) {
    auto bit = static_cast<uint32_t>(std::countr_zero(lacking));
    uint32_t chunk = word * 64 + bit;
    bool is_coming =
        version.in_flight[chunk] > 0 && version.knows_root(chunk) && !version.is_awaited(chunk);
    if (is_coming)
      coming |= uint64_t{1} << bit;
    else
      lacks(chunk);
  }
  return coming;
}

// Ranks chunks: rarest first, counting copies on their way; ties start at another place for each
// reader, so that readers do not ask for the same chunk. Streams go in order.
class Ranking {
 public:
  Ranking(const State& state, const Reader& reader)
      : version_(state.versions[reader.version]), is_in_order_(!reader.wants_all) {
    uint32_t chunks = version_.chunk_count();
    rotation_ = static_cast<uint32_t>(mix64(reader.peer.value()) % std::max(1u, chunks));
  }
  void offer(BestChunks& list, uint32_t word, uint64_t chunks) const {
    for (; chunks != 0; chunks &= chunks - 1) {
      uint32_t chunk = word * 64 + static_cast<uint32_t>(std::countr_zero(chunks));
      list.offer(chunk, rank_of(chunk));
    }
  }

 private:
  uint64_t rank_of(uint32_t chunk) const {
    if (is_in_order_) return chunk;
    uint64_t rarity = uint64_t{version_.copies[chunk]} + version_.in_flight[chunk];
    uint32_t turn =
        chunk >= rotation_ ? chunk - rotation_ : chunk + version_.chunk_count() - rotation_;
    return rarity << 32 | turn;
  }
  const VersionRow& version_;
  bool is_in_order_;
  uint32_t rotation_ = 0;
};

void note_needed(Picks& picks, uint32_t word, uint64_t needed) {
  picks.considered += static_cast<uint32_t>(std::popcount(needed));
  if (picks.first == kNone)
    picks.first = word * 64 + static_cast<uint32_t>(std::countr_zero(needed));
}

// Takes those out of near chunks that nobody in the rack has room to send.
uint64_t without_busy(Picks& picks, const RackView& rack, uint32_t word, uint64_t near) {
  uint64_t busy = near & ~rack.offered(word);
  picks.busy += static_cast<uint32_t>(std::popcount(busy));
  if (busy != 0 && picks.first_busy == kNone)
    picks.first_busy = word * 64 + static_cast<uint32_t>(std::countr_zero(busy));
  return near & ~busy;
}

}  // namespace

uint64_t needed_word(const State& state, const Reader& reader, HoldingIndex holding,
                     uint32_t word) {
  uint32_t chunks = reader.in_flight.size();
  uint64_t wanted = ~uint64_t{0};
  if (!reader.wants_all)
    wanted = word < reader.window.words().size() ? reader.window.words()[word] : 0;
  if (reader.at_origin.is_shadow) wanted &= ~reader.at_origin.brought.words()[word];
  if (word == chunks / 64) wanted &= (uint64_t{1} << (chunks % 64)) - 1;
  return wanted & ~state.holdings.word(holding, word) & ~reader.in_flight.words()[word];
}

Picks pick(const State& state, const Reader& reader, NearSources sources) {
  Picks picks;
  const VersionRow& version = state.versions[reader.version];
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer, reader.holding);
  RackView rack(state, reader.version, state.fleet.place_of(reader.peer).rack);
  picks.inbound = rack.inbound();
  picks.at_caps = rack.at_caps();
  // The rack takes in what it may, so that nothing but what is near will do.
  bool is_closed = sources == NearSources::kWithRoom && picks.inbound >= version.assignments_max;
  Ranking ranking(state, reader);
  for (uint32_t word = 0; word < version.ready.size(); ++word) {
    uint64_t needed = needed_word(state, reader, holding, word);
    if (needed == 0) continue;
    note_needed(picks, word, needed);
    uint64_t ready = needed & version.ready[word];
    ready |= coming_of(version, word, needed & ~ready,
                       [&](uint32_t chunk) { consider_lacking(version, reader, chunk, picks); });
    uint64_t fresh = ready & version.fresh[word];
    uint64_t near = ready & ~fresh & rack.near(word);
    uint64_t far = ready & ~fresh & ~near;
    if (sources == NearSources::kWithRoom) near = without_busy(picks, rack, word, near);
    ranking.offer(picks.near, word, near);
    if (is_closed) continue;
    ranking.offer(picks.fresh, word, fresh);
    ranking.offer(picks.far, word, far);
  }
  return picks;
}

uint32_t pick_unheld(const State& state, const Reader& reader) {
  Picks picks;
  const VersionRow& version = state.versions[reader.version];
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer, reader.holding);
  for (uint32_t word = 0; word < version.ready.size(); ++word) {
    uint64_t lacking = needed_word(state, reader, holding, word) & ~version.ready[word];
    coming_of(version, word, lacking,
              [&](uint32_t chunk) { consider_lacking(version, reader, chunk, picks); });
  }
  return picks.unheld;
}

}  // namespace tyto::tracker
