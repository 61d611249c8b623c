// Where to listen or connect: a host and a TCP port.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tyto::io {

// A host (a DNS name, an IPv4 or an IPv6 address, the latter without brackets) and a port. Port 0
// asks the system for a free one when listening.
struct HostPort {
  std::string host;
  uint16_t port = 0;

  bool operator==(const HostPort&) const = default;
  // "host:port", with IPv6 addresses in brackets.
  std::string text() const;
  // Reads "host:port", "[v6]:port"; ":port" means every address of this machine ("0.0.0.0").
  // Errors: kInvalidArgument, which names the text and what is expected.
  static Result<HostPort> parse(std::string_view text);
};

}  // namespace tyto::io
