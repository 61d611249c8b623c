#include "peer/core/session.h"

#include <algorithm>

#include "peer/core/cache.h"
#include "peer/core/leave.h"
#include "peer/core/opens.h"
#include "peer/core/transfers.h"

namespace tyto::peer {
namespace {

// Doubles from the least to the most wait with each failure in a row; half of it is jitter. The
// first attempt after a working session comes sooner, anywhere within the least wait.
Duration back_off(CoreState& state) {
  const Policy& policy = state.policy;
  int64_t wait = std::max<int64_t>(policy.reconnect_min.ns(), 1);
  int64_t fixed = 0;
  if (state.session.failures > 0) {
    for (uint32_t i = 1; i < state.session.failures && wait < policy.reconnect_max.ns(); ++i) {
      wait *= 2;
    }
    wait = std::min(wait, std::max<int64_t>(policy.reconnect_max.ns(), 1));
    fixed = wait / 2;
  }
  auto jitter = static_cast<uint64_t>(wait - fixed);
  return Duration::nanoseconds(fixed + static_cast<int64_t>(state.rng.next64() % (jitter + 1)));
}

void connect(Turn& turn) {
  Session& session = turn.state.session;
  session.phase = SessionPhase::kRegistering;
  session.until = turn.now + turn.state.policy.register_within;
  ConnectTracker connect{.attempt = session.attempt, .has_inventory = holds_anything(turn.state)};
  if (session.can_resume) {
    connect.resume_session = session.id;
    connect.resume_epoch = session.epoch;
  }
  turn.emit(connect);
}

// No connection any more: try again after a while.
void wait_to_connect(Turn& turn, Error error) {
  Session& session = turn.state.session;
  bool was_connected = is_connected(turn.state);
  if (was_connected || session.failures == 1) {
    turn.emit(TrackerStateChanged{TrackerState::kLost, error.message});
  }
  session.phase = SessionPhase::kWaiting;
  session.exchanges_open = 0;
  session.ask_again = false;
  session.report_at = Instant::never();
  if (session.lost.is_never()) session.lost = turn.now;
  session.last_error = std::move(error);
  session.until = turn.now + back_off(turn.state);
  note_tracker_lost(turn);
}

void forget_session(Session& session) {
  session.can_resume = false;
  session.owes_inventory = false;
  session.id = SessionId();
  session.epoch = TrackerEpoch();
  session.events.restart();
  session.events_acknowledged = 0;
  session.commands.restart();
  session.report_at = Instant::never();
}

// A session that knows nothing of the one before. Transfers go on; what they bring is news of
// the inventory to this tracker, or is taken over when it assigns the same chunk.
void begin_session(Turn& turn, const RegisterReply& reply) {
  CoreState& state = turn.state;
  forget_session(state.session);
  state.session.can_resume = true;
  state.session.id = reply.session;
  state.session.epoch = reply.epoch;
  state.resolves.clear();
  for (Transfer& transfer : state.transfers) transfer.is_of_old_session = true;
  forget_old_versions(state);
  report_opens_again(turn);
}

void begin_exchanging(Turn& turn) {
  Session& session = turn.state.session;
  session.phase = SessionPhase::kExchanging;
  session.until = Instant::never();
  if (session.events.has_unsent()) session.report_at = turn.now;
}

void send_inventory(Turn& turn) {
  Session& session = turn.state.session;
  std::vector<InventoryPage> pages = inventory_pages(turn.state);
  if (pages.empty()) return begin_exchanging(turn);
  const Policy& policy = turn.state.policy;
  session.phase = SessionPhase::kInventory;
  session.owes_inventory = true;
  session.until =
      turn.now + policy.register_within + policy.answer_within * static_cast<int64_t>(pages.size());
  turn.emit(SendInventory{std::move(pages)});
}

void take_reply(Turn& turn, RegisterReply& reply) {
  CoreState& state = turn.state;
  if (reply.superpeers.size() > kSuperpeersListedMax) {
    reply.superpeers.resize(kSuperpeersListedMax);
  }
  // A tracker that has just started may not have heard of any yet: those known before still serve.
  if (!reply.superpeers.empty()) state.superpeers = std::move(reply.superpeers);
  turn.emit(LimitsSet{reply.limits});
  if (!reply.ticket.text.empty()) turn.emit(TicketRenewed{BucketId(), reply.ticket});
}

}  // namespace

void start_session(Turn& turn) {
  turn.state.session.lost = turn.now;
  turn.emit(TrackerStateChanged{TrackerState::kConnecting, ""});
  connect(turn);
}

void on_registered(Turn& turn, RegisterReply reply) {
  Session& session = turn.state.session;
  if (session.phase != SessionPhase::kRegistering) return;
  if (reply.resumed && !session.can_resume) {
    ++session.failures;
    ++session.attempt;
    return wait_to_connect(
        turn, {ErrorCode::kInternal, "the tracker resumed a session that does not exist any more"});
  }
  session.lost = Instant::never();
  session.heard = turn.now;
  session.last_error = Error{};
  turn.emit(TrackerStateChanged{TrackerState::kConnected, ""});
  take_reply(turn, reply);
  if (!reply.resumed) {
    begin_session(turn, reply);
    return send_inventory(turn);
  }
  session.id = reply.session;
  session.epoch = reply.epoch;
  session.events.rewind();
  if (session.owes_inventory) return send_inventory(turn);
  begin_exchanging(turn);
}

void on_register_failed(Turn& turn, Error error) {
  Session& session = turn.state.session;
  if (session.phase != SessionPhase::kRegistering) return;
  ++session.failures;
  ++session.attempt;
  bool is_final = error.code == ErrorCode::kDenied || error.code == ErrorCode::kUnsupported ||
                  error.code == ErrorCode::kInvalidArgument;
  wait_to_connect(turn, error);
  if (is_final) fail_unanswered_opens(turn, error);
}

void on_disconnected(Turn& turn, Error error) {
  if (turn.state.session.phase == SessionPhase::kRegistering) {
    return on_register_failed(turn, std::move(error));
  }
  if (is_connected(turn.state)) wait_to_connect(turn, std::move(error));
}

void on_inventory_sent(Turn& turn) {
  Session& session = turn.state.session;
  if (session.phase != SessionPhase::kInventory) return;
  session.owes_inventory = false;
  session.heard = turn.now;
  begin_exchanging(turn);
}

void check_session(Turn& turn) {
  Session& session = turn.state.session;
  if (session.until > turn.now) return;
  switch (session.phase) {
    case SessionPhase::kNone: return;
    case SessionPhase::kWaiting: return connect(turn);
    case SessionPhase::kRegistering:
      return on_register_failed(
          turn, {ErrorCode::kTimedOut, "the tracker did not answer the registration in time"});
    case SessionPhase::kInventory:
    case SessionPhase::kExchanging:
      return wait_to_connect(turn, {ErrorCode::kTimedOut, "the tracker stopped answering"});
  }
}

Instant session_deadline(const CoreState& state) {
  return state.session.phase == SessionPhase::kNone ? Instant::never() : state.session.until;
}

void break_session(Turn& turn, const std::string& what) {
  Session& session = turn.state.session;
  forget_session(session);
  if (!is_connected(turn.state)) return;
  ++session.failures;
  wait_to_connect(turn,
                  {ErrorCode::kInternal, "the session with the tracker is started anew: " + what});
}

void complain(Turn& turn, std::string what) {
  turn.emit(TrackerStateChanged{TrackerState::kConnected,
                                "the tracker broke the protocol, and was ignored: " + what});
}

}  // namespace tyto::peer
