// Orders to free chunks.
#pragma once

#include "tracker/core/state.h"

namespace tyto::tracker {

// Tells a peer to free chunks of one version. Those that follow on one another are one order, which
// is counted, and written down for people.
//
// Ownership: borrows the state; for use at once.
class EvictionOrders {
 public:
  EvictionOrders(State& state, PeerIndex peer, VersionIndex version, const Ousting& ousting);
  // The chunk is no copy any more, see begin_evicting(). Requires: chunks come in their order.
  void add(uint32_t chunk);
  // Sends what is left. To be called at the end.
  void finish();

 private:
  State& state_;
  const PeerIndex peer_;
  const VersionIndex version_;
  const VersionIndex for_version_;
  Evict run_;
};

}  // namespace tyto::tracker
