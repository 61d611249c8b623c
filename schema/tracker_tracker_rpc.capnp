# What trackers of one cluster say to one another: the calls. `tracker_tracker.capnp` says what they
# mean. They come over the port that peers register at: `Tracker.joinMember` begins a link.

@0xb1f09b4c0a6de37b;

using Cxx = import "/capnp/c++.capnp";
using P = import "peer_tracker.capnp";
using M = import "tracker_tracker.capnp";
$Cxx.namespace("tyto::wire");

interface MemberLink {
  # Where one tracker takes what another one has to say. Good as long as the connection lasts.

  deliver @0 (batch :M.ClusterBatch) -> (outcome :DeliverOutcome);
  # Answered when the batch has been taken, which is not when it has been acted upon.
}

struct DeliverOutcome {
  union {
    taken @0 :Void;
    refused @1 :P.Error;
    # The link is of no use any more.
  }
}

struct JoinOutcome {
  union {
    refused @0 :P.Error;
    # `conflict`: both have one id; `unsupported`: their versions are too far apart; `overloaded`: too
    # many members; `unavailable`: it is shutting down.
    accepted :group {
      introduced @1 :M.TrackerIntroduced;
      link @2 :MemberLink;
    }
    awaited @3 :M.TrackerIntroduced;
    # No link: it is the one that answers that connects, at once; or a tracker has called itself, which
    # it knows by the id and the run.
  }
}
