#include "tracker/core/caching/eviction_orders.h"

namespace tyto::tracker {

EvictionOrders::EvictionOrders(State& state, PeerIndex peer, VersionIndex version,
                               const Ousting& ousting)
    : state_(state), peer_(peer), version_(version), for_version_(ousting.for_version) {
  run_.version = state.versions[version].id;
  run_.count = 0;
  run_.reason.choice = ousting.why;
}

void EvictionOrders::add(uint32_t chunk) {
  if (run_.count > 0 && run_.first + run_.count != chunk) finish();
  if (run_.count == 0) {
    run_.first = chunk;
    run_.reason.copies = state_.versions[version_].copies[chunk];  // that are left
  }
  ++run_.count;
}

void EvictionOrders::finish() {
  if (run_.count == 0) return;
  state_.counters.evictions += run_.count;
  state_.counters.evictions_by[static_cast<std::size_t>(run_.reason.choice)] += run_.count;
  note_evicted(state_, peer_, run_, for_version_);
  state_.stage(state_.fleet.peer(peer_).session, run_);
  run_.count = 0;
}

}  // namespace tyto::tracker
