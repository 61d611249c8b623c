#include "peer/core/exchange.h"

#include <algorithm>

#include "peer/core/commands.h"
#include "peer/core/leave.h"
#include "peer/core/opens.h"
#include "peer/core/session.h"
#include "peer/core/trackers.h"
#include "schema/messages/wire_size.h"

namespace tyto::peer {
namespace {

// Takes the next events that fit into one exchange; at least one if there is any.
std::vector<Event> take_events(Session& session) {
  std::size_t budget = kExchangeBytesMax - kExchangeOverheadBytes;
  bool is_first = true;
  return session.events.take_unsent(kEventsPerExchangeMax, [&](const Event& event) {
    std::size_t bytes = wire_bytes_estimate(event);
    if (bytes > budget && !is_first) return false;
    budget -= std::min(bytes, budget);
    is_first = false;
    return true;
  });
}

// Less where another tracker can be asked instead.
Duration answer_within(const CoreState& state) {
  const Policy& policy = state.policy;
  return has_another_tracker(state.trackers) ? std::min(policy.answer_within, policy.move_within)
                                             : policy.answer_within;
}

void send_exchange(Turn& turn) {
  Session& session = turn.state.session;
  const Policy& policy = turn.state.policy;
  ExchangeUp up;
  if (session.events.has_unsent()) up.first_event = session.events.first_unsent();
  up.events = take_events(session);
  up.more = session.events.has_unsent();
  up.commands_applied = session.commands.applied();
  bool is_pressing = up.more || session.ask_again;
  up.park = is_pressing ? Duration() : std::min(policy.park, kParkMax);
  session.ask_again = false;
  session.report_at = up.more ? turn.now : Instant::never();
  session.heard = turn.now;
  Instant due = turn.now + answer_within(turn.state);
  if (session.exchanges_open == 0)
    session.until = due + up.park;
  else
    session.until = std::min(session.until, due);  // the second releases the first
  ++session.exchanges_open;
  turn.emit(SendExchange{std::move(up)});
}

// A tracker that refused something a moment ago is not asked whether it lives: what it may answer
// would go into answers to that.
constexpr int64_t kProbePauses = 4;

bool may_probe(const CoreState& state) {
  return state.session.exchanges_open == 1 && anyone_waits(state);
}

Instant probe_at(const CoreState& state) {
  return std::max(state.session.heard + state.policy.probe_after, state.session.probe_from);
}

// Applies the commands in their order; false if the tracker has broken the protocol.
bool apply_commands(Turn& turn, ExchangeDown& down) {
  Session& session = turn.state.session;
  uint64_t number = down.first_command.value();
  for (Command& command : down.commands) {
    switch (session.commands.accept(Sequence(number++))) {
      case NumberedInbox::Verdict::kRepeat: continue;
      case NumberedInbox::Verdict::kGap:
        break_session(turn, "command " + std::to_string(number - 1) + " came after command " +
                                std::to_string(session.commands.applied().value()));
        return false;
      case NumberedInbox::Verdict::kNew: break;
    }
    apply_command(turn, std::move(command));
    if (session.phase != SessionPhase::kExchanging) return false;
  }
  return true;
}

}  // namespace

namespace {

// Results wait longer for company while enough else is under way to keep the links busy.
Duration report_within(const CoreState& state) {
  bool is_busy = state.transfers.size() >= state.policy.transfers_plenty;
  return is_busy ? state.policy.report_within_busy : state.policy.report_within;
}

// An exchange has been answered or refused: there is one less. False if there was none.
bool note_heard(Turn& turn) {
  Session& session = turn.state.session;
  if (session.phase != SessionPhase::kExchanging || session.exchanges_open == 0) return false;
  --session.exchanges_open;
  session.heard = turn.now;
  const Policy& policy = turn.state.policy;
  session.until = session.exchanges_open == 0
                      ? Instant::never()
                      : turn.now + std::min(policy.park, kParkMax) + policy.answer_within;
  return true;
}

}  // namespace

void report(Turn& turn, Event event, Duration at_most) {
  Session& session = turn.state.session;
  if (!session.can_resume) return;
  if (session.events.unacknowledged() >= kUnheardEventsMax) {
    break_session(turn, std::to_string(kUnheardEventsMax) + " events were not acknowledged");
    return;
  }
  session.events.push(std::move(event));
  Instant due = turn.now + std::min(at_most, report_within(turn.state));
  session.report_at = std::min(session.report_at, due);
}

void report(Turn& turn, Event event, Urgency urgency) {
  report(turn, std::move(event), urgency == Urgency::kNow ? Duration() : Duration::forever());
}

void on_exchange_answered(Turn& turn, ExchangeDown down) {
  if (!note_heard(turn)) return;
  Session& session = turn.state.session;
  if (!session.events.acknowledge(down.events_applied)) {
    return break_session(turn, "event " + std::to_string(down.events_applied.value()) +
                                   " was acknowledged but never sent");
  }
  session.events_acknowledged = std::max(session.events_acknowledged, down.events_applied.value());
  if (down.commands.size() > kCommandsPerExchangeMax) {
    return break_session(turn, std::to_string(down.commands.size()) + " commands came at once");
  }
  session.ask_again = down.more && !down.commands.empty();
  if (!apply_commands(turn, down)) return;
  session.failures = 0;
  note_acknowledged(turn);
}

// The events are as good as not sent. The other exchange, if there is one, stays parked. A refused
// probe holds back probes, and nothing else: what there is to say may be worth more to the tracker.
void on_exchange_refused(Turn& turn, Duration retry_after) {
  if (!note_heard(turn)) return;
  Session& session = turn.state.session;
  session.events.rewind();
  const Duration wait =
      std::max(with_jitter(turn.state, retry_after), turn.state.policy.reconnect_min);
  session.probe_from = turn.now + std::max(turn.state.policy.probe_after * kProbePauses, wait);
  const bool was_probe = session.exchanges_open > 0 && !session.events.has_unsent();
  if (was_probe) return;
  session.hold = std::max(session.hold, turn.now + wait);
  session.report_at = session.events.has_unsent() ? session.hold : Instant::never();
}

void flush(Turn& turn) {
  Session& session = turn.state.session;
  if (session.hold > turn.now) return;
  while (session.phase == SessionPhase::kExchanging && session.exchanges_open < kExchangesOpenMax) {
    bool has_news = session.events.has_unsent() && session.report_at <= turn.now;
    bool is_due = session.exchanges_open == 0 || has_news || session.ask_again ||
                  (may_probe(turn.state) && probe_at(turn.state) <= turn.now);
    if (!is_due) return;
    send_exchange(turn);
  }
}

Instant exchange_deadline(const CoreState& state) {
  const Session& session = state.session;
  if (session.phase != SessionPhase::kExchanging || session.exchanges_open >= kExchangesOpenMax) {
    return Instant::never();
  }
  Instant at = session.events.has_unsent() ? session.report_at : Instant::never();
  if (may_probe(state)) at = std::min(at, probe_at(state));
  if (session.exchanges_open == 0 || session.ask_again) at = std::min(at, session.hold);
  return std::max(at, session.hold);
}

}  // namespace tyto::peer
