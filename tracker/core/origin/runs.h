// Chunks that follow on one another and are read at the origin by one request (origin.run).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "tracker/core/state.h"

namespace tyto::tracker {

// A read of the origin that is about to be ordered.
struct RunAsked {
  ReaderIndex reader = kNoReader;  // for whom; kNoReader: for others, by a directory's leave
  PeerIndex holder = kNoPeer;      // who reads
  uint32_t chunk = 0;
  Choice why = Choice::kNone;
};
// The chunks after `chunk` that are to be read by the same request: the reader wants them, nobody
// else has or gets them, and the holder has room. Their bytes are reserved. At most the policy's
// run; none for a peer that speaks no protocol with runs.
std::vector<uint32_t> reserve_run(State& state, const RunAsked& asked);
// The chunks after `chunk` of which this tracker has its directory's leases as well, to be read by
// the same request: in vain so far, and with room at the holder. Their bytes are reserved.
// `may_send` says whether the holder may be sent for this reader, or for no reader at all.
std::vector<uint32_t> reserve_granted_run(State& state, VersionIndex version, const RunAsked& asked,
                                          const std::function<bool(ReaderIndex)>& may_send);
// Whether a chunk is read at the origin for its reader alone, whoever else has it.
bool is_for_itself(Choice why);
// Whether a superpeer may be sent for one more run of this version's bucket, a whole one: if it
// were sent for each chunk that has room, runs would be of one chunk.
bool has_room_for_run(const State& state, PeerIndex superpeer, VersionIndex version);

}  // namespace tyto::tracker
