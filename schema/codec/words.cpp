#include "schema/codec/words.h"

#include <algorithm>

#include "base/names.h"
#include "schema/codec/codec.h"

namespace tyto {

void encode(const Error& error, wire::Error::Builder out) {
  codec::write(error, out);
}

void encode(const Refusal& refusal, wire::Error::Builder out) {
  codec::write(refusal.error, out);
  out.setRetryAfterNs(codec::wire_ns(refusal.retry_after));
}

Refusal decode_refusal(wire::Error::Reader in) {
  Refusal refusal{decode_error(in), {}};
  const uint64_t ns = in.getRetryAfterNs();
  refusal.retry_after = Duration::nanoseconds(
      static_cast<int64_t>(std::min(ns, static_cast<uint64_t>(kSpanMax.ns()))));
  return refusal;
}

Error decode_error(wire::Error::Reader in) {
  struct Decoded {  // a Result<Error> could not tell its two sides apart
    Error error;
  };
  Result<Decoded> outcome = codec::decode_message<Decoded>(
      "Error", in, kExchangeBytesMax,
      [&](codec::Decoding& decoding) { return Decoded{codec::read(decoding, in)}; });
  if (outcome) return outcome->error;
  return Error{ErrorCode::kInternal,
               "the other side sent an error that cannot be read: " + outcome.error().message};
}

namespace codec {

// The enumerations are the same on both sides, so that a cast turns one into the other.
template <class A, class B>
constexpr bool same(A a, B b) {
  return static_cast<int>(a) == static_cast<int>(b);
}
static_assert(same(wire::ErrorCode::INTERNAL, ErrorCode::kInternal));
static_assert(same(wire::SourceKind::ORIGIN, SourceKind::kOrigin));
static_assert(same(wire::Medium::MEMORY, Medium::kMemory));
static_assert(same(wire::Placement::BOTH, Placement::kBoth));
static_assert(same(wire::Choice::CARRIED_OVER, Choice::kCarriedOver));
static_assert(same(wire::Choice::EVICT_FLEET_QUOTA, kChoiceLast));
static_assert(same(wire::WaitsFor::RECOVERY, WaitsFor::kRecovery));
static_assert(same(wire::FailureKind::INTERNAL, FailureKind::kInternal));

// --- plain to wire ---

capnp::Data::Reader wire_data(const std::vector<Digest>& digests) {
  static_assert(sizeof(Digest) == Digest::kSize);
  return capnp::Data::Reader(reinterpret_cast<const uint8_t*>(digests.data()),
                             digests.size() * Digest::kSize);
}

std::string for_people(const std::string& text, std::size_t bytes_max) {
  // printable() marks a cut with three bytes more.
  return printable(text, text.size() <= bytes_max ? bytes_max : bytes_max - 3);
}

uint64_t wire_ns(Duration span, Duration max) {
  return static_cast<uint64_t>(std::clamp(span, Duration{}, max).ns());
}

void write(const Error& error, wire::Error::Builder out) {
  out.setCode(static_cast<wire::ErrorCode>(error.code));
  out.setMessage(wire_text(for_people(error.message, kErrorMessageBytesMax)));
}

void write(const Endpoint& endpoint, wire::Endpoint::Builder out) {
  if (!endpoint.host.empty()) out.setHost(wire_text(endpoint.host));
  out.setPort(endpoint.port);
}

void write(const Source& source, wire::Source::Builder out) {
  out.setKind(static_cast<wire::SourceKind>(source.kind));
  out.setGeneration(source.generation.value());
  out.setPeer(source.peer.value());
  if (source.address != Endpoint{}) write(source.address, out.initAddress());
}

void write(const Ticket& ticket, wire::Ticket::Builder out) {
  if (!ticket.text.empty()) out.setText(wire_text(ticket.text));
  out.setExpiresUnixNs(ticket.expires.unix_ns());
}

void write(const AssignmentId& id, wire::AssignmentId::Builder out) {
  out.setEpoch(id.epoch.value());
  out.setN(id.n);
}

void write(const OriginPin& pin, wire::OriginPin::Builder out) {
  if (!pin.url.empty()) out.setUrl(wire_text(pin.url));
  if (!pin.etag.empty()) out.setEtag(wire_text(pin.etag));
  if (pin.modified) out.getModified().setUnixNs(pin.modified->unix_ns());
}

void write(const VersionFacts& facts, wire::VersionFacts::Builder out) {
  out.setId(wire_data(facts.id));
  out.setBucket(facts.bucket.value());
  out.setBucketName(wire_text(facts.bucket_name));
  out.setKey(wire_text(facts.key));
  out.setObjectBytes(facts.chunking.object_bytes);
  out.setChunkBytes(facts.chunking.chunk_bytes);
  out.setIsPublished(facts.is_published);
  write(facts.origin, out.initOrigin());
}

void write(const Reason& reason, wire::Reason::Builder out) {
  out.setChoice(static_cast<wire::Choice>(reason.choice));
  out.setNearness(reason.nearness);
  out.setGeneration(reason.generation);
  out.setCandidates(reason.candidates);
  out.setRejectedBusy(reason.rejected_busy);
  out.setRejectedSuspect(reason.rejected_suspect);
  out.setRejectedCycle(reason.rejected_cycle);
  out.setRejectedLacking(reason.rejected_lacking);
  out.setRejectedPolicy(reason.rejected_policy);
  out.setChunksConsidered(reason.chunks_considered);
  out.setCopies(reason.copies);
  out.setScore(reason.score);
  out.setPolicyVersion(reason.policy_version);
}

void write(const SetLimits& limits, wire::SetLimits::Builder out) {
  out.setUploadsMax(limits.uploads_max);
  out.setUploadBytesPerS(limits.upload_bytes_per_s);
  out.setDownloadBytesPerS(limits.download_bytes_per_s);
}

void write(const Run& run, wire::ChunkRun::Builder out) {
  out.setVersion(wire_data(run.version));
  out.setFirst(run.first);
  out.setCount(run.count);
}

// --- wire to plain ---
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_' || c == ':' || c == '%';
}

bool is_visible_ascii(char c) {
  return c > ' ' && c < 0x7f;
}

// Between the quotes of an entity tag, as RFC 9110 has it: anything visible but the quote.
bool is_etag_character(char c) {
  auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != '"' && byte != 0x7f;
}

bool is_strong_etag(const std::string& etag) {
  return etag.size() >= 2 && etag.front() == '"' && etag.back() == '"' &&
         std::all_of(etag.begin() + 1, etag.end() - 1, is_etag_character);
}

std::string quoted(const std::string& text) {
  return "'" + printable(text, 80) + "'";
}

}  // namespace

Error read(Decoding& in, wire::Error::Reader from) {
  Error error;
  error.code = informing(from.getCode(), ErrorCode::kInternal, ErrorCode::kInternal);
  if (static_cast<int>(error.code) == 0) error.code = ErrorCode::kInternal;
  error.message = in.for_people("message", from.getMessage(), kErrorMessageBytesMax);
  return error;
}

Endpoint read(Decoding& in, wire::Endpoint::Reader from, EndpointRule rule) {
  Endpoint endpoint{in.bounded("host", from.getHost(), kHostBytesMax), from.getPort()};
  if (!std::all_of(endpoint.host.begin(), endpoint.host.end(), is_host_character)) {
    in.refuse("host", "an IPv4 or IPv6 literal or a DNS name", quoted(endpoint.host));
  }
  if (rule == EndpointRule::kMustBeWhole && (endpoint.host.empty() || endpoint.port == 0)) {
    in.refuse(nullptr, "a host and a port", quoted(endpoint.text()));
  }
  return endpoint;
}

Source read(Decoding& in, wire::Source::Reader from) {
  Source source;
  source.kind = instructing(in, "kind", from.getKind(), SourceKind::kOrigin);
  source.generation = Generation(from.getGeneration());
  source.peer = PeerId(from.getPeer());
  bool is_origin = source.kind == SourceKind::kOrigin;
  {
    Decoding::Inside inside(in, "address");
    source.address = read(in, from.getAddress(),
                          is_origin ? EndpointRule::kMayBeEmpty : EndpointRule::kMustBeWhole);
  }
  if (is_origin && source.address != Endpoint{}) {
    in.refuse("address", "none for the origin", quoted(source.address.text()));
  }
  if (is_origin != (source.peer == PeerId(0))) {
    in.refuse("peer", is_origin ? "0 for the origin" : "a peer's id",
              std::to_string(source.peer.value()));
  }
  return source;
}

Ticket read(Decoding& in, wire::Ticket::Reader from) {
  Ticket ticket{in.bounded("text", from.getText(), kTicketBytesMax),
                WallTime::from_unix_ns(from.getExpiresUnixNs())};
  if (!std::all_of(ticket.text.begin(), ticket.text.end(), is_visible_ascii)) {
    in.refuse("text", "visible ASCII without spaces", quoted(ticket.text));
  }
  return ticket;
}

AssignmentId read(wire::AssignmentId::Reader from) {
  return {TrackerEpoch(from.getEpoch()), from.getN()};
}

std::string read_url(Decoding& in, const char* field, capnp::Text::Reader from) {
  std::string url = in.bounded(field, from, kUrlBytesMax);
  if (url.empty()) return url;
  bool is_known =
      url.starts_with("file:///") || url.starts_with("http://") || url.starts_with("https://");
  // printable() changes exactly what a URL must not hold: control characters and broken UTF-8.
  if (!is_known || printable(url, url.size()) != url) {
    in.refuse(field, "a URL of file:///, http:// or https:// without control characters",
              quoted(url));
  }
  return url;
}

OriginPin read(Decoding& in, wire::OriginPin::Reader from) {
  OriginPin pin;
  pin.url = read_url(in, "url", from.getUrl());
  pin.etag = in.bounded("etag", from.getEtag(), kEtagBytesMax);
  if (!pin.etag.empty() && !is_strong_etag(pin.etag)) {
    in.refuse("etag", "a strong entity tag in its quotes", quoted(pin.etag));
  }
  switch (auto modified = from.getModified(); modified.which()) {
    case wire::OriginPin::Modified::UNKNOWN: break;
    case wire::OriginPin::Modified::UNIX_NS:
      pin.modified = WallTime::from_unix_ns(modified.getUnixNs());
      break;
    default: in.unknown("modified", modified.which());
  }
  return pin;
}

std::string read_bucket_name(Decoding& in, const char* field, capnp::Text::Reader from) {
  std::string name = in.bounded(field, from, kBucketNameBytesMax);
  if (in.ok() && !check_bucket_name(name)) in.refuse(field, "a bucket's name", quoted(name));
  return name;
}

std::string read_key(Decoding& in, const char* field, capnp::Text::Reader from) {
  std::string key = in.bounded(field, from, kKeyBytesMax);
  if (in.ok() && !check_key(key)) in.refuse(field, "an object's key", quoted(key));
  return key;
}

Chunking read_chunking(Decoding& in, uint64_t object_bytes, uint32_t chunk_bytes) {
  Chunking chunking{object_bytes, chunk_bytes};
  if (chunking.is_valid()) return chunking;
  in.refuse(
      "chunkBytes",
      "a power of two, 16 KiB to 16 MiB, that cuts an object of at most 16 TiB into at most " +
          std::to_string(kChunksMax) + " chunks",
      std::to_string(chunk_bytes) + " for " + std::to_string(object_bytes) + " bytes");
  return {};
}

VersionFacts read(Decoding& in, wire::VersionFacts::Reader from) {
  VersionFacts facts;
  facts.id = in.version("id", from.getId());
  facts.bucket = BucketId(from.getBucket());
  facts.bucket_name = read_bucket_name(in, "bucketName", from.getBucketName());
  facts.key = read_key(in, "key", from.getKey());
  facts.chunking = read_chunking(in, from.getObjectBytes(), from.getChunkBytes());
  facts.is_published = from.getIsPublished();
  Decoding::Inside inside(in, "origin");
  facts.origin = read(in, from.getOrigin());
  return facts;
}

Reason read(wire::Reason::Reader from) {
  Reason reason;
  reason.choice = informing(from.getChoice(), kChoiceLast, Choice::kNone);
  reason.nearness = from.getNearness();
  reason.generation = from.getGeneration();
  reason.candidates = from.getCandidates();
  reason.rejected_busy = from.getRejectedBusy();
  reason.rejected_suspect = from.getRejectedSuspect();
  reason.rejected_cycle = from.getRejectedCycle();
  reason.rejected_lacking = from.getRejectedLacking();
  reason.rejected_policy = from.getRejectedPolicy();
  reason.chunks_considered = from.getChunksConsidered();
  reason.copies = from.getCopies();
  reason.score = from.getScore();
  reason.policy_version = from.getPolicyVersion();
  return reason;
}

SetLimits read(wire::SetLimits::Reader from) {
  return {from.getUploadsMax(), from.getUploadBytesPerS(), from.getDownloadBytesPerS()};
}

void write(const TrackerList& trackers, capnp::List<wire::TrackerListed>::Builder out) {
  for (unsigned i = 0; i < trackers.size(); ++i) {
    out[i].setId(trackers[i].id.value());
    write(trackers[i].address, out[i].initAddress());
    out[i].setRegion(wire_text(trackers[i].region));
  }
}

TrackerListRef read_trackers(Decoding& in, capnp::List<wire::TrackerListed>::Reader from) {
  if (from.size() == 0 || !in.fits("trackers", from.size(), kTrackersListedMax)) return nullptr;
  TrackerList list;
  for (uint32_t i = 0; i < from.size() && in.ok(); ++i) {
    Decoding::Inside inside(in, "trackers", i);
    TrackerListed tracker;
    tracker.id = MemberId(from[i].getId());
    if (tracker.id == MemberId()) in.refuse("id", "a tracker's id", "0");
    tracker.region = in.bounded("region", from[i].getRegion(), kRegionBytesMax);
    Decoding::Inside address(in, "address");
    tracker.address = read(in, from[i].getAddress(), EndpointRule::kMustBeWhole);
    list.push_back(std::move(tracker));
  }
  return std::make_shared<const TrackerList>(std::move(list));
}

MemberId read_home(Decoding& in, uint64_t home, const TrackerListRef& trackers) {
  bool is_listed = trackers != nullptr &&
                   std::any_of(trackers->begin(), trackers->end(),
                               [&](const TrackerListed& t) { return t.id == MemberId(home); });
  if (!is_listed) in.refuse("home", "one of the trackers listed", std::to_string(home));
  return MemberId(home);
}

Run read(Decoding& in, wire::ChunkRun::Reader from) {
  in.check_run("count", from.getFirst(), from.getCount());
  return {in.version("version", from.getVersion()), from.getFirst(), from.getCount()};
}

FailureKind read(wire::FailureKind from) {
  return informing(from, FailureKind::kInternal, FailureKind::kInternal);
}

}  // namespace codec
}  // namespace tyto
