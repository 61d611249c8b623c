// The exchange: events up, commands down, at most two calls open at a time.
//
// One exchange is always open, parked at the tracker so that it can speak at any time. When events
// are due, a second one brings them; the tracker then answers the first and parks the second.
#pragma once

#include "peer/core/core_state.h"

namespace tyto::peer {

enum class Urgency : uint8_t {
  kSoon,  // within Policy::report_within, together with others
  kNow,   // at the end of this turn
};

// Tells the tracker. With no session to tell it in, the event is forgotten: a new session starts
// with all there is to say. At kUnheardEventsMax the session is given up and started anew.
void report(Turn& turn, Event event, Urgency urgency);
// The same as kSoon, and within `at_most`.
void report(Turn& turn, Event event, Duration at_most);

void on_exchange_answered(Turn& turn, ExchangeDown down);
// The tracker took nothing of it: all is said again, after `retry_after` and a random part of half
// as much again.
void on_exchange_refused(Turn& turn, Duration retry_after);

// Sends what is due: to be called at the end of each turn.
void flush(Turn& turn);

// When flush() would send something by itself.
Instant exchange_deadline(const CoreState& state);

}  // namespace tyto::peer
