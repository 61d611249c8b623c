// The exchange: events in, commands out, at most two calls open, one of them parked.
#include <algorithm>

#include "schema/messages/wire_size.h"
#include "tracker/core/look_ahead.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

void take_event(State& state, SessionIndex index, Event& event) {
  ++state.counters.events;
  std::visit(Overloaded{
                 [&](OpenRequested& e) { open_object(state, index, std::move(e)); },
                 [&](WindowMoved& e) { move_window(state, index, e); },
                 [&](OpenClosed& e) {
                   note_closed(state, index, e.open);
                   close_open(state, index, e.open);
                 },
                 [&](ChunkProgressed& e) { take_progress(state, index, e); },
                 [&](ChunkVerified& e) { take_verified(state, index, e); },
                 [&](SourceFailed& e) { take_source_failed(state, index, e); },
                 [&](AssignmentFailed& e) { take_assignment_failed(state, index, e); },
                 [&](ChunksDropped& e) { take_dropped(state, index, e); },
                 // The bytes stay booked as being evicted: the drop will come.
                 [&](EvictionDeferred&) {},
                 [&](NameResolved& e) { take_resolution(state, index, std::move(e)); },
                 [&](StoreResized& e) {
                   PeerIndex peer = state.sessions[index].peer;
                   state.fleet.peer(peer).store_bytes = e.bytes;
                   state.fleet.details(peer).lent_bytes = e.bytes;
                   set_memory_lent(state.sessions[index], e.memory_bytes);
                 },
                 [&](Leaving&) { start_leaving(state, index); },
             },
             event);
}

// The peer has spoken: whatever it was suspected of, it is not dead.
void hear(State& state, SessionIndex index) {
  Session& session = state.sessions[index];
  session.heard_at = state.now;
  session.ends_at = state.now + state.config.silence_max;
  PeerRow& peer = state.fleet.peer(session.peer);
  bool must_sit_it_out = peer.is_quarantined || peer.is_unreachable;
  if (must_sit_it_out && peer.suspect_until > state.now) return;
  peer.strikes = 0;
  peer.is_quarantined = 0;
  peer.is_unreachable = 0;
  if (peer.suspect_until == Instant()) return;
  peer.suspect_until = Instant();
  state.fleet.set_in_doubt(session.peer, Doubt::kCleared);
}

// Limits, cancels, evictions, descriptions, answers, resolutions, assignments, waits, trackers.
int rank(const Command& command) {
  static_assert(std::variant_size_v<Command> == 10);
  return static_cast<int>(command.index());
}

void answer(State& state, SessionIndex index, const PendingExchange& pending) {
  Session& session = state.sessions[index];
  ExchangeDown down;
  down.first_command = session.outbox.first_unsent();
  std::size_t budget = kExchangeBytesMax - kExchangeOverheadBytes;
  down.commands = session.outbox.take_unsent(kCommandsPerExchangeMax, [&](const Command& command) {
    std::size_t bytes = wire_bytes_estimate(command);
    if (bytes > budget) return false;
    budget -= bytes;
    return true;
  });
  down.more = session.outbox.has_unsent();
  down.events_applied = session.inbox.applied();
  session.ends_at = state.now + state.config.silence_max;  // the peer's turn begins
  state.emit(ExchangeAnswered{session.id, pending.token, std::move(down)});
}

void answer_session(State& state, SessionIndex index) {
  Session& session = state.sessions[index];
  std::stable_sort(session.staged.begin(), session.staged.end(),
                   [](const Command& a, const Command& b) { return rank(a) < rank(b); });
  for (Command& command : session.staged) session.outbox.push(std::move(command));
  std::vector<Command>().swap(session.staged);  // sessions are many, and most of them wait
  // The oldest call is answered first; the younger one stays as the parked one unless it must go.
  while (!session.pending.empty()) {
    PendingExchange oldest = session.pending.front();
    bool must = oldest.is_due || session.outbox.has_unsent() || oldest.answer_by <= state.now;
    if (!must) break;
    session.pending.erase(session.pending.begin());
    answer(state, index, oldest);
  }
  arm_session(state, index);
}

}  // namespace

void take_exchange(State& state, SessionId id, ExchangeToken token, ExchangeUp up) {
  ++state.counters.exchanges;
  SessionIndex index = state.sessions.find(id);
  if (index == kNoSession) {
    state.emit(ExchangeRefused{
        token, {ErrorCode::kNotFound, "this tracker does not know the session; register again"}});
    return;
  }
  hear(state, index);
  tell_move(state, index);
  auto broken = [&](const std::string& what) {
    state.emit(ExchangeRefused{token, {ErrorCode::kInvalidArgument, what}});
    end_session(state, index, EndKind::kProtocolBroken, what);
  };
  if (!state.sessions[index].outbox.acknowledge(up.commands_applied)) {
    broken("exchange acknowledges command " + std::to_string(up.commands_applied.value()) +
           ", which was never sent; register again");
    return;
  }
  Sequence number = up.first_event;
  for (Event& event : up.events) {
    switch (state.sessions[index].inbox.accept(number)) {
      case NumberedInbox::Verdict::kNew: take_event(state, index, event); break;
      case NumberedInbox::Verdict::kRepeat: break;
      case NumberedInbox::Verdict::kGap:
        broken("exchange brings event " + std::to_string(number.value()) + " where " +
               std::to_string(state.sessions[index].inbox.applied().value() + 1) +
               " was expected; register again");
        return;
    }
    ++number;
  }
  expire_copies(state, index);
  Session& session = state.sessions[index];
  if (session.outbox.unacknowledged() > kCommandBacklogMax) {
    broken("the peer has left " + std::to_string(session.outbox.unacknowledged()) +
           " commands unacknowledged; register again");
    return;
  }
  // A second call releases the first.
  for (PendingExchange& pending : session.pending) pending.is_due = true;
  Duration park = std::min({up.park, state.config.park, kParkMax});
  bool is_due = up.more || park <= Duration{};
  session.pending.push_back({token, state.now + park, is_due});
  if (session.pending.size() > kExchangesOpenMax) {
    answer(state, index, session.pending.front());
    session.pending.erase(session.pending.begin());
  }
  state.touch(index);
}

void answer_touched_sessions(State& state) {
  // Answering stages nothing new, so the list does not grow meanwhile.
  for (std::size_t i = 0; i < state.touched_sessions.size(); ++i) {
    look_ahead_to_answer(state, i);
    SessionIndex index = state.touched_sessions[i];
    if (!state.sessions.is_used(index)) continue;
    state.sessions[index].is_touched = false;
    answer_session(state, index);
  }
  state.touched_sessions.clear();
}

void arm_session(State& state, SessionIndex index) {
  Session& session = state.sessions[index];
  Instant due = session.ends_at;
  // While a call is open the peer is not silent; it is the tracker's turn to speak.
  if (!session.pending.empty()) due = session.pending.front().answer_by;
  if (due >= session.timer_at) return;
  session.timer_at = due;
  state.timers.set({due, TimerKind::kSession, index.value()});
}

void fire_session_timer(State& state, SessionIndex index) {
  if (!state.sessions.is_used(index) || state.sessions[index].timer_at > state.now) return;
  Session& session = state.sessions[index];
  session.timer_at = Instant::never();
  bool is_open = !session.pending.empty();
  if (is_open && session.pending.front().answer_by <= state.now) {
    state.touch(index);
    return;
  }
  if (!is_open && session.ends_at <= state.now) {
    bool is_detached = !session.connection.has_value();
    end_session(state, index, session.has_left ? EndKind::kLeft : EndKind::kLost,
                is_detached ? "its connection was lost and not resumed" : "it fell silent");
    return;
  }
  arm_session(state, index);
}

}  // namespace tyto::tracker
