// What trackers say to one another: wire to plain.
#include <algorithm>

#include "schema/codec/cluster_codec.h"
#include "schema/codec/words.h"

namespace tyto {
namespace codec {
namespace {

static_assert(wire::CLUSTER_VERSION == kClusterVersion);

struct Named {
  VersionId version;
  uint32_t chunk = 0;
};
Named read(Decoding& in, wire::ChunkNamed::Reader from) {
  Decoding::Inside inside(in, "chunk");
  return {in.version("version", from.getVersion()), in.chunk("chunk", from.getChunk()).value()};
}

// An id that may not be zero.
template <class Id>
Id whole_id(Decoding& in, const char* field, uint64_t number) {
  if (number == 0) in.refuse(field, "a number that is not 0", "0");
  return Id(number);
}

Location read_location(Decoding& in, const char* field, capnp::Text::Reader from) {
  const std::string text = in.bounded(field, from, kLocationBytesMax);
  if (!in.ok()) return {};
  Result<Location> location = Location::parse(text);
  if (location.ok()) return *location;
  in.refuse(field, "region/zone/rack/host", "'" + for_people(text, 80) + "'");
  return {};
}

Priority read_priority(wire::Priority from) {
  return informing(from, Priority::kUrgent, Priority::kNormal);
}

Bitmap read_words(Decoding& in, const char* field, capnp::List<uint64_t>::Reader from,
                  uint32_t count) {
  const uint32_t words_max = (count + 63) / 64;
  if (!in.fits(field, from.size(), words_max)) return {};
  std::vector<uint64_t> words(words_max);
  for (uint32_t i = 0; i < from.size(); ++i) words[i] = from[i];
  if (count % 64 != 0 && words.back() >> (count % 64) != 0) {
    in.refuse(field, "no bit past the last of " + std::to_string(count), "one");
    return {};
  }
  return Bitmap(count, std::move(words));
}

StatusTold read(wire::StatusTold::Reader from) {
  return {from.getPeers(), from.getSuperpeers(), from.getOriginReadsFree(),
          from.getSuperpeersWithMemory()};
}

CopiesAnnounced read(Decoding& in, wire::CopiesAnnounced::Reader from) {
  CopiesAnnounced message;
  message.version = in.version("version", from.getVersion());
  message.first = from.getFirst();
  in.check_run("count", from.getFirst(), from.getCount());
  if (!in.ok()) return message;
  message.held = read_words(in, "held", from.getHeld(), from.getCount());
  if (from.getHasGone()) message.gone = read_words(in, "gone", from.getGone(), from.getCount());
  return message;
}

ChunkWanted read(Decoding& in, wire::ChunkWanted::Reader from) {
  ChunkWanted message;
  message.want = whole_id<WantId>(in, "want", from.getWant());
  const Named named = read(in, from.getChunk());
  message.version = named.version;
  message.chunk = named.chunk;
  message.reader = read_location(in, "reader", from.getReader());
  message.priority = read_priority(from.getPriority());
  message.can_read_origin = from.getCanReadOrigin();
  message.is_past_superpeers = from.getIsPastSuperpeers();
  message.is_at_origin = from.getIsAtOrigin();
  return message;
}

LeaseFailed read(Decoding& in, wire::LeaseFailed::Reader from) {
  const Named named = read(in, from.getChunk());
  return {named.version, named.chunk, codec::read(from.getKind()),
          in.for_people("detail", from.getDetail(), kErrorMessageBytesMax)};
}

ServeAsked read(Decoding& in, wire::ServeAsked::Reader from) {
  ServeAsked message;
  message.asker = whole_id<MemberId>(in, "asker", from.getAsker());
  message.want = whole_id<WantId>(in, "want", from.getWant());
  const Named named = read(in, from.getChunk());
  message.version = named.version;
  message.chunk = named.chunk;
  message.reader = read_location(in, "reader", from.getReader());
  message.priority = read_priority(from.getPriority());
  message.is_past_superpeers = from.getIsPastSuperpeers();
  return message;
}

LeaseGranted read(Decoding& in, wire::LeaseGranted::Reader from) {
  const Named named = read(in, from.getChunk());
  return {named.version, named.chunk, WantId(from.getWant()), from.getIsAnew()};
}

WantPostponed read(Decoding& in, wire::WantPostponed::Reader from) {
  WantPostponed message;
  message.want = whole_id<WantId>(in, "want", from.getWant());
  message.after = in.span("afterNs", from.getAfterNs());
  Decoding::Inside inside(in, "why");
  message.why = codec::read(in, from.getWhy());
  return message;
}

LastCopyAnswered read(Decoding& in, wire::LastCopyAnswered::Reader from) {
  const Named named = read(in, from.getChunk());
  return {named.version, named.chunk, from.getMayGo()};
}

ServeRefused read(Decoding& in, wire::ServeRefused::Reader from) {
  ServeRefused message;
  message.asker = whole_id<MemberId>(in, "asker", from.getAsker());
  message.want = whole_id<WantId>(in, "want", from.getWant());
  const Named named = read(in, from.getChunk());
  message.version = named.version;
  message.chunk = named.chunk;
  message.has_none = from.getHasNone();
  message.is_forbidden = from.getIsForbidden();
  return message;
}

std::vector<MemberId> read_path(Decoding& in, capnp::List<uint64_t>::Reader from) {
  std::vector<MemberId> path;
  if (!in.fits("path", from.size(), kClusterPathMax)) return path;
  for (uint64_t member : from) path.push_back(whole_id<MemberId>(in, "path", member));
  return path;
}

ChunkOffered read(Decoding& in, wire::ChunkOffered::Reader from) {
  ChunkOffered message;
  message.want = whole_id<WantId>(in, "want", from.getWant());
  message.offer = whole_id<OfferId>(in, "offer", from.getOffer());
  const Named named = read(in, from.getChunk());
  message.version = named.version;
  message.chunk = named.chunk;
  {
    Decoding::Inside inside(in, "source");
    message.source = codec::read(in, from.getSource());
    if (message.source.kind == SourceKind::kOrigin)
      in.refuse("kind", "a peer or a superpeer", "the origin");
  }
  message.source_location = read_location(in, "sourceLocation", from.getSourceLocation());
  message.root = in.optional_digest("root", from.getRoot());
  message.path = read_path(in, from.getPath());
  message.term = in.span("termNs", from.getTermNs());
  return message;
}

OfferEnded read(Decoding& in, wire::OfferEnded::Reader from) {
  return {whole_id<OfferId>(in, "offer", from.getOffer()), from.getDelivered(),
          codec::read(from.getKind())};
}

NameAsked read(Decoding& in, wire::NameAsked::Reader from) {
  NameAsked message;
  message.lookup = whole_id<LookupId>(in, "lookup", from.getLookup());
  message.bucket = read_bucket_name(in, "bucket", from.getBucket());
  message.key = read_key(in, "key", from.getKey());
  if (auto gone = in.optional_digest("gone", from.getGone())) message.gone = VersionId{*gone};
  return message;
}

NameAnswered read(Decoding& in, wire::NameAnswered::Reader from) {
  NameAnswered message;
  message.lookup = whole_id<LookupId>(in, "lookup", from.getLookup());
  const auto outcome = from.getOutcome();
  switch (outcome.which()) {
    case wire::NameAnswered::Outcome::ERROR: {
      Decoding::Inside inside(in, "error");
      message.error = codec::read(in, outcome.getError());
      return message;
    }
    case wire::NameAnswered::Outcome::FACTS: {
      Decoding::Inside inside(in, "facts");
      message.facts = codec::read(in, outcome.getFacts());
      return message;
    }
  }
  in.unknown("outcome", static_cast<uint64_t>(outcome.which()));
  return message;
}

PeerMoved read(Decoding& in, wire::PeerMoved::Reader from) {
  return {whole_id<PeerId>(in, "peer", from.getPeer()),
          whole_id<SessionId>(in, "session", from.getSession())};
}

PeersCame read(Decoding& in, wire::PeersCame::Reader from) {
  return {whole_id<TrackerEpoch>(in, "from", from.getFrom()), from.getPeers()};
}

PermitWanted read(Decoding& in, wire::PermitWanted::Reader from) {
  return {whole_id<PermitId>(in, "permit", from.getPermit()),
          in.version("version", from.getVersion()), from.getBytes(), from.getIsInUse()};
}

// Those of a name and nothing else.
template <class T>
T read_named(Decoding& in, wire::ChunkNamed::Reader from) {
  const Named named = read(in, from);
  return {named.version, named.chunk};
}

ClusterMessage read_message(Decoding& in, wire::ClusterMessage::Reader from) {
  using M = wire::ClusterMessage;
  switch (from.which()) {
    case M::VERSION_DESCRIBED: return VersionDescribed{codec::read(in, from.getVersionDescribed())};
    case M::STATUS_TOLD: return read(from.getStatusTold());
    case M::COPIES_ANNOUNCED: return read(in, from.getCopiesAnnounced());
    case M::COPIES_SYNCED: return CopiesSynced{from.getCopiesSynced()};
    case M::CHUNK_WANTED: return read(in, from.getChunkWanted());
    case M::WANT_WITHDRAWN:
      return WantWithdrawn{whole_id<WantId>(in, "wantWithdrawn", from.getWantWithdrawn())};
    case M::LEASE_FAILED: return read(in, from.getLeaseFailed());
    case M::LEASE_PROGRESSED: return read_named<LeaseProgressed>(in, from.getLeaseProgressed());
    case M::LAST_COPY_ASKED: return read_named<LastCopyAsked>(in, from.getLastCopyAsked());
    case M::SERVE_ASKED: return read(in, from.getServeAsked());
    case M::LEASE_GRANTED: return read(in, from.getLeaseGranted());
    case M::WANT_POSTPONED: return read(in, from.getWantPostponed());
    case M::LAST_COPY_ANSWERED: return read(in, from.getLastCopyAnswered());
    case M::SERVE_REFUSED: return read(in, from.getServeRefused());
    case M::CHUNK_OFFERED: return read(in, from.getChunkOffered());
    case M::OFFER_PROGRESSED:
      return OfferProgressed{whole_id<OfferId>(in, "offerProgressed", from.getOfferProgressed())};
    case M::OFFER_ENDED: return read(in, from.getOfferEnded());
    case M::NAME_ASKED: return read(in, from.getNameAsked());
    case M::NAME_ANSWERED: return read(in, from.getNameAnswered());
    case M::PEER_MOVED: return read(in, from.getPeerMoved());
    case M::PEERS_CAME: return read(in, from.getPeersCame());
    case M::PERMIT_WANTED: return read(in, from.getPermitWanted());
    case M::PERMIT_GRANTED:
      return PermitGranted{whole_id<PermitId>(in, "permitGranted", from.getPermitGranted())};
    case M::PERMIT_ENDED:
      return PermitEnded{whole_id<PermitId>(in, "permitEnded", from.getPermitEnded())};
  }
  in.unknown(nullptr, static_cast<uint64_t>(from.which()));
  return CopiesSynced{};
}

ClusterBatch read_batch(Decoding& in, wire::ClusterBatch::Reader from) {
  ClusterBatch batch;
  auto messages = from.getMessages();
  if (!in.fits("messages", messages.size(), kClusterMessagesMax)) return batch;
  batch.messages.reserve(messages.size());
  for (uint32_t i = 0; i < messages.size() && in.ok(); ++i) {
    Decoding::Inside inside(in, "messages", i);
    batch.messages.push_back(read_message(in, messages[i]));
  }
  return batch;
}

TrackerIntroduced read_introduced(Decoding& in, wire::TrackerIntroduced::Reader from) {
  TrackerIntroduced introduced;
  introduced.cluster_version = from.getClusterVersion();
  if (introduced.cluster_version == 0)
    in.refuse("clusterVersion", "a version from 1", "0", ErrorCode::kUnsupported);
  introduced.member.id = whole_id<MemberId>(in, "member", from.getMember());
  introduced.member.epoch = whole_id<TrackerEpoch>(in, "epoch", from.getEpoch());
  {
    Decoding::Inside inside(in, "rpc");
    introduced.member.rpc = codec::read(in, from.getRpc(), EndpointRule::kMustBeWhole);
  }
  introduced.member.region = in.bounded("region", from.getRegion(), kClusterRegionBytesMax);
  introduced.name = in.for_people("name", from.getName(), kClusterNameBytesMax);
  introduced.program = in.for_people("program", from.getProgram(), kClusterNameBytesMax);
  return introduced;
}

}  // namespace
}  // namespace codec

Result<TrackerIntroduced> decode(wire::TrackerIntroduced::Reader in) {
  return codec::decode_message<TrackerIntroduced>(
      "TrackerIntroduced", in, 4 * kKiB,
      [&](codec::Decoding& decoding) { return codec::read_introduced(decoding, in); });
}

Result<ClusterBatch> decode(wire::ClusterBatch::Reader in) {
  return codec::decode_message<ClusterBatch>(
      "ClusterBatch", in, kClusterBatchBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_batch(decoding, in); });
}

void drop_newer(std::vector<ClusterMessage>& messages, uint32_t version) {
  constexpr uint32_t kVersionOfMoves = 2;
  constexpr uint32_t kVersionOfArrivals = 3;
  auto is_of_permits = [](const ClusterMessage& m) {
    return std::holds_alternative<PermitWanted>(m) || std::holds_alternative<PermitGranted>(m) ||
           std::holds_alternative<PermitEnded>(m);
  };
  std::erase_if(messages, [&](const ClusterMessage& m) {
    return (version < kVersionOfMoves && std::holds_alternative<PeerMoved>(m)) ||
           (version < kVersionOfArrivals && std::holds_alternative<PeersCame>(m)) ||
           (version < kClusterVersionOfPermits && is_of_permits(m));
  });
}

Result<uint32_t> cluster_version_of_link(uint32_t ours, const TrackerIntroduced& other) {
  const uint32_t theirs = other.cluster_version;
  const uint32_t apart = ours > theirs ? ours - theirs : theirs - ours;
  if (apart <= kClusterVersionsApartMax) return std::min(ours, theirs);
  return Error{ErrorCode::kUnsupported,
               "tracker '" + other.name + "' (" + other.program + ") speaks version " +
                   std::to_string(theirs) + " of the protocol between trackers, and this one " +
                   std::to_string(ours) +
                   ": they may be one apart; upgrade the older one, one release at a time"};
}

}  // namespace tyto
