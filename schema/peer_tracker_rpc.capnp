# The control protocol between a peer and its tracker: the calls. `peer_tracker.capnp` says what
# they mean, how they follow one another, and how the protocol may grow.
#
# Cap'n Proto RPC (two-party) over one TCP connection, which carries one session. The tracker's
# bootstrap capability is a Tracker. Calls of one connection are taken in the order of their
# arrival.

@0x81ad9e798aa06473;

using Cxx = import "/capnp/c++.capnp";
using M = import "peer_tracker.capnp";
using T = import "tracker_tracker.capnp";
using C = import "tracker_tracker_rpc.capnp";
$Cxx.namespace("tyto::wire");

interface Tracker {
  registerPeer @0 (request :M.RegisterRequest) -> (outcome :RegisterOutcome);
  # Starts a session, or resumes the one named. A second registration on one connection ends the
  # first one's session.

  joinMember @1 (introduced :T.TrackerIntroduced, link :C.MemberLink) -> (outcome :C.JoinOutcome);
  # From another tracker of the cluster: begins a link, see `tracker_tracker.capnp`.
}

struct RegisterOutcome {
  union {
    refused @0 :M.Error;
    accepted :group {
      reply @1 :M.RegisterReply;
      session @2 :Session;
      # Good as long as the connection lasts. Dropping it, or losing the connection, leaves the
      # session to be resumed by another registration for a while that the tracker decides.
    }
    moved @3 :M.RegisterMoved;
    # Another tracker is to serve this peer. Only to peers of protocol version 3.
  }
}

interface Session {
  exchange @0 (up :M.ExchangeUp) -> (outcome :ExchangeOutcome);
  # Results, cache events and wishes go up; limits, evictions, answers and assignments come down.

  inventory @1 (page :M.InventoryPage) -> (outcome :InventoryOutcome);
  # One page of what the peer holds. Answered when applied; send the next page then.

  roots @2 (request :M.RootsRequest) -> (outcome :RootsOutcome);
  # Chunk roots that the tracker knows. Not numbered, may be repeated at will.
}

struct ExchangeOutcome {
  union {
    refused @0 :M.Error;
    down @1 :M.ExchangeDown;
  }
}

struct InventoryOutcome {
  union {
    refused @0 :M.Error;
    taken @1 :Void;
  }
}

struct RootsOutcome {
  union {
    refused @0 :M.Error;
    page @1 :M.RootsPage;
  }
}
