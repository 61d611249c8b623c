// The settings that every program with a log has.
#pragma once

#include <string>

#include "io/log/log.h"

namespace tyto::io {

class Settings;

// Adds log.level, log.format and log.file to the table, bound to these variables.
// Ownership: borrows them.
void add_log_settings(Settings& table, LogLevel& level, LogFormat& format, std::string& file);

}  // namespace tyto::io
