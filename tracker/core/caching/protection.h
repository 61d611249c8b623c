// What may not be evicted, and what only if nothing else is left.
#pragma once

#include <cstdint>

#include "tracker/core/state.h"

namespace tyto::tracker {

// What keeps a copy.
enum class Keeper : uint8_t {
  kNobody,
  kFloor,       // there are no more than the bucket's floor, in the fleet or the zone
  kReader,      // an open handle of that peer wants it
  kPin,         // its version is pinned
  kLastOfKind,  // nobody else has it, and its bucket's origin may lose it
};

// What is the same for all chunks of a holding, found once.
//
// Ownership: borrows the state; for use at once.
class Protection {
 public:
  // `only`: chunks in the other medium are passed over.
  Protection(const State& state, HoldingIndex holding, std::optional<Medium> only = {});
  // Of all chunks; kNobody: it depends on the chunk.
  Keeper of_all() const { return of_all_; }
  // Requires: the holding has the chunk. Cost: constant; with a floor per zone, a bounded number
  // of the zone's holders.
  Keeper of(uint32_t chunk) const;
  // Whether any chunk of the version may have copies to spare. Cost: constant.
  static bool may_spare(const State& state, VersionIndex version) {
    return state.versions[version].members > state.policy(version).caching.copies_floor;
  }
  // The first chunk held from `from` on that may go in this pass; kNone if there is none. Cost of
  // each chunk besides, where the medium matters: a look into the peer's memory account.
  uint32_t next(Pass pass, uint32_t from) const;
  // The same of those that lack nothing but their directory's leave, since they are the last of
  // their group.
  uint32_t next_last(uint32_t from) const;
  // An open handle of that peer has passed what may go.
  bool is_streamed() const { return reader_ != nullptr; }

 private:
  bool is_at_zone_floor(uint32_t chunk) const;
  bool may_go(Pass pass, uint32_t chunk) const;
  bool has(uint32_t chunk) const;

  const State& state_;
  const HoldingIndex holding_;
  const std::optional<Medium> only_;
  const VersionRow& version_;
  const CachingPolicy& caching_;
  const uint32_t zone_;
  const Reader* reader_ = nullptr;
  Keeper of_all_ = Keeper::kNobody;
};

}  // namespace tyto::tracker
