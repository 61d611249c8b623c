#include "tests/support/peer_core_driver.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tyto::peer {
namespace {

std::string text_of(const VersionId& id) {
  return "v" + std::to_string(id.digest.bytes[0]);
}
std::string text_of(const ChunkId& chunk) {
  return text_of(chunk.version) + "/" + std::to_string(chunk.index.value());
}
std::string text_of(const AssignmentId& id) {
  return "a" + std::to_string(id.n);
}
std::string text_of(const Source& source) {
  if (source.kind == SourceKind::kOrigin) return "origin";
  return (source.kind == SourceKind::kPeer ? "p" : "s") + std::to_string(source.peer.value());
}
std::string range(const VersionId& version, uint32_t first, uint32_t count) {
  return text_of(version) + " " + std::to_string(first) + "+" + std::to_string(count);
}
std::string number(uint64_t value) {
  return std::to_string(value);
}
std::string text_of(const Bitmap& bits) {
  std::string text;
  for (uint32_t i = 0; i < bits.size(); ++i) text += bits.test(i) ? '#' : '.';
  return text;
}
std::string code(const Error& error) {
  return std::string(error_code_name(error.code));
}

std::string text(const OpenRequested& e) {
  std::string t = "open " + number(e.open.value()) + " " + e.bucket + "/" + e.key;
  if (e.pinned) t += " pinned " + text_of(*e.pinned);
  if (e.mode == ReadMode::kStream) {
    t += " window " + number(e.window_first) + "+" + number(e.window_count);
  }
  return t;
}
std::string text(const WindowMoved& e) {
  return "window " + number(e.open.value()) + " " + number(e.first) + "+" + number(e.count);
}
std::string text(const OpenClosed& e) {
  return "closed " + number(e.open.value());
}
std::string text(const ChunkProgressed& e) {
  return "progress " + text_of(e.assignment) + " " + number(e.quarter);
}
std::string text(const ChunkVerified& e) {
  return "verified " + text_of(e.assignment) + " " + text_of(e.chunk) + " " + text_of(e.source) +
         (e.root ? " root" : "") + (e.stored ? "" : " unstored");
}
std::string text(const SourceFailed& e) {
  return "source-failed " + text_of(e.assignment) + " " + text_of(e.chunk) + " " +
         text_of(e.source) + " " + std::string(failure_kind_name(e.kind));
}
std::string text(const AssignmentFailed& e) {
  return "assignment-failed " + text_of(e.assignment) + " " + text_of(e.chunk) + " " +
         text_of(e.source) + " " + std::string(failure_kind_name(e.kind));
}
std::string text(const ChunksDropped& e) {
  return "dropped " + range(e.version, e.first, e.count);
}
std::string text(const EvictionDeferred& e) {
  return "deferred " + range(e.version, e.first, e.count);
}
std::string text(const NameResolved& e) {
  return "resolved " + number(e.resolve.value()) + " " + (e.facts ? "ok" : code(e.error));
}
std::string text(const StoreResized& e) {
  return "resized " + number(e.bytes);
}
std::string text(const Leaving&) {
  return "leaving";
}

std::string text(const ConnectTracker& e) {
  std::string t = "connect " + number(e.attempt);
  if (e.tracker.host != "t") t += " at " + e.tracker.host;
  for (MemberId id : e.avoids) t += " avoids " + number(id.value());
  if (e.moves > 0) t += " moves " + number(e.moves);
  if (e.resume_session != SessionId()) t += " resume " + number(e.resume_session.value());
  return t;
}
std::string text(const SendInventory& e) {
  std::string t = "inventory";
  for (const auto& page : e.pages) {
    for (const auto& entry : page.entries) {
      t += " " + text_of(entry.version) + ":" + text_of(entry.chunks);
      if (!entry.roots.empty()) t += " " + number(entry.roots.size()) + " roots";
      for (const ChunkUnderway& one : entry.underway)
        t += " " + number(one.chunk) + " from " + text_of(one.source);
    }
  }
  return t;
}
std::string text(const SendExchange& e) {
  std::string t = e.up.park > Duration() ? "exchange parked" : "exchange pressing";
  for (std::size_t i = 0; i < e.up.events.size(); ++i) {
    t += (i == 0 ? " [" : "; ") + tyto::peer::text_of(e.up.events[i]);
  }
  return e.up.events.empty() ? t : t + "]";
}
std::string text(const StartTransfer& e) {
  return "start t" + number(e.transfer.value()) + " " + text_of(ChunkId{e.facts->id, e.chunk}) +
         " from " + text_of(e.source) + (e.root ? " root" : "") +
         (e.is_fallback ? " fallback" : "") + (e.without_tracker ? " alone" : "");
}
std::string text(const DropPartial& e) {
  return "drop-partial " + text_of(e.chunk);
}
std::string text(const CancelTransfer& e) {
  return "cancel t" + number(e.transfer.value());
}
std::string text(const RememberVersion& e) {
  return "remember " + text_of(e.facts->id);
}
std::string text(const DropChunks& e) {
  return "drop " + range(e.version, e.first, e.count);
}
std::string text(const LimitsSet& e) {
  return "limits " + number(e.limits.uploads_max);
}
std::string text(const TicketRenewed& e) {
  return "ticket b" + number(e.bucket.value());
}
std::string text(const ResolveName& e) {
  return "resolve " + number(e.resolve.resolve.value()) + " " + e.resolve.key;
}
std::string text(const OpenSucceeded& e) {
  return "opened " + number(e.open.value()) + " " + text_of(e.facts->id);
}
std::string text(const OpenFailed& e) {
  return "failed " + number(e.open.value()) + " " + code(e.error);
}
std::string text(const OpenWaits& e) {
  return "waits " + number(e.open.value()) + " " + std::string(waits_for_name(e.wait.what)) + " " +
         number(e.wait.place);
}
std::string text(const ChunkReady& e) {
  static constexpr const char* kKinds[] = {"peer", "superpeer", "origin"};
  return "ready " + text_of(e.chunk) + " " + kKinds[static_cast<int>(e.from)];
}
std::string text(const EnsureAnswered& e) {
  return "ensured " + number(e.request) + (e.is_here ? " yes" : " no");
}
std::string text(const FindTrackers&) {
  return "find trackers";
}
std::string text(const LeaveDone&) {
  return "left";
}
std::string text(const TrackerStateChanged& e) {
  static constexpr const char* kStates[] = {"connecting", "connected", "lost"};
  return std::string("tracker ") + kStates[static_cast<int>(e.state)];
}

}  // namespace

std::string text_of(const Effect& effect) {
  return std::visit([](const auto& e) { return text(e); }, effect);
}
std::string text_of(const Event& event) {
  return std::visit([](const auto& e) { return text(e); }, event);
}

VersionId version_id(uint8_t n) {
  VersionId id;
  id.digest.bytes[0] = n;
  return id;
}

VersionFacts facts_of(uint8_t n, uint32_t chunks) {
  VersionFacts facts;
  facts.id = version_id(n);
  facts.bucket = BucketId(1);
  facts.bucket_name = "b";
  facts.key = "k" + number(n);
  facts.chunking = {uint64_t{chunks} * kChunkBytesMin, kChunkBytesMin};
  facts.origin.url = "http://origin/k" + number(n);
  return facts;
}

VersionFactsRef shared(VersionFacts facts) {
  return std::make_shared<const VersionFacts>(std::move(facts));
}

Source peer_source(uint64_t id, uint16_t generation) {
  return {
      SourceKind::kPeer, PeerId(id), {"10.0.0." + number(id % 250), 7000}, Generation(generation)};
}
Source superpeer_source(uint64_t id) {
  return {SourceKind::kSuperpeer, PeerId(id), {"10.1.0." + number(id % 250), 7000}, Generation(0)};
}
Source origin() {
  return Source{.kind = SourceKind::kOrigin};
}

Digest root_of(uint8_t n) {
  Digest root;
  root.bytes[31] = n;
  return root;
}

AssignmentId assignment_id(uint64_t n) {
  return {TrackerEpoch(1), n};
}

InventoryEntry inventory(uint8_t version, const std::string& held) {
  auto chunks = static_cast<uint32_t>(held.size());
  InventoryEntry entry{version_id(version), facts_of(version, chunks).chunking, Bitmap(chunks), {}};
  for (uint32_t i = 0; i < chunks; ++i) {
    if (held[i] == '#') entry.chunks.set(i);
  }
  return entry;
}

TrackerListRef found_trackers(const std::vector<std::string>& hosts) {
  TrackerList list;
  for (const std::string& host : hosts) list.push_back({MemberId(), {host, 7400}, ""});
  return std::make_shared<const TrackerList>(std::move(list));
}
TrackerListRef listed_trackers(const std::vector<std::string>& hosts) {
  TrackerList list = *found_trackers(hosts);
  for (std::size_t i = 0; i < list.size(); ++i) list[i].id = MemberId(i + 1);
  return std::make_shared<const TrackerList>(std::move(list));
}

Command describe(uint8_t version, uint32_t chunks) {
  return Describe{shared(facts_of(version, chunks))};
}
Command opened(uint64_t open, uint8_t version) {
  return Opened{OpenId(open), version_id(version), {}};
}
Command open_ended(uint64_t open, ErrorCode error) {
  return OpenEnded{OpenId(open), {error, "as the test says"}};
}
Command evict(uint8_t version, uint32_t first, uint32_t count) {
  return Evict{version_id(version), first, count, {}};
}
Command cancel(uint64_t assignment) {
  return Cancel{assignment_id(assignment)};
}
Command resolve(uint64_t id, const std::string& key) {
  return Resolve{ResolveId(id), BucketId(1), "b", key, "http://origin/" + key};
}
Assign assignment(uint64_t n, uint8_t version, uint32_t chunk, Source source,
                  std::vector<Source> fallbacks) {
  return {.assignment = assignment_id(n),
          .chunk = {version_id(version), ChunkIndex(chunk)},
          .source = std::move(source),
          .fallbacks = std::move(fallbacks),
          .generation = Generation(1),
          .patience = Duration::milliseconds(800)};
}

PeerCoreDriver::PeerCoreDriver(const Policy& policy, uint64_t seed) : core_(policy, seed) {}

void PeerCoreDriver::start(StoreLoaded loaded) {
  if (loaded.trackers == nullptr) loaded.trackers = found_trackers({"t"});
  give(std::move(loaded));
}

void PeerCoreDriver::give(Input input) {
  std::size_t first_new = effects_.size();
  if (std::holds_alternative<ExchangeAnswered>(input) ||
      std::holds_alternative<ExchangeRefused>(input))
    exchanges_open_ -= exchanges_open_ > 0 ? 1 : 0;
  core_.handle(now_, std::move(input), effects_);
  for (std::size_t i = first_new; i < effects_.size(); ++i) {
    if (const auto* exchange = std::get_if<SendExchange>(&effects_[i])) note(*exchange);
    if (std::holds_alternative<ConnectTracker>(effects_[i])) exchanges_open_ = 0;
  }
  EXPECT_LE(exchanges_open_, kExchangesOpenMax);
}

void PeerCoreDriver::note(const SendExchange& exchange) {
  ++exchanges_open_;
  if (exchange.up.events.empty()) return;
  EXPECT_LE(exchange.up.first_event.value(), events_seen_ + 1) << "events are missing";
  uint64_t last = exchange.up.first_event.value() + exchange.up.events.size() - 1;
  events_seen_ = std::max(events_seen_, last);
}

void PeerCoreDriver::register_with(RegisterReply reply) {
  events_seen_ = 0;
  commands_sent_ = 0;
  give(Registered{std::move(reply)});
}

void PeerCoreDriver::register_anew(std::vector<SuperpeerListed> superpeers) {
  ++epoch_;
  RegisterReply reply{.session = SessionId(epoch_), .epoch = TrackerEpoch(epoch_)};
  reply.superpeers = std::move(superpeers);
  register_with(std::move(reply));
}

void PeerCoreDriver::register_resumed() {
  give(Registered{{.session = SessionId(epoch_), .epoch = TrackerEpoch(epoch_), .resumed = true}});
}

void PeerCoreDriver::connect(StoreLoaded loaded, std::vector<SuperpeerListed> superpeers) {
  start(std::move(loaded));
  register_anew(std::move(superpeers));
  give(InventorySent{});
  take_effects();
}

void PeerCoreDriver::lose_tracker() {
  exchanges_open_ = 0;
  give(Disconnected{{ErrorCode::kUnavailable, "connection reset"}});
}

void PeerCoreDriver::answer(std::vector<Command> commands) {
  ASSERT_GT(exchanges_open_, 0u) << "no exchange is open to be answered";
  ExchangeDown down{.first_command = Sequence(commands_sent_ + 1),
                    .commands = std::move(commands),
                    .events_applied = Sequence(events_seen_)};
  commands_sent_ += down.commands.size();
  give(ExchangeAnswered{std::move(down)});
}

void PeerCoreDriver::open(uint64_t id, const std::string& key) {
  give(OpenAsked{{.open = OpenId(id), .bucket = "b", .key = key}});
}

void PeerCoreDriver::open_stream(uint64_t id, uint32_t first, uint32_t count) {
  give(OpenAsked{{.open = OpenId(id),
                  .bucket = "b",
                  .key = "k1",
                  .mode = ReadMode::kStream,
                  .window_first = first,
                  .window_count = count}});
}

void PeerCoreDriver::open_whole(uint64_t id, uint32_t chunks) {
  open(id);
  answer({describe(1, chunks), opened(id, 1)});
  take_effects();
}

void PeerCoreDriver::done(uint64_t transfer, bool stored) {
  give(TransferDone{TransferId(transfer), root_of(1), stored, kChunkBytesMin});
}

void PeerCoreDriver::fail(uint64_t transfer, FailureKind kind) {
  give(TransferFailed{TransferId(transfer), kind, 100, "as the test says"});
}

void PeerCoreDriver::pass(Duration span) {
  Instant end = now_ + span;
  for (int wakes = 0; core_.next_deadline() <= end; ++wakes) {
    ASSERT_LT(wakes, 100'000) << "the core never rests";
    now_ = std::max(now_, core_.next_deadline());
    give(TimePassed{});
    ASSERT_GT(core_.next_deadline(), now_) << "the core wants to be woken at once";
  }
  now_ = end;
}

Effects PeerCoreDriver::take_effects() {
  Effects taken;
  taken.swap(effects_);
  return taken;
}

Texts PeerCoreDriver::did_all() {
  Texts texts;
  for (const Effect& effect : take_effects()) texts.push_back(text_of(effect));
  return texts;
}

Texts PeerCoreDriver::did() {
  Texts texts = did_all();
  std::erase_if(texts, [](const std::string& t) {
    return t.starts_with("limits") || t == "exchange parked" || t == "exchange pressing" ||
           t == "find trackers";
  });
  return texts;
}

Texts PeerCoreDriver::did(const std::string& verb) {
  Texts texts = did_all();
  std::erase_if(texts, [&](const std::string& t) { return !t.starts_with(verb); });
  return texts;
}

Texts PeerCoreDriver::told() {
  Texts texts;
  for (const Effect& effect : take_effects()) {
    const auto* exchange = std::get_if<SendExchange>(&effect);
    if (exchange == nullptr) continue;
    for (const Event& event : exchange->up.events) texts.push_back(text_of(event));
  }
  return texts;
}

}  // namespace tyto::peer
