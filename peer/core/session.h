// The control connection: connecting, registering, being lost and found again.
#pragma once

#include <string>

#include "peer/core/core_state.h"

namespace tyto::peer {

void start_session(Turn& turn);
void on_registered(Turn& turn, RegisterReply reply);
void on_redirected(Turn& turn, RegisterMoved moved);
void on_trackers_found(Turn& turn, TrackersFound found);
// Tries again after a back-off; not before `retry_after` has passed.
void on_register_failed(Turn& turn, Error error, Duration retry_after = {});
void on_disconnected(Turn& turn, Error error);
void on_inventory_sent(Turn& turn);

// Connects when the time has come, and gives a silent tracker up.
void check_session(Turn& turn);
// When check_session() has something to do.
Instant session_deadline(const CoreState& state);

// The tracker makes no sense (`what`), or cannot be kept up with: the session is given up, and a
// new one is begun after a back-off. Nothing happens if there is none.
void break_session(Turn& turn, const std::string& what);

// What a tracker asked for, and up to half as much again by lot: those that were turned away
// together do not come back together.
Duration with_jitter(CoreState& state, Duration retry_after);

// For the operator: something odd that the tracker said, and that was ignored.
void complain(Turn& turn, std::string what);

inline bool is_connected(const CoreState& state) {
  return state.session.phase == SessionPhase::kInventory ||
         state.session.phase == SessionPhase::kExchanging;
}

}  // namespace tyto::peer
