// Tells whoever started the tracker where it listens.
#pragma once

#include <string>

#include "base/result.h"
#include "io/loop/host_port.h"

namespace tyto::tracker {

// Writes {"rpc": "host:port", "http": "host:port", "pid": n} to `path`, so that a reader sees all
// of it or no file.
Result<void> write_ready_file(const std::string& path, const io::HostPort& rpc,
                              const io::HostPort& http);

}  // namespace tyto::tracker
