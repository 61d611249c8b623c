#include "peer/core/leave.h"

#include "peer/core/ensures.h"
#include "peer/core/exchange.h"
#include "peer/core/opens.h"
#include "peer/core/partials.h"
#include "peer/core/session.h"
#include "peer/core/transfers.h"

namespace tyto::peer {
namespace {

void finish(Turn& turn) {
  CoreState& state = turn.state;
  if (!state.leave.is_asked || state.leave.is_done) return;
  state.leave.is_done = true;
  state.session.phase = SessionPhase::kNone;
  state.session.exchanges_open = 0;
  state.session.until = Instant::never();
  turn.emit(LeaveDone{});
}

}  // namespace

void on_leave_asked(Turn& turn, LeaveAsked asked) {
  CoreState& state = turn.state;
  if (state.leave.is_asked) return;
  state.leave.is_asked = true;
  state.leave.until = turn.now + asked.deadline;
  end_all_opens(turn, {ErrorCode::kCancelled, "this peer is shutting down"});
  cancel_all_transfers(turn, "the peer is leaving");
  drop_all_partials(turn);
  refuse_all_ensures(turn);
  if (!is_connected(state)) return finish(turn);
  report(turn, Leaving{asked.deadline}, Urgency::kNow);
  // The event's number is that of the last one pushed.
  state.leave.event = state.session.events_acknowledged + state.session.events.unacknowledged();
}

void note_acknowledged(Turn& turn) {
  const CoreState& state = turn.state;
  if (state.leave.is_asked && state.session.events_acknowledged >= state.leave.event) finish(turn);
}

void note_tracker_lost(Turn& turn) {
  finish(turn);
}

void check_leave(Turn& turn) {
  if (turn.state.leave.is_asked && turn.state.leave.until <= turn.now) finish(turn);
}

}  // namespace tyto::peer
