#include "io/log/log_settings.h"

#include "io/settings/settings.h"

namespace tyto::io {

void add_log_settings(Settings& table, LogLevel& level, LogFormat& format, std::string& file) {
  table.add_choice(level, {"log.level", "The least that is logged."},
                   {{"debug", LogLevel::kDebug},
                    {"info", LogLevel::kInfo},
                    {"warning", LogLevel::kWarning},
                    {"error", LogLevel::kError},
                    {"off", LogLevel::kOff}});
  table.add_choice(format, {"log.format", "Lines for people, or one JSON object a line."},
                   {{"text", LogFormat::kText}, {"json", LogFormat::kJson}});
  table.add(file, {"log.file",
                   "Where the log is appended to; empty: standard error. SIGHUP opens it "
                   "anew."});
}

}  // namespace tyto::io
