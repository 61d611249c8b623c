#include "io/loop/host_port.h"

#include <charconv>

#include "base/limits.h"

namespace tyto::io {

std::string HostPort::text() const {
  bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<HostPort> HostPort::parse(std::string_view text) {
  auto bad = [&](std::string_view why) {
    return Error{ErrorCode::kInvalidArgument, "bad address \"" + std::string(text.substr(0, 300)) +
                                                  "\": " + std::string(why) +
                                                  "; expected host:port or [ipv6]:port"};
  };
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("it has no port");
  std::string_view host = text.substr(0, colon);
  std::string_view port_text = text.substr(colon + 1);
  uint16_t port = 0;
  auto [end, failure] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (failure != std::errc() || end != port_text.data() + port_text.size() || port_text.empty()) {
    return bad("the port is not a number from 0 to 65535");
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return bad("brackets hold an IPv6 address");
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address goes into brackets");
  }
  if (host.size() > kHostBytesMax) return bad("the host is too long");
  for (char c : host) {
    if (c <= ' ' || c == '/' || c == '[' || c == ']' || c == 0x7f) {
      return bad("the host has characters no host has");
    }
  }
  return HostPort{host.empty() ? "0.0.0.0" : std::string(host), port};
}

}  // namespace tyto::io
