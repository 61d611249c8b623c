// Where other trackers knock: what the RPC port does with joinMember().
#pragma once

#include "base/result.h"
#include "io/rpc/rpc_listener.h"
#include "schema/messages/cluster_join.h"
#include "schema/peer_tracker_rpc.capnp.h"

namespace tyto::tracker {

struct JoinAnswer {
  TrackerIntroduced self;
  // What the other one delivers to. Nothing: it is this tracker that connects, and it does so now.
  kj::Maybe<wire::MemberLink::Client> link;
};

// Threads: confined to its loop.
class MemberDoor {
 public:
  virtual ~MemberDoor() = default;
  // Another tracker has come over this connection and takes messages at `link`. Called inside a KJ
  // event.
  // Errors: kConflict: it has this tracker's id; kUnsupported: its version is too far from ours;
  //         kOverloaded: too many members; kUnavailable: this tracker is about to exit.
  virtual Result<JoinAnswer> join(const io::RpcConnectionInfo& from,
                                  const TrackerIntroduced& introduced,
                                  wire::MemberLink::Client link) = 0;
  // The connection has ended.
  virtual void left(io::RpcConnectionId connection) = 0;
};

}  // namespace tyto::tracker
