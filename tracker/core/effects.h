// What a tracker core wants done. Plain values; the shell carries them out in their order.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "schema/messages/exchange.h"
#include "tracker/core/inputs.h"

namespace tyto::tracker {

struct RegisterAnswered {
  ConnectionId connection;
  RegisterReply reply;
};
struct RegisterRefused {
  ConnectionId connection;
  Error error;
};
// Another tracker is to serve the peer.
struct RegisterMovedOn {
  ConnectionId connection;
  RegisterMoved moved;
};
struct ExchangeAnswered {
  SessionId session;
  ExchangeToken token;
  ExchangeDown down;
};
// The exchange can't be answered: the session is unknown or was ended (kNotFound: register
// again), or the peer broke the protocol (kInvalidArgument).
struct ExchangeRefused {
  ExchangeToken token;
  Error error;
};

// To be written to the catalog, in the background.
struct VersionResolved {
  VersionFactsRef facts;
};
struct RootLearned {
  ChunkId chunk;
  Digest root;
};

// Something an operator should be able to read: for the log, in a structured form.
enum class NoticeKind : uint8_t {
  kPeerRegistered,
  kPeerResumed,
  kPeerLost,  // its session ended without a Leaving
  kPeerLeft,
  kSourceCorrupt,  // names the peer that sent bytes that do not match
  kSourceStalled,
  kSourceQuarantined,
  kRootConflict,  // an origin read does not match the known root
  kOriginChanged,
  kOriginFailed,
  kStoreFull,
  kProtocolBroken,    // a peer's message made no sense
  kVersionUnknown,    // inventory of a version the catalog has never heard of
  kLeaseLost,         // a holder of a lease made no progress
  kMemberIncoherent,  // another tracker's message made no sense
};
std::string_view notice_kind_name(NoticeKind kind);

struct Notice {
  NoticeKind kind = NoticeKind::kPeerRegistered;
  PeerId peer;          // whom it is about, or zero
  PeerId reporter;      // who said so, or zero
  std::string subject;  // bucket/key, a version, a location: as fits
  uint32_t chunk = 0;
  std::string detail;
};

// For another tracker whose link is up; lost if it is not any more.
struct SendToMember {
  MemberId to;
  std::vector<ClusterMessage> messages;
};

using Effect = std::variant<RegisterAnswered, RegisterRefused, ExchangeAnswered, ExchangeRefused,
                            VersionResolved, RootLearned, Notice, SendToMember, RegisterMovedOn>;
using Effects = std::vector<Effect>;

}  // namespace tyto::tracker
