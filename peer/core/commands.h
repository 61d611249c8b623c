// What the tracker orders. Orders that make no sense are answered or ignored, never fatal.
#pragma once

#include "peer/core/core_state.h"

namespace tyto::peer {

void apply_command(Turn& turn, Command command);

// A name was looked up at its origin, as the tracker asked.
void on_resolve_done(Turn& turn, ResolveDone done);

}  // namespace tyto::peer
