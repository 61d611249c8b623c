// What of the cores' effects goes into the event hash: every integer and id, no text meant for
// people.
#pragma once

#include "peer/core/effects.h"
#include "sim/engine/event_hash.h"
#include "tracker/core/effects.h"

namespace tyto::sim {

void add_to(EventHash& hash, const Event& event);
void add_to(EventHash& hash, const Command& command);
void add_to(EventHash& hash, const peer::Effect& effect);
void add_to(EventHash& hash, const tracker::Effect& effect);

}  // namespace tyto::sim
