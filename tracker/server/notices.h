// From the core's notices to lines in the log.
#pragma once

#include "io/log/rate_limited.h"
#include "tracker/core/effects.h"

namespace tyto::tracker {

// How loud a notice is. What peers do every day is information; what loses time or trust warns.
io::LogLevel level_of(NoticeKind kind);

// One line for a notice, thinned out by kind and by whom it is about; broken protocol, which
// anybody can claim to be anybody for, by kind alone.
void log_notice(io::RateLimitedLog& log, const Notice& notice);

}  // namespace tyto::tracker
