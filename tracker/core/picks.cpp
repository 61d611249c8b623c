// Looks through a reader's missing chunks: the rarest come first, or the first for who reads in
// order.
#include "tracker/core/picks.h"

#include <algorithm>
#include <bit>

namespace tyto::tracker {
namespace {

// 64 chunks' worth of what a reader still has to be sent.
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

// What the reader's rack holds, or is being sent.
class Rack {
 public:
  Rack(const State& state, const Reader& reader) : state_(state) {
    const VersionRow& version = state.versions[reader.version];
    uint32_t rack = state.fleet.place_of(reader.peer).rack;
    group_ = version.group(rack);
    const RackDemand* demand = version.demand(rack);
    if (demand != nullptr) newest_ = &demand->newest;
  }
  // Bits past the end may be set.
  uint64_t held_word(uint32_t word) const {
    return group_ == nullptr ? 0 : state_.holdings.word(*group_, word);
  }
  bool is_coming(uint32_t chunk) const {
    return newest_ != nullptr && (*newest_)[chunk] != kNoTransfer;
  }

 private:
  const State& state_;
  const RackGroup* group_ = nullptr;
  const std::vector<TransferIndex>* newest_ = nullptr;
};

// The origin is read in order, from where the last lease was granted.
void offer_unheld(const VersionRow& version, const Reader& reader, uint32_t chunk, Picks& picks) {
  uint32_t chunks = version.chunk_count();
  if (picks.unheld == kNone) picks.unheld = chunk;
  if (!reader.wants_all) return;
  uint32_t after_cursor = (chunk + chunks - version.lease_cursor) % chunks;
  uint32_t best = (picks.unheld + chunks - version.lease_cursor) % chunks;
  if (after_cursor < best) picks.unheld = chunk;
}

}  // namespace

Picks pick(const State& state, const Reader& reader) {
  Picks picks;
  const VersionRow& version = state.versions[reader.version];
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer, reader.holding);
  Rack rack(state, reader);
  uint32_t chunks = version.chunk_count();
  auto rotation = static_cast<uint32_t>(mix64(reader.peer.value()) % std::max(1u, chunks));
  auto consider = [&](uint32_t chunk, bool is_held_near) {
    ++picks.considered;
    if (picks.first == kNone) picks.first = chunk;
    bool is_lacking = version.copies[chunk] == 0 || !version.knows_root(chunk);
    if (is_lacking && version.is_awaited(chunk)) {
      picks.leased = chunk;
    } else if (is_lacking && (version.in_flight[chunk] == 0 || !version.knows_root(chunk))) {
      offer_unheld(version, reader, chunk, picks);
    } else {
      // Rarest first, counting copies on their way; ties start at another place for each reader,
      // so that readers do not ask for the same chunk. Streams go in order.
      uint64_t rarity = uint64_t{version.copies[chunk]} + version.in_flight[chunk];
      uint32_t turn = chunk >= rotation ? chunk - rotation : chunk + chunks - rotation;
      bool is_near = is_held_near || rack.is_coming(chunk);
      bool is_fresh = is_only_at_superpeers(version, chunk);
      (is_fresh  ? picks.fresh
       : is_near ? picks.near
                 : picks.far)
          .offer(chunk, reader.wants_all ? rarity << 32 | turn : chunk);
    }
  };
  for (uint32_t word = 0; word < (chunks + 63) / 64; ++word) {
    uint64_t needed = needed_word(state, reader, holding, word);
    uint64_t near = needed == 0 ? 0 : rack.held_word(word);
    for (; needed != 0; needed &= needed - 1) {
      auto bit = static_cast<uint32_t>(std::countr_zero(needed));
      consider(word * 64 + bit, (near >> bit & 1) != 0);
    }
  }
  return picks;
}

}  // namespace tyto::tracker
