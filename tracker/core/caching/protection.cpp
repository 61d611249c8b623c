#include "tracker/core/caching/protection.h"

namespace tyto::tracker {
namespace {

// Holders looked at in a zone; if the floor's worth was not found among them, it is not there.
constexpr uint32_t kZoneLooks = 64;

}  // namespace

Protection::Protection(const State& state, HoldingIndex holding, std::optional<Medium> only)
    : state_(state),
      holding_(holding),
      only_(only),
      version_(state.versions[state.holdings[holding].version]),
      caching_(state.policy(state.holdings[holding].version).caching),
      zone_(state.fleet.place_of(state.holdings[holding].peer).zone) {
  const Holding& row = state.holdings[holding];
  ReaderIndex reader = state.readers.find(row.peer, row.version);
  if (reader != kNoReader) reader_ = &state.readers[reader];
  if (reader_ != nullptr && reader_->wants_all) of_all_ = Keeper::kReader;
  if (state.pins.holds(version_.id, state.now)) of_all_ = Keeper::kPin;
}

bool Protection::is_at_zone_floor(uint32_t chunk) const {
  auto groups = version_.groups_of_zone.find(zone_);
  if (groups == version_.groups_of_zone.end()) return true;
  uint32_t found = 0;
  uint32_t looks = 0;
  for (uint32_t g : groups->second) {
    const RackGroup& group = version_.groups[g];
    if (((state_.holdings.word(group, chunk / 64) >> (chunk % 64)) & 1) == 0) {
      if (++looks >= kZoneLooks) return true;
      continue;
    }
    for (const Holder& holder : group.holders) {
      if (state_.holdings.has(holder.holding, chunk) && ++found > caching_.zone_copies_floor)
        return false;
      if (++looks >= kZoneLooks) return true;
    }
  }
  return true;
}

Keeper Protection::of(uint32_t chunk) const {
  if (of_all_ != Keeper::kNobody) return of_all_;
  bool is_wanted = reader_ != nullptr && reader_->window.size() != 0 && reader_->window.test(chunk);
  if (is_wanted) return Keeper::kReader;
  uint32_t copies = version_.copies[chunk];
  if (caching_.is_origin_unreliable && copies < 2) return Keeper::kLastOfKind;
  if (copies <= caching_.copies_floor) return Keeper::kFloor;
  bool has_zone_floor = caching_.zone_copies_floor > 0;
  return has_zone_floor && is_at_zone_floor(chunk) ? Keeper::kFloor : Keeper::kNobody;
}

bool Protection::may_go(Pass pass, uint32_t chunk) const {
  Keeper keeper = of(chunk);
  bool is_free = keeper == Keeper::kNobody || (keeper == Keeper::kFloor && pass == Pass::kAny);
  if (!is_free || version_.copies[chunk] > 1) return is_free;
  return may_last_copy_go(state_, state_.holdings[holding_].version, chunk);
}

bool Protection::has(uint32_t chunk) const {
  if (!state_.holdings.has(holding_, chunk)) return false;
  const Holding& row = state_.holdings[holding_];
  return !only_ || medium_of(state_, row.peer, row.version, chunk) == *only_;
}

uint32_t Protection::next_last(uint32_t from) const {
  if (of_all_ != Keeper::kNobody || !state_.cluster.is_several()) return kNone;
  for (uint32_t c = from; c < version_.chunk_count(); ++c) {
    if (!has(c) || version_.copies[c] > 1) continue;
    Keeper keeper = of(c);
    if (keeper == Keeper::kNobody || keeper == Keeper::kFloor) return c;
  }
  return kNone;
}

uint32_t Protection::next(Pass pass, uint32_t from) const {
  if (of_all_ != Keeper::kNobody) return kNone;
  for (uint32_t c = from; c < version_.chunk_count(); ++c)
    if (has(c) && may_go(pass, c)) return c;
  return kNone;
}

}  // namespace tyto::tracker
