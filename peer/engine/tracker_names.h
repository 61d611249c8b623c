// How a peer is told where trackers are, and finding them by that.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/loop/host_port.h"
#include "schema/messages/home.h"

namespace tyto::peer {

// A host and a port, where the host may be a name that stands for several; or a name of a service,
// whose SRV records (RFC 2782) name hosts and ports.
struct TrackerName {
  enum class Kind : uint8_t { kHost, kService };
  Kind kind = Kind::kHost;
  io::HostPort host;    // kHost
  std::string service;  // kService: the name that is looked up, "_tyto._tcp.example.net"
  std::string text() const;
};

// Reads "host:port", "[v6]:port", or "srv:NAME", where NAME stands for _tyto._tcp.NAME unless it
// begins with '_'; several separated by commas.
// Errors: kInvalidArgument, which names the text and what is expected.
Result<std::vector<TrackerName>> parse_tracker_names(std::string_view text);

// Where a look-up of services asks; empty: as the system is configured.
struct NameServer {
  std::string address;  // IPv4
  uint16_t port = 0;
};

// Looks every name up, and lists what they stand for, each address once, in the order of the names;
// of a service by priority. Blocks, for as long as the system's resolver does.
// Errors: kNotFound or kUnavailable, if nothing was found: each name, and why.
Result<TrackerListRef> find_trackers(const std::vector<TrackerName>& names,
                                     const NameServer& server = {});

// The hosts in an answer to a look-up of SRV records, those to be asked first first.
// Errors: kCorrupt, if it can't be read.
Result<std::vector<io::HostPort>> read_srv_answer(std::span<const std::byte> answer);

}  // namespace tyto::peer
