// What an operator can set of the tracker's decisions.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "tracker/core/explain/explain_config.h"

namespace tyto::tracker {

struct Config {
  // Uploads at once of a host at most, where its peers name no limit themselves. How many of them
  // a host is given adapts to how fast they go.
  uint32_t uploads_per_host = 16;
  uint32_t uploads_per_superpeer = 64;
  // Chunks a reader holds under way or ahead. More hides round trips and evens out the links'
  // loads; less leaves the tracker more choice and makes each transfer faster.
  uint32_t assignments_per_peer = 16;
  // Chunks a superpeer reads from the origin at once.
  uint32_t origin_reads_per_superpeer = 8;
  // Without a byte from a source that holds the chunk whole. Grows with the depth of a copy in
  // flight.
  Duration patience = Duration::milliseconds(800);
  Duration origin_patience = Duration::seconds(10);
  // A lost connection's session may be resumed for this long; then its transfers are given up.
  Duration session_grace = Duration::seconds(3);
  // A peer that has no exchange open for this long is taken for dead.
  Duration silence_max = Duration::seconds(10);
  // An exchange without news is answered after this long (or the peer's own wish, if shorter).
  Duration park = Duration::seconds(20);
  // After a restart, no origin lease before this has passed, so that the fleet can say what it
  // holds.
  Duration recovery = Duration::seconds(2);
  // A source that stalled or was unreachable is left alone until it speaks, or for this long.
  Duration suspicion = Duration::seconds(5);
  // A source that lied to several peers is left alone for this long.
  Duration quarantine = Duration::seconds(600);
  // A name's look-up at the origin that brings no answer is given to another peer.
  Duration resolve_timeout = Duration::seconds(15);
  // Attempts at one chunk by one reader before its open is ended with an error.
  uint32_t attempts_max = 12;
  // Wait after a failed origin read before the chunk is leased again; doubles up to the maximum.
  Duration origin_retry_min = Duration::milliseconds(200);
  Duration origin_retry_max = Duration::seconds(5);
  uint32_t max_peers = 1'000'000;
  uint32_t max_versions = 1'000'000;
  uint64_t seed = 1;
  ExplainConfig explain;
};

}  // namespace tyto::tracker
