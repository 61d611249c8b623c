// What TCP makes of a connection, beyond its share of the links.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "sim/models/topology.h"

namespace tyto::sim {

inline constexpr uint64_t kSegmentBytes = 1460;  // a packet's payload on an Ethernet

struct TcpSpec {
  bool has_slow_start = false;
  uint64_t initial_window_bytes = 10 * kSegmentBytes;  // RFC 6928
};

// What one connection that loses so many packets of a million moves at most, in bytes/s:
// MSS / RTT * sqrt(3/2) / sqrt(p) (Mathis, Semke, Mahdavi and Ott 1997). kUncapped if nothing is
// lost, or if a round trip takes no time. Why this and not a share of the rate that is lost: a loss
// costs a sender half of its window, not a packet, and so costs the more the longer the way.
uint64_t rate_by_loss(uint32_t loss_ppm, Duration round_trip);

// What a window moves, in bytes/s, at least 1; kUncapped if a round trip takes no time.
uint64_t rate_by_window(uint64_t window_bytes, Duration round_trip);

// Windows of connections that were used and are kept, by who reads from whom. A new one begins with
// the initial window. One that is idle loses half of its own for each time-out that passes, down
// to the initial one (RFC 2861), and is then no better than a new one.
//
// Purity: pure.
// Bounds: kIdleMax connections for each pair, and those of a reader that were used within a few
//         time-outs.
class IdleConnections {
 public:
  static constexpr std::size_t kIdleMax = 4;
  struct Ends {
    HostId reader;
    HostId source;
    auto operator<=>(const Ends&) const = default;
  };

  IdleConnections(const TcpSpec& spec, Duration round_trip);

  // The window of the connection that the next transfer takes: the one that was used last.
  uint64_t take(Instant now, const Ends& ends);
  // A transfer has come to its end, and its connection is free.
  void give_back(Instant now, const Ends& ends, uint64_t window_bytes);
  // All connections to and from a host are gone.
  void forget(HostId host);
  std::size_t size() const;

 private:
  struct Idle {
    uint64_t window_bytes = 0;
    Instant since;
  };
  uint64_t window_of(const Idle& idle, Instant now) const;

  uint64_t initial_bytes_;
  Duration time_out_;
  std::map<Ends, std::vector<Idle>> idle_;  // the one used last is last
};

}  // namespace tyto::sim
