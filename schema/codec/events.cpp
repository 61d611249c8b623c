// Events and the exchange that carries them up.
#include <algorithm>

#include "schema/codec/codec.h"
#include "schema/codec/words.h"

namespace tyto {
namespace codec {
namespace {

// --- plain to wire ---

// A window brought within what a message may say.
uint32_t window_count(uint32_t first, uint32_t count) {
  return std::min(count, kChunksMax - std::min(first, kChunksMax));
}

void put(const OpenRequested& event, wire::Event::Builder slot) {
  auto out = slot.initOpenRequested();
  out.setOpen(event.open.value());
  out.setBucket(wire_text(event.bucket));
  out.setKey(wire_text(event.key));
  if (event.pinned) out.setPinned(wire_data(*event.pinned));
  out.setMode(static_cast<wire::ReadMode>(event.mode));
  out.setPriority(static_cast<wire::Priority>(event.priority));
  out.setDeadlineNs(wire_ns(event.deadline));
  out.setWindowFirst(std::min(event.window_first, kChunksMax));
  out.setWindowCount(window_count(event.window_first, event.window_count));
}

void put(const WindowMoved& event, wire::Event::Builder slot) {
  auto out = slot.initWindowMoved();
  out.setOpen(event.open.value());
  out.setFirst(std::min(event.first, kChunksMax));
  out.setCount(window_count(event.first, event.count));
}

void put(const OpenClosed& event, wire::Event::Builder slot) {
  slot.initOpenClosed().setOpen(event.open.value());
}

void put(const ChunkProgressed& event, wire::Event::Builder slot) {
  auto out = slot.initChunkProgressed();
  codec::write(event.assignment, out.initAssignment());
  out.setQuarter(event.quarter);
}

void put(const ChunkVerified& event, wire::Event::Builder slot) {
  auto out = slot.initChunkVerified();
  codec::write(event.assignment, out.initAssignment());
  out.setVersion(wire_data(event.chunk.version));
  out.setChunk(event.chunk.index.value());
  codec::write(event.source, out.initSource());
  if (event.root) out.setRoot(wire_data(*event.root));
  out.setStored(event.stored);
  out.setBytes(event.bytes);
  out.setTookNs(wire_ns(event.took));
  out.setMedium(static_cast<wire::Medium>(event.medium));
}

void put(const SourceFailed& event, wire::Event::Builder slot) {
  auto out = slot.initSourceFailed();
  codec::write(event.assignment, out.initAssignment());
  out.setVersion(wire_data(event.chunk.version));
  out.setChunk(event.chunk.index.value());
  codec::write(event.source, out.initSource());
  out.setKind(static_cast<wire::FailureKind>(event.kind));
  out.setBytesWasted(event.bytes_wasted);
}

void put(const AssignmentFailed& event, wire::Event::Builder slot) {
  auto out = slot.initAssignmentFailed();
  codec::write(event.assignment, out.initAssignment());
  out.setVersion(wire_data(event.chunk.version));
  out.setChunk(event.chunk.index.value());
  codec::write(event.source, out.initSource());
  out.setKind(static_cast<wire::FailureKind>(event.kind));
  out.setBytesWasted(event.bytes_wasted);
  out.setDetail(wire_text(for_people(event.detail, kErrorMessageBytesMax)));
}

void put(const ChunksDropped& event, wire::Event::Builder slot) {
  codec::write(Run{event.version, event.first, event.count}, slot.initChunksDropped());
}

void put(const EvictionDeferred& event, wire::Event::Builder slot) {
  codec::write(Run{event.version, event.first, event.count}, slot.initEvictionDeferred());
}

void put(const NameResolved& event, wire::Event::Builder slot) {
  auto out = slot.initNameResolved();
  out.setResolve(event.resolve.value());
  if (event.facts) {
    codec::write(*event.facts, out.getOutcome().initFacts());
  } else {
    codec::write(event.error, out.getOutcome().initError());
  }
}

void put(const StoreResized& event, wire::Event::Builder slot) {
  auto out = slot.initStoreResized();
  out.setBytes(event.bytes);
  out.setMemoryBytes(event.memory_bytes);
}

void put(const Leaving& event, wire::Event::Builder slot) {
  slot.initLeaving().setDeadlineNs(wire_ns(event.deadline));
}

// --- wire to plain ---

Source read_source(Decoding& in, wire::Source::Reader from) {
  Decoding::Inside inside(in, "source");
  return codec::read(in, from);
}

// The chunk that a chunkVerified, sourceFailed or assignmentFailed speaks of.
template <class Reader>
ChunkId read_chunk(Decoding& in, const Reader& from) {
  return {in.version("version", from.getVersion()), in.chunk("chunk", from.getChunk())};
}

Event read(Decoding& in, wire::OpenRequested::Reader from) {
  OpenRequested event;
  event.open = OpenId(from.getOpen());
  event.bucket = in.bounded("bucket", from.getBucket(), kBucketNameBytesMax);
  event.key = in.bounded("key", from.getKey(), kKeyBytesMax);
  if (auto pinned = in.optional_digest("pinned", from.getPinned())) {
    event.pinned = VersionId{*pinned};
  }
  event.mode = instructing(in, "mode", from.getMode(), ReadMode::kStream);
  event.priority = informing(from.getPriority(), Priority::kUrgent, Priority::kNormal);
  event.deadline = in.span("deadlineNs", from.getDeadlineNs());
  event.window_first = from.getWindowFirst();
  event.window_count = from.getWindowCount();
  in.check_run("windowCount", event.window_first, event.window_count);
  return event;
}

Event read(Decoding& in, wire::WindowMoved::Reader from) {
  in.check_run("count", from.getFirst(), from.getCount());
  return WindowMoved{OpenId(from.getOpen()), from.getFirst(), from.getCount()};
}

Event read(Decoding& in, wire::ChunkProgressed::Reader from) {
  uint8_t quarter = from.getQuarter();
  if (quarter < 1 || quarter > 3) in.refuse("quarter", "1 to 3", std::to_string(quarter));
  return ChunkProgressed{codec::read(from.getAssignment()), quarter};
}

Event read(Decoding& in, wire::ChunkVerified::Reader from) {
  ChunkVerified event;
  event.assignment = codec::read(from.getAssignment());
  event.chunk = read_chunk(in, from);
  event.source = read_source(in, from.getSource());
  event.root = in.optional_digest("root", from.getRoot());
  event.stored = from.getStored();
  event.bytes = from.getBytes();
  event.took = in.span("tookNs", from.getTookNs());
  event.medium = instructing(in, "medium", from.getMedium(), Medium::kMemory);
  return event;
}

Event read(Decoding& in, wire::SourceFailed::Reader from) {
  SourceFailed event;
  event.assignment = codec::read(from.getAssignment());
  event.chunk = read_chunk(in, from);
  event.source = read_source(in, from.getSource());
  event.kind = codec::read(from.getKind());
  event.bytes_wasted = from.getBytesWasted();
  return event;
}

Event read(Decoding& in, wire::AssignmentFailed::Reader from) {
  AssignmentFailed event;
  event.assignment = codec::read(from.getAssignment());
  event.chunk = read_chunk(in, from);
  event.source = read_source(in, from.getSource());
  event.kind = codec::read(from.getKind());
  event.bytes_wasted = from.getBytesWasted();
  event.detail = in.for_people("detail", from.getDetail(), kErrorMessageBytesMax);
  return event;
}

Event read(Decoding& in, wire::NameResolved::Reader from) {
  NameResolved event;
  event.resolve = ResolveId(from.getResolve());
  switch (auto outcome = from.getOutcome(); outcome.which()) {
    case wire::NameResolved::Outcome::ERROR: {
      Decoding::Inside inside(in, "error");
      event.error = codec::read(in, outcome.getError());
      break;
    }
    case wire::NameResolved::Outcome::FACTS: {
      Decoding::Inside inside(in, "facts");
      event.facts = codec::read(in, outcome.getFacts());
      break;
    }
    default: in.unknown("outcome", outcome.which());
  }
  return event;
}

template <class T>
Event read_run(Decoding& in, wire::ChunkRun::Reader from) {
  Run run = codec::read(in, from);
  return T{run.version, run.first, run.count};
}

Event read_member(Decoding& in, wire::Event::Reader from) {
  using Member = wire::Event;
  switch (from.which()) {
    case Member::OPEN_REQUESTED: return read(in, from.getOpenRequested());
    case Member::WINDOW_MOVED: return read(in, from.getWindowMoved());
    case Member::OPEN_CLOSED: return OpenClosed{OpenId(from.getOpenClosed().getOpen())};
    case Member::CHUNK_PROGRESSED: return read(in, from.getChunkProgressed());
    case Member::CHUNK_VERIFIED: return read(in, from.getChunkVerified());
    case Member::SOURCE_FAILED: return read(in, from.getSourceFailed());
    case Member::ASSIGNMENT_FAILED: return read(in, from.getAssignmentFailed());
    case Member::CHUNKS_DROPPED: return read_run<ChunksDropped>(in, from.getChunksDropped());
    case Member::EVICTION_DEFERRED:
      return read_run<EvictionDeferred>(in, from.getEvictionDeferred());
    case Member::NAME_RESOLVED: return read(in, from.getNameResolved());
    case Member::STORE_RESIZED:
      return StoreResized{from.getStoreResized().getBytes(),
                          from.getStoreResized().getMemoryBytes()};
    case Member::LEAVING: return Leaving{in.span("deadlineNs", from.getLeaving().getDeadlineNs())};
  }
  in.unknown("member", from.which());
  return Event{};
}

// Names of the members of Event, in the order of their ordinals.
constexpr const char* kMembers[] = {"openRequested",    "windowMoved",   "openClosed",
                                    "chunkProgressed",  "chunkVerified", "sourceFailed",
                                    "assignmentFailed", "chunksDropped", "evictionDeferred",
                                    "nameResolved",     "storeResized",  "leaving"};
static_assert(std::size(kMembers) == std::variant_size_v<Event>);

Event read_event(Decoding& in, wire::Event::Reader from, uint32_t index) {
  Decoding::Inside event(in, "events", index);
  auto member = static_cast<std::size_t>(from.which());
  if (member >= std::size(kMembers)) {
    in.unknown("member", member);
    return Event{};
  }
  Decoding::Inside inside(in, kMembers[member]);
  return read_member(in, from);
}

ExchangeUp read_up(Decoding& in, wire::ExchangeUp::Reader from) {
  ExchangeUp up;
  up.first_event = in.sequence("firstEvent", from.getFirstEvent());
  auto events = from.getEvents();
  if (in.fits("events", events.size(), kEventsPerExchangeMax)) {
    up.events.reserve(events.size());
    for (uint32_t i = 0; i < events.size() && in.ok(); ++i) {
      up.events.push_back(read_event(in, events[i], i));
    }
  }
  if (!up.events.empty() && up.first_event == Sequence(0)) {
    in.refuse("firstEvent", "a number from 1", "0");
  }
  up.more = from.getMore();
  up.commands_applied = in.sequence("commandsApplied", from.getCommandsApplied());
  up.park = in.span("parkNs", from.getParkNs(), kParkMax);
  return up;
}

}  // namespace
}  // namespace codec

void encode(const ExchangeUp& up, wire::ExchangeUp::Builder out) {
  out.setFirstEvent(up.first_event.value());
  if (!up.events.empty()) {
    auto events = out.initEvents(static_cast<unsigned>(up.events.size()));
    for (unsigned i = 0; i < up.events.size(); ++i) {
      std::visit([&](const auto& event) { codec::put(event, events[i]); }, up.events[i]);
    }
  }
  out.setMore(up.more);
  out.setCommandsApplied(up.commands_applied.value());
  out.setParkNs(codec::wire_ns(up.park, kParkMax));
}

Result<ExchangeUp> decode(wire::ExchangeUp::Reader in) {
  return codec::decode_message<ExchangeUp>(
      "ExchangeUp", in, kExchangeBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_up(decoding, in); });
}

}  // namespace tyto
