// The registration's two messages.
#include "base/assert.h"
#include "base/names.h"
#include "schema/codec/codec.h"
#include "schema/codec/words.h"

namespace tyto {

static_assert(wire::PROTOCOL_VERSION == kProtocolVersion);

namespace codec {
namespace {

// The largest of these messages: 64 superpeers and 128 trackers with hosts of 253 bytes, and small
// change.
constexpr std::size_t kRegistrationBytesMax = 96 * kKiB;

uint32_t read_version(Decoding& in, uint32_t version) {
  if (version == 0) {
    in.refuse("protocolVersion", "a version from 1", "0", ErrorCode::kUnsupported);
  }
  return version;
}

PeerId read_peer(Decoding& in, uint64_t peer) {
  if (peer == 0) in.refuse("peer", "a peer's id", "0");
  return PeerId(peer);
}

Location read_location(Decoding& in, capnp::Text::Reader from) {
  Result<Location> location = Location::parse(in.bounded("location", from, kLocationBytesMax));
  if (location) return *location;
  in.refuse("location",
            "region/zone/rack/host, each at most 63 of A-Z a-z 0-9 . _ -, the host not empty",
            "'" + printable(std::string_view(from.begin(), from.size()), 80) + "'");
  return {};
}

RegisterRequest read_request(Decoding& in, wire::RegisterRequest::Reader from) {
  RegisterRequest request;
  request.protocol_version = read_version(in, from.getProtocolVersion());
  request.peer = read_peer(in, from.getPeer());
  request.role = instructing(in, "role", from.getRole(), Role::kSuperpeer);
  request.name = in.for_people("name", from.getName(), kPeerNameBytesMax);
  request.location = read_location(in, from.getLocation());
  request.store_bytes = from.getStoreBytes();
  request.upload_bytes_per_s = from.getUploadBytesPerS();
  request.download_bytes_per_s = from.getDownloadBytesPerS();
  request.uploads_max = from.getUploadsMax();
  request.credentials = in.bounded("credentials", from.getCredentials(), kCredentialsBytesMax);
  request.resume_session = SessionId(from.getResumeSession());
  request.resume_epoch = TrackerEpoch(from.getResumeEpoch());
  request.has_inventory = from.getHasInventory();
  request.moves = from.getMoves();
  request.memory_bytes = from.getMemoryBytes();
  auto avoids = from.getAvoids();
  if (in.fits("avoids", avoids.size(), kTrackersAvoidedMax)) {
    for (uint64_t id : avoids) request.avoids.push_back(MemberId(id));
  }
  Decoding::Inside inside(in, "dataAddress");
  request.data_address = read(in, from.getDataAddress(), EndpointRule::kMayBeEmpty);
  return request;
}

SuperpeerListed read_superpeer(Decoding& in, wire::SuperpeerListed::Reader from, uint32_t index) {
  Decoding::Inside inside(in, "superpeers", index);
  SuperpeerListed superpeer;
  superpeer.peer = read_peer(in, from.getPeer());
  Decoding::Inside address(in, "address");
  superpeer.address = read(in, from.getAddress(), EndpointRule::kMustBeWhole);
  return superpeer;
}

RegisterReply read_reply(Decoding& in, wire::RegisterReply::Reader from) {
  RegisterReply reply;
  reply.protocol_version = read_version(in, from.getProtocolVersion());
  reply.session = SessionId(from.getSession());
  reply.epoch = TrackerEpoch(from.getEpoch());
  reply.resumed = from.getResumed();
  auto superpeers = from.getSuperpeers();
  if (in.fits("superpeers", superpeers.size(), kSuperpeersListedMax)) {
    for (uint32_t i = 0; i < superpeers.size() && in.ok(); ++i) {
      reply.superpeers.push_back(read_superpeer(in, superpeers[i], i));
    }
  }
  reply.limits = read(from.getLimits());
  {
    Decoding::Inside inside(in, "ticket");
    reply.ticket = read(in, from.getTicket());
  }
  reply.tracker = MemberId(from.getTracker());
  reply.trackers = read_trackers(in, from.getTrackers());
  Decoding::Inside inside(in, "dataAddress");
  reply.data_address = read(in, from.getDataAddress(), EndpointRule::kMayBeEmpty);
  return reply;
}

RegisterMoved read_moved(Decoding& in, wire::RegisterMoved::Reader from) {
  RegisterMoved moved;
  moved.from = MemberId(from.getFrom());
  if (moved.from == MemberId()) in.refuse("from", "a tracker's id", "0");
  moved.is_passed_on = from.getPassedOn();
  moved.trackers = read_trackers(in, from.getTrackers());
  moved.home = read_home(in, from.getHome(), moved.trackers);
  return moved;
}

}  // namespace
}  // namespace codec

void encode(const RegisterRequest& request, wire::RegisterRequest::Builder out) {
  out.setProtocolVersion(request.protocol_version);
  out.setPeer(request.peer.value());
  out.setRole(static_cast<wire::Role>(request.role));
  out.setName(codec::wire_text(codec::for_people(request.name, kPeerNameBytesMax)));
  out.setLocation(codec::wire_text(request.location.text()));
  codec::write(request.data_address, out.initDataAddress());
  out.setStoreBytes(request.store_bytes);
  out.setUploadBytesPerS(request.upload_bytes_per_s);
  out.setDownloadBytesPerS(request.download_bytes_per_s);
  out.setUploadsMax(request.uploads_max);
  out.setCredentials(capnp::Data::Reader(
      reinterpret_cast<const uint8_t*>(request.credentials.data()), request.credentials.size()));
  out.setResumeSession(request.resume_session.value());
  out.setResumeEpoch(request.resume_epoch.value());
  out.setHasInventory(request.has_inventory);
  out.setMoves(request.moves);
  out.setMemoryBytes(request.memory_bytes);
  if (request.avoids.empty()) return;
  auto avoids = out.initAvoids(static_cast<unsigned>(request.avoids.size()));
  for (unsigned i = 0; i < request.avoids.size(); ++i) avoids.set(i, request.avoids[i].value());
}

void encode(const RegisterReply& reply, wire::RegisterReply::Builder out) {
  out.setProtocolVersion(reply.protocol_version);
  out.setSession(reply.session.value());
  out.setEpoch(reply.epoch.value());
  out.setResumed(reply.resumed);
  auto superpeers = out.initSuperpeers(static_cast<unsigned>(reply.superpeers.size()));
  for (unsigned i = 0; i < reply.superpeers.size(); ++i) {
    superpeers[i].setPeer(reply.superpeers[i].peer.value());
    codec::write(reply.superpeers[i].address, superpeers[i].initAddress());
  }
  codec::write(reply.limits, out.initLimits());
  codec::write(reply.ticket, out.initTicket());
  codec::write(reply.data_address, out.initDataAddress());
  out.setTracker(reply.tracker.value());
  if (reply.trackers != nullptr && !reply.trackers->empty())
    codec::write(*reply.trackers, out.initTrackers(codec::size_of(*reply.trackers)));
}

void encode(const RegisterMoved& moved, wire::RegisterMoved::Builder out) {
  TYTO_ASSERT(moved.trackers != nullptr);
  out.setFrom(moved.from.value());
  out.setHome(moved.home.value());
  out.setPassedOn(moved.is_passed_on);
  codec::write(*moved.trackers, out.initTrackers(codec::size_of(*moved.trackers)));
}

Result<RegisterRequest> decode(wire::RegisterRequest::Reader in) {
  return codec::decode_message<RegisterRequest>(
      "RegisterRequest", in, codec::kRegistrationBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_request(decoding, in); });
}

Result<RegisterReply> decode(wire::RegisterReply::Reader in) {
  return codec::decode_message<RegisterReply>(
      "RegisterReply", in, codec::kRegistrationBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_reply(decoding, in); });
}

Result<RegisterMoved> decode(wire::RegisterMoved::Reader in) {
  return codec::decode_message<RegisterMoved>(
      "RegisterMoved", in, codec::kRegistrationBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_moved(decoding, in); });
}

}  // namespace tyto
