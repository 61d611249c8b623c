// What trackers say to one another: plain to wire.
#include <algorithm>

#include "schema/codec/cluster_codec.h"
#include "schema/codec/words.h"

namespace tyto {
namespace codec {
namespace {

using Slot = wire::ClusterMessage::Builder;

struct Named {
  const VersionId& version;
  uint32_t chunk = 0;
};
void write(const Named& named, wire::ChunkNamed::Builder out) {
  out.setVersion(wire_data(named.version));
  out.setChunk(named.chunk);
}

// Words up to the last that is not zero.
std::size_t words_used(const Bitmap& bits) {
  const std::vector<uint64_t>& words = bits.words();
  auto is_set = [](uint64_t word) { return word != 0; };
  return static_cast<std::size_t>(std::find_if(words.rbegin(), words.rend(), is_set).base() -
                                  words.begin());
}
kj::ArrayPtr<const uint64_t> wire_words(const Bitmap& bits) {
  return kj::arrayPtr(bits.words().data(), words_used(bits));
}

void put(const VersionDescribed& message, Slot slot) {
  codec::write(message.facts, slot.initVersionDescribed());
}
void put(const StatusTold& message, Slot slot) {
  auto out = slot.initStatusTold();
  out.setPeers(message.peers);
  out.setSuperpeers(message.superpeers);
  out.setOriginReadsFree(message.origin_reads_free);
  out.setSuperpeersWithMemory(message.superpeers_with_memory);
}
void put(const CopiesAnnounced& message, Slot slot) {
  auto out = slot.initCopiesAnnounced();
  out.setVersion(wire_data(message.version));
  out.setFirst(message.first);
  out.setCount(message.held.size());
  out.setHeld(wire_words(message.held));
  out.setHasGone(message.gone.size() != 0);
  if (message.gone.size() != 0) out.setGone(wire_words(message.gone));
}
void put(const CopiesSynced& message, Slot slot) {
  slot.setCopiesSynced(message.members);
}
void put(const ChunkWanted& message, Slot slot) {
  auto out = slot.initChunkWanted();
  out.setWant(message.want.value());
  write(Named{message.version, message.chunk}, out.initChunk());
  out.setReader(wire_text(message.reader.text()));
  out.setPriority(static_cast<wire::Priority>(message.priority));
  out.setCanReadOrigin(message.can_read_origin);
  out.setIsPastSuperpeers(message.is_past_superpeers);
  out.setIsAtOrigin(message.is_at_origin);
}
void put(const WantWithdrawn& message, Slot slot) {
  slot.setWantWithdrawn(message.want.value());
}
void put(const LeaseFailed& message, Slot slot) {
  auto out = slot.initLeaseFailed();
  write(Named{message.version, message.chunk}, out.initChunk());
  out.setKind(static_cast<wire::FailureKind>(message.kind));
  out.setDetail(wire_text(for_people(message.detail, kErrorMessageBytesMax)));
}
void put(const LeaseProgressed& message, Slot slot) {
  write(Named{message.version, message.chunk}, slot.initLeaseProgressed());
}
void put(const LastCopyAsked& message, Slot slot) {
  write(Named{message.version, message.chunk}, slot.initLastCopyAsked());
}
void put(const ServeAsked& message, Slot slot) {
  auto out = slot.initServeAsked();
  out.setAsker(message.asker.value());
  out.setWant(message.want.value());
  write(Named{message.version, message.chunk}, out.initChunk());
  out.setReader(wire_text(message.reader.text()));
  out.setPriority(static_cast<wire::Priority>(message.priority));
  out.setIsPastSuperpeers(message.is_past_superpeers);
}
void put(const LeaseGranted& message, Slot slot) {
  auto out = slot.initLeaseGranted();
  write(Named{message.version, message.chunk}, out.initChunk());
  out.setWant(message.want.value());
  out.setIsAnew(message.is_anew);
}
void put(const WantPostponed& message, Slot slot) {
  auto out = slot.initWantPostponed();
  out.setWant(message.want.value());
  out.setAfterNs(wire_ns(message.after));
  codec::write(message.why, out.initWhy());
}
void put(const LastCopyAnswered& message, Slot slot) {
  auto out = slot.initLastCopyAnswered();
  write(Named{message.version, message.chunk}, out.initChunk());
  out.setMayGo(message.may_go);
}
void put(const ServeRefused& message, Slot slot) {
  auto out = slot.initServeRefused();
  out.setAsker(message.asker.value());
  out.setWant(message.want.value());
  write(Named{message.version, message.chunk}, out.initChunk());
  out.setHasNone(message.has_none);
  out.setIsForbidden(message.is_forbidden);
}
void put(const ChunkOffered& message, Slot slot) {
  auto out = slot.initChunkOffered();
  out.setWant(message.want.value());
  out.setOffer(message.offer.value());
  write(Named{message.version, message.chunk}, out.initChunk());
  codec::write(message.source, out.initSource());
  out.setSourceLocation(wire_text(message.source_location.text()));
  if (message.root) out.setRoot(wire_data(*message.root));
  auto path = out.initPath(static_cast<unsigned>(message.path.size()));
  for (unsigned i = 0; i < message.path.size(); ++i) path.set(i, message.path[i].value());
  out.setTermNs(wire_ns(message.term));
}
void put(const OfferProgressed& message, Slot slot) {
  slot.setOfferProgressed(message.offer.value());
}
void put(const OfferEnded& message, Slot slot) {
  auto out = slot.initOfferEnded();
  out.setOffer(message.offer.value());
  out.setDelivered(message.is_delivered);
  out.setKind(static_cast<wire::FailureKind>(message.kind));
}
void put(const NameAsked& message, Slot slot) {
  auto out = slot.initNameAsked();
  out.setLookup(message.lookup.value());
  out.setBucket(wire_text(message.bucket));
  out.setKey(wire_text(message.key));
  if (message.gone) out.setGone(wire_data(message.gone->digest));
}
void put(const NameAnswered& message, Slot slot) {
  auto out = slot.initNameAnswered();
  out.setLookup(message.lookup.value());
  if (message.facts) {
    codec::write(*message.facts, out.getOutcome().initFacts());
  } else {
    codec::write(message.error, out.getOutcome().initError());
  }
}

void put(const PeerMoved& message, Slot slot) {
  auto out = slot.initPeerMoved();
  out.setPeer(message.peer.value());
  out.setSession(message.session.value());
}

void put(const PeersCame& message, Slot slot) {
  auto out = slot.initPeersCame();
  out.setFrom(message.from.value());
  out.setPeers(message.peers);
}

void put(const PermitWanted& message, Slot slot) {
  auto out = slot.initPermitWanted();
  out.setPermit(message.permit.value());
  out.setVersion(wire_data(message.version));
  out.setBytes(message.bytes);
  out.setIsInUse(message.is_in_use);
}
void put(const PermitGranted& message, Slot slot) {
  slot.setPermitGranted(message.permit.value());
}
void put(const PermitEnded& message, Slot slot) {
  slot.setPermitEnded(message.permit.value());
}

// Sizes: what grows, and for the rest more than the largest of the others takes.
constexpr std::size_t kFixedBytes = 256;
std::size_t size_of(const VersionFacts& facts) {
  return kFixedBytes + facts.bucket_name.size() + facts.key.size() + facts.origin.url.size() +
         facts.origin.etag.size();
}
std::size_t size_of(const Location& location) {
  return location.region.size() + location.zone.size() + location.rack.size() +
         location.host.size() + 16;
}
std::size_t size_of(const Error& error) {
  return std::min(error.message.size(), kErrorMessageBytesMax) + 48;
}

std::size_t more_of(const VersionDescribed& message) {
  return size_of(message.facts);
}
std::size_t more_of(const CopiesAnnounced& message) {
  return 8 * (message.held.words().size() + message.gone.words().size());
}
std::size_t more_of(const ChunkWanted& message) {
  return size_of(message.reader);
}
std::size_t more_of(const ServeAsked& message) {
  return size_of(message.reader);
}
std::size_t more_of(const LeaseFailed& message) {
  return std::min(message.detail.size(), kErrorMessageBytesMax) + 16;
}
std::size_t more_of(const WantPostponed& message) {
  return size_of(message.why);
}
std::size_t more_of(const ChunkOffered& message) {
  return size_of(message.source_location) + message.source.address.host.size() +
         8 * message.path.size() + 64;
}
std::size_t more_of(const NameAsked& message) {
  return message.bucket.size() + message.key.size() + 16 + (message.gone ? sizeof(Digest) : 0);
}
std::size_t more_of(const NameAnswered& message) {
  return message.facts ? size_of(*message.facts) : size_of(message.error);
}
template <class Small>
std::size_t more_of(const Small&) {
  return 0;
}

}  // namespace
}  // namespace codec

void encode(const TrackerIntroduced& introduced, wire::TrackerIntroduced::Builder out) {
  out.setClusterVersion(introduced.cluster_version);
  out.setMember(introduced.member.id.value());
  out.setEpoch(introduced.member.epoch.value());
  codec::write(introduced.member.rpc, out.initRpc());
  if (!introduced.member.region.empty()) out.setRegion(codec::wire_text(introduced.member.region));
  out.setName(codec::wire_text(codec::for_people(introduced.name, kClusterNameBytesMax)));
  out.setProgram(codec::wire_text(codec::for_people(introduced.program, kClusterNameBytesMax)));
}

void encode(const ClusterBatch& batch, wire::ClusterBatch::Builder out) {
  auto messages = out.initMessages(static_cast<unsigned>(batch.messages.size()));
  for (unsigned i = 0; i < batch.messages.size(); ++i)
    std::visit([&](const auto& message) { codec::put(message, messages[i]); }, batch.messages[i]);
}

std::size_t cluster_bytes_estimate(const ClusterMessage& message) {
  return codec::kFixedBytes +
         std::visit([](const auto& one) { return codec::more_of(one); }, message);
}

}  // namespace tyto
