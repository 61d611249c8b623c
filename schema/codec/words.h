// Both directions for the words that several messages use.
#pragma once

#include "schema/codec/decoding.h"
#include "schema/messages/commands.h"
#include "schema/messages/common.h"
#include "schema/messages/events.h"
#include "schema/messages/exchange.h"
#include "schema/messages/reason.h"
#include "schema/peer_tracker.capnp.h"

namespace tyto::codec {

// Plain to wire.
inline capnp::Data::Reader wire_data(const Digest& digest) {
  return capnp::Data::Reader(digest.bytes.data(), digest.bytes.size());
}
inline capnp::Data::Reader wire_data(const VersionId& id) {
  return wire_data(id.digest);
}
inline capnp::Text::Reader wire_text(const std::string& text) {
  return capnp::Text::Reader(text.c_str(), text.size());
}
capnp::Data::Reader wire_data(const std::vector<Digest>& digests);
// Text for people, cut to `bytes_max` and made printable.
std::string for_people(const std::string& text, std::size_t bytes_max);
// A span in nanoseconds, brought into [0, max].
uint64_t wire_ns(Duration span, Duration max = kSpanMax);

void write(const Error& error, wire::Error::Builder out);
void write(const Endpoint& endpoint, wire::Endpoint::Builder out);
void write(const Source& source, wire::Source::Builder out);
void write(const Ticket& ticket, wire::Ticket::Builder out);
void write(const AssignmentId& id, wire::AssignmentId::Builder out);
void write(const OriginPin& pin, wire::OriginPin::Builder out);
void write(const VersionFacts& facts, wire::VersionFacts::Builder out);
void write(const Reason& reason, wire::Reason::Builder out);
void write(const SetLimits& limits, wire::SetLimits::Builder out);
void write(const TrackerList& trackers, capnp::List<wire::TrackerListed>::Builder out);
inline unsigned size_of(const TrackerList& trackers) {
  return static_cast<unsigned>(trackers.size());
}

// A run of chunks of a version: the part that evictions and drops have in common.
struct Run {
  VersionId version;
  uint32_t first = 0;
  uint32_t count = 0;
};
void write(const Run& run, wire::ChunkRun::Builder out);

// Wire to plain. Each reports faults below the place where `in` stands.
enum class EndpointRule {
  kMayBeEmpty,   // host empty, or port 0, or both
  kMustBeWhole,  // both given
};
Error read(Decoding& in, wire::Error::Reader from);
Endpoint read(Decoding& in, wire::Endpoint::Reader from, EndpointRule rule);
Source read(Decoding& in, wire::Source::Reader from);
Ticket read(Decoding& in, wire::Ticket::Reader from);
AssignmentId read(wire::AssignmentId::Reader from);
OriginPin read(Decoding& in, wire::OriginPin::Reader from);
VersionFacts read(Decoding& in, wire::VersionFacts::Reader from);
Reason read(wire::Reason::Reader from);
SetLimits read(wire::SetLimits::Reader from);
// Null for an empty list.
TrackerListRef read_trackers(Decoding& in, capnp::List<wire::TrackerListed>::Reader from);
// One of these trackers.
MemberId read_home(Decoding& in, uint64_t home, const TrackerListRef& trackers);
Run read(Decoding& in, wire::ChunkRun::Reader from);
Chunking read_chunking(Decoding& in, uint64_t object_bytes, uint32_t chunk_bytes);
FailureKind read(wire::FailureKind from);
std::string read_bucket_name(Decoding& in, const char* field, capnp::Text::Reader from);
std::string read_key(Decoding& in, const char* field, capnp::Text::Reader from);
// An absolute URL of a scheme that origins may have, or empty.
std::string read_url(Decoding& in, const char* field, capnp::Text::Reader from);

}  // namespace tyto::codec
