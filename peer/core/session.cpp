#include "peer/core/session.h"

#include <algorithm>

#include "peer/core/cache.h"
#include "peer/core/leave.h"
#include "peer/core/opens.h"
#include "peer/core/trackers.h"
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

Duration hop_wait(CoreState& state) {
  auto most = static_cast<uint64_t>(std::max<int64_t>(state.policy.reconnect_min.ns(), 1));
  return Duration::nanoseconds(static_cast<int64_t>(state.rng.next64() % (most + 1)));
}

bool is_same(const TrackerPlace& a, const TrackerPlace& b) {
  return a.address == b.address;
}

// Less where another one can be asked, but more with each round in which none of them answered.
Duration register_within(const CoreState& state) {
  const Policy& policy = state.policy;
  if (!has_another_tracker(state.trackers)) return policy.register_within;
  int64_t rounds = std::min<int64_t>(state.session.failures, 8);
  return std::min(policy.register_within, policy.move_within * (rounds + 1));
}

void connect_to(Turn& turn, TrackerPlace place) {
  CoreState& state = turn.state;
  Session& session = state.session;
  state.trackers.current = std::move(place);
  session.phase = SessionPhase::kRegistering;
  session.until = turn.now + register_within(state);
  ConnectTracker connect{.attempt = session.attempt,
                         .tracker = state.trackers.current.address,
                         .avoids = avoided_now(state.trackers, turn.now),
                         .moves = state.trackers.moves,
                         .has_inventory = holds_anything(state)};
  // Another tracker can't go on with it, but tells the one that could that it is over.
  if (session.can_resume) {
    connect.resume_session = session.id;
    connect.resume_epoch = session.epoch;
  }
  turn.emit(std::move(connect));
}

// The one that may still know the session, else the next.
void connect(Turn& turn) {
  CoreState& state = turn.state;
  const Trackers& trackers = state.trackers;
  if (state.session.can_resume && !was_tried(trackers, trackers.served_by))
    return connect_to(turn, trackers.served_by);
  if (auto next = next_tracker(trackers, turn.now)) return connect_to(turn, std::move(*next));
  state.session.phase = SessionPhase::kWaiting;
  state.session.until = Instant::never();  // TrackersFound ends it
  turn.emit(FindTrackers{});
}

// The present tracker is of no use now. Another one is asked at once; when all were, they are
// looked for anew, and a round begins after a while.
enum class Next : uint8_t { kAnother, kNewRound };
Next pass_over(Turn& turn) {
  Trackers& trackers = turn.state.trackers;
  note_tried(trackers);
  trackers.moves = 0;
  if (next_tracker(trackers, turn.now)) return Next::kAnother;
  trackers.tried.clear();
  turn.emit(FindTrackers{});
  return Next::kNewRound;
}

// No connection any more.
void let_go(Session& session) {
  session.hold = Instant();
  session.exchanges_open = 0;
  session.ask_again = false;
  session.report_at = Instant::never();
}

// Tries again after a while; the same trackers not before `retry_after` has passed.
void wait_to_connect(Turn& turn, Error error, Next next = Next::kNewRound,
                     Duration retry_after = {}) {
  Session& session = turn.state.session;
  bool was_connected = is_connected(turn.state);
  if (was_connected || session.failures == 1) {
    turn.emit(TrackerStateChanged{TrackerState::kLost, error.message});
  }
  session.phase = SessionPhase::kWaiting;
  let_go(session);
  if (session.lost.is_never()) session.lost = turn.now;
  session.last_error = std::move(error);
  Duration wait = next == Next::kAnother
                      ? hop_wait(turn.state)
                      : std::max(back_off(turn.state), with_jitter(turn.state, retry_after));
  session.until = turn.now + wait;
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

// A read of an origin, whose end this tracker waits for, or leases anew if its peer goes.
bool is_reading_origin(const CoreState& state) {
  return std::any_of(state.transfers.begin(), state.transfers.end(), [](const Transfer& transfer) {
    return transfer.source.kind == SourceKind::kOrigin && transfer.cause == Cause::kAssigned &&
           !transfer.is_of_old_session;
  });
}

// Goes to the tracker that is this peer's home, when it is time. Transfers go on meanwhile.
void check_going(Turn& turn) {
  constexpr Duration kLookAgain = Duration::milliseconds(250);
  CoreState& state = turn.state;
  Trackers& trackers = state.trackers;
  bool may_go = state.session.phase == SessionPhase::kExchanging && !state.leave.is_asked;
  if (!may_go || trackers.go_at > turn.now) return;
  if (is_reading_origin(state) && turn.now < trackers.go_latest) {
    trackers.go_at = turn.now + kLookAgain;
    return;
  }
  trackers.go_at = Instant::never();
  auto home = find_tracker(trackers, trackers.home);
  if (!home) return;
  let_go(state.session);
  state.session.lost = turn.now;
  connect_to(turn, std::move(*home));
}

}  // namespace

Duration with_jitter(CoreState& state, Duration retry_after) {
  if (retry_after <= Duration()) return {};
  const Duration asked = std::min(retry_after, kParkMax);
  const auto half = static_cast<uint64_t>(asked.ns() / 2);
  return asked + Duration::nanoseconds(static_cast<int64_t>(state.rng.next64() % (half + 1)));
}

void start_session(Turn& turn) {
  turn.state.session.lost = turn.now;
  turn.emit(TrackerStateChanged{TrackerState::kConnecting, ""});
  connect(turn);
}

void on_registered(Turn& turn, RegisterReply reply) {
  Session& session = turn.state.session;
  if (session.phase != SessionPhase::kRegistering) return;
  Trackers& trackers = turn.state.trackers;
  bool may_resume = session.can_resume && is_same(trackers.current, trackers.served_by);
  if (reply.resumed && !may_resume) {
    ++session.failures;
    ++session.attempt;
    return wait_to_connect(
        turn, {ErrorCode::kInternal, "the tracker resumed a session that does not exist any more"});
  }
  session.lost = Instant::never();
  session.heard = turn.now;
  session.last_error = Error{};
  trackers.current.id = reply.tracker;
  trackers.served_by = trackers.current;
  list_trackers(trackers, std::move(reply.trackers));
  note_arrived(turn.state, turn.now);
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

void on_register_failed(Turn& turn, Error error, Duration retry_after) {
  Session& session = turn.state.session;
  if (session.phase != SessionPhase::kRegistering) return;
  ++session.attempt;
  // One that has too much to do is not left for that: the others would be next.
  Next next = error.code == ErrorCode::kOverloaded ? Next::kNewRound : pass_over(turn);
  if (next == Next::kNewRound) ++session.failures;
  bool is_final = error.code == ErrorCode::kDenied || error.code == ErrorCode::kUnsupported ||
                  error.code == ErrorCode::kInvalidArgument;
  wait_to_connect(turn, error, next, retry_after);
  if (is_final) fail_unanswered_opens(turn, error);
}

void on_redirected(Turn& turn, RegisterMoved moved) {
  CoreState& state = turn.state;
  Trackers& trackers = state.trackers;
  if (state.session.phase != SessionPhase::kRegistering) return;
  list_trackers(trackers, std::move(moved.trackers));
  if (moved.is_passed_on) avoid(state, moved.from, turn.now);
  auto place = find_tracker(trackers, moved.home);
  if (!place || ++trackers.moves > kMovesMax) {
    return on_register_failed(
        turn, {ErrorCode::kUnavailable, "trackers sent this peer from one to the other " +
                                            std::to_string(kMovesMax) + " times"});
  }
  connect_to(turn, std::move(*place));
}

void on_trackers_found(Turn& turn, TrackersFound found) {
  CoreState& state = turn.state;
  bool is_news = found.trackers != nullptr && !found.trackers->empty();
  if (is_news) state.trackers.found = std::move(found.trackers);
  bool waits_for_it =
      state.session.phase == SessionPhase::kWaiting && state.session.until.is_never();
  if (!waits_for_it) return;
  if (is_news) return connect(turn);
  ++state.session.failures;
  wait_to_connect(turn, std::move(found.error));
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
  check_going(turn);
  if (session.until > turn.now) return;
  switch (session.phase) {
    case SessionPhase::kNone: return;
    case SessionPhase::kWaiting: return connect(turn);
    case SessionPhase::kRegistering:
      return on_register_failed(
          turn, {ErrorCode::kTimedOut, "the tracker did not answer the registration in time"});
    case SessionPhase::kInventory:
    case SessionPhase::kExchanging:
      Next next = pass_over(turn);
      return wait_to_connect(turn, {ErrorCode::kTimedOut, "the tracker stopped answering"}, next);
  }
}

Instant session_deadline(const CoreState& state) {
  if (state.session.phase == SessionPhase::kNone) return Instant::never();
  bool may_go = state.session.phase == SessionPhase::kExchanging && !state.leave.is_asked;
  return std::min(state.session.until, may_go ? state.trackers.go_at : Instant::never());
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
