// Commands and the exchange that carries them down.
#include "base/assert.h"
#include "schema/codec/codec.h"
#include "schema/codec/words.h"

namespace tyto {
namespace codec {
namespace {

// --- plain to wire ---

void put(const SetLimits& command, wire::Command::Builder slot) {
  codec::write(command, slot.initSetLimits());
}

void put(const Cancel& command, wire::Command::Builder slot) {
  codec::write(command.assignment, slot.initCancel());
}

void put(const Evict& command, wire::Command::Builder slot) {
  auto out = slot.initEvict();
  codec::write(Run{command.version, command.first, command.count}, out.initRun());
  codec::write(command.reason, out.initReason());
}

void put(const Describe& command, wire::Command::Builder slot) {
  TYTO_ASSERT(command.facts != nullptr);
  codec::write(*command.facts, slot.initDescribe());
}

void put(const Opened& command, wire::Command::Builder slot) {
  auto out = slot.initOpened();
  out.setOpen(command.open.value());
  out.setVersion(wire_data(command.version));
  if (command.ticket != Ticket{}) codec::write(command.ticket, out.initTicket());
  out.setPlacement(static_cast<wire::Placement>(command.placement));
}

void put(const OpenEnded& command, wire::Command::Builder slot) {
  auto out = slot.initOpenEnded();
  out.setOpen(command.open.value());
  codec::write(command.error, out.initError());
}

void put(const Resolve& command, wire::Command::Builder slot) {
  auto out = slot.initResolve();
  out.setResolve(command.resolve.value());
  out.setBucket(command.bucket.value());
  out.setBucketName(wire_text(command.bucket_name));
  out.setKey(wire_text(command.key));
  out.setUrl(wire_text(command.url));
}

void put(const Assign& command, wire::Command::Builder slot) {
  auto out = slot.initAssign();
  codec::write(command.assignment, out.initAssignment());
  out.setVersion(wire_data(command.chunk.version));
  out.setChunk(command.chunk.index.value());
  codec::write(command.source, out.initSource());
  if (!command.fallbacks.empty()) {
    auto fallbacks = out.initFallbacks(static_cast<unsigned>(command.fallbacks.size()));
    for (unsigned i = 0; i < command.fallbacks.size(); ++i) {
      codec::write(command.fallbacks[i], fallbacks[i]);
    }
  }
  if (command.root) out.setRoot(wire_data(*command.root));
  out.setGeneration(command.generation.value());
  out.setPatienceNs(wire_ns(command.patience));
  codec::write(command.reason, out.initReason());
  out.setHedge(command.is_hedge);
  if (command.run > 1) out.setRun(static_cast<uint8_t>(command.run));
  out.setPlacement(static_cast<wire::Placement>(command.placement));
}

void put(const ShowWait& command, wire::Command::Builder slot) {
  auto out = slot.initShowWait();
  out.setOpen(command.open.value());
  out.setWaitsFor(static_cast<wire::WaitsFor>(command.wait.what));
  out.setPlace(command.wait.place);
  out.setExpectedNs(wire_ns(command.wait.expected));
}

void put(const ListTrackers& command, wire::Command::Builder slot) {
  TYTO_ASSERT(command.trackers != nullptr);
  auto out = slot.initListTrackers();
  codec::write(*command.trackers, out.initTrackers(size_of(*command.trackers)));
  out.setHome(command.home.value());
}

// --- wire to plain ---

Command read(Decoding& in, wire::Evict::Reader from) {
  Decoding::Inside inside(in, "run");
  Run run = codec::read(in, from.getRun());
  return Evict{run.version, run.first, run.count, codec::read(from.getReason())};
}

Command read(Decoding& in, wire::Opened::Reader from) {
  Opened command{OpenId(from.getOpen()), in.version("version", from.getVersion()), {}};
  command.placement = instructing(in, "placement", from.getPlacement(), Placement::kBoth);
  Decoding::Inside inside(in, "ticket");
  command.ticket = codec::read(in, from.getTicket());
  return command;
}

Command read(Decoding& in, wire::OpenEnded::Reader from) {
  Decoding::Inside inside(in, "error");
  return OpenEnded{OpenId(from.getOpen()), codec::read(in, from.getError())};
}

Command read(Decoding& in, wire::Resolve::Reader from) {
  Resolve command;
  command.resolve = ResolveId(from.getResolve());
  command.bucket = BucketId(from.getBucket());
  command.bucket_name = read_bucket_name(in, "bucketName", from.getBucketName());
  command.key = read_key(in, "key", from.getKey());
  command.url = read_url(in, "url", from.getUrl());
  if (command.url.empty()) in.refuse("url", "a URL", "none");
  return command;
}

// What holds of an assignment as a whole.
void check(Decoding& in, const Assign& command) {
  if (command.generation <= command.source.generation) {
    in.refuse("generation",
              "more than the source's " + std::to_string(command.source.generation.value()),
              std::to_string(command.generation.value()));
  }
  bool needs_root =
      command.source.kind != SourceKind::kOrigin && command.reason.choice != Choice::kCarriedOver;
  if (!command.root && needs_root) {
    in.refuse("root", "a root, since the source is not the origin", "none");
  }
  bool is_run_good = command.run == 1 ||
                     (command.run <= kOriginRunMax && command.source.kind == SourceKind::kOrigin);
  if (!is_run_good)
    in.refuse("run", "at most " + std::to_string(kOriginRunMax) + " chunks, of the origin",
              std::to_string(command.run));
}

Command read(Decoding& in, wire::Assign::Reader from) {
  Assign command;
  command.assignment = codec::read(from.getAssignment());
  command.chunk = {in.version("version", from.getVersion()), in.chunk("chunk", from.getChunk())};
  {
    Decoding::Inside inside(in, "source");
    command.source = codec::read(in, from.getSource());
  }
  auto fallbacks = from.getFallbacks();
  if (in.fits("fallbacks", fallbacks.size(), kFallbacksMax)) {
    for (uint32_t i = 0; i < fallbacks.size(); ++i) {
      Decoding::Inside inside(in, "fallbacks", i);
      command.fallbacks.push_back(codec::read(in, fallbacks[i]));
    }
  }
  command.root = in.optional_digest("root", from.getRoot());
  command.generation = Generation(from.getGeneration());
  command.patience = in.span("patienceNs", from.getPatienceNs());
  command.reason = codec::read(from.getReason());
  command.is_hedge = from.getHedge();
  command.run = std::max<uint8_t>(1, from.getRun());
  command.placement = instructing(in, "placement", from.getPlacement(), Placement::kBoth);
  check(in, command);
  return command;
}

Command read(Decoding& in, wire::ShowWait::Reader from) {
  WaitsFor what = informing(from.getWaitsFor(), WaitsFor::kRecovery, WaitsFor::kNothing);
  Duration expected = in.span("expectedNs", from.getExpectedNs());
  return ShowWait{OpenId(from.getOpen()), {what, from.getPlace(), expected}};
}

Command read(Decoding& in, wire::ListTrackers::Reader from) {
  ListTrackers command;
  command.trackers = read_trackers(in, from.getTrackers());
  command.home = read_home(in, from.getHome(), command.trackers);
  return command;
}

Command read_member(Decoding& in, wire::Command::Reader from) {
  using Member = wire::Command;
  switch (from.which()) {
    case Member::SET_LIMITS: return codec::read(from.getSetLimits());
    case Member::CANCEL: return Cancel{codec::read(from.getCancel())};
    case Member::EVICT: return read(in, from.getEvict());
    case Member::DESCRIBE:
      return Describe{std::make_shared<const VersionFacts>(codec::read(in, from.getDescribe()))};
    case Member::OPENED: return read(in, from.getOpened());
    case Member::OPEN_ENDED: return read(in, from.getOpenEnded());
    case Member::RESOLVE: return read(in, from.getResolve());
    case Member::ASSIGN: return read(in, from.getAssign());
    case Member::SHOW_WAIT: return read(in, from.getShowWait());
    case Member::LIST_TRACKERS: return read(in, from.getListTrackers());
  }
  in.unknown("member", from.which());
  return Command{};
}

// Names of the members of Command, in the order of their ordinals.
constexpr const char* kMembers[] = {"setLimits", "cancel",  "evict",  "describe", "opened",
                                    "openEnded", "resolve", "assign", "showWait", "listTrackers"};
static_assert(std::size(kMembers) == std::variant_size_v<Command>);

Command read_command(Decoding& in, wire::Command::Reader from, uint32_t index) {
  Decoding::Inside command(in, "commands", index);
  auto member = static_cast<std::size_t>(from.which());
  if (member >= std::size(kMembers)) {
    in.unknown("member", member);
    return Command{};
  }
  Decoding::Inside inside(in, kMembers[member]);
  return read_member(in, from);
}

ExchangeDown read_down(Decoding& in, wire::ExchangeDown::Reader from) {
  ExchangeDown down;
  down.first_command = in.sequence("firstCommand", from.getFirstCommand());
  auto commands = from.getCommands();
  if (in.fits("commands", commands.size(), kCommandsPerExchangeMax)) {
    down.commands.reserve(commands.size());
    for (uint32_t i = 0; i < commands.size() && in.ok(); ++i) {
      down.commands.push_back(read_command(in, commands[i], i));
    }
  }
  if (!down.commands.empty() && down.first_command == Sequence(0)) {
    in.refuse("firstCommand", "a number from 1", "0");
  }
  down.more = from.getMore();
  down.events_applied = in.sequence("eventsApplied", from.getEventsApplied());
  return down;
}

}  // namespace
}  // namespace codec

void encode(const ExchangeDown& down, wire::ExchangeDown::Builder out) {
  out.setFirstCommand(down.first_command.value());
  if (!down.commands.empty()) {
    auto commands = out.initCommands(static_cast<unsigned>(down.commands.size()));
    for (unsigned i = 0; i < down.commands.size(); ++i) {
      std::visit([&](const auto& command) { codec::put(command, commands[i]); }, down.commands[i]);
    }
  }
  out.setMore(down.more);
  out.setEventsApplied(down.events_applied.value());
}

Result<ExchangeDown> decode(wire::ExchangeDown::Reader in) {
  return codec::decode_message<ExchangeDown>(
      "ExchangeDown", in, kExchangeBytesMax,
      [&](codec::Decoding& decoding) { return codec::read_down(decoding, in); });
}

}  // namespace tyto
