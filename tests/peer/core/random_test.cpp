// Throws everything at a core, sense and nonsense alike, and holds what it does against what must
// be true of it whatever happens.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "base/rng.h"
#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

constexpr uint32_t kVersions = 4;
constexpr uint32_t kChunks = 12;

// A handle as the program sees it.
struct Handle {
  OpenRequested request;
  VersionFactsRef facts;  // null until it succeeded

  // Whether all it wants is held.
  bool is_satisfied(const PeerCore& core) const {
    if (!facts) return false;
    uint64_t first = 0;
    uint64_t end = facts->chunking.chunk_count();
    if (request.mode == ReadMode::kStream) {
      first = request.window_first;
      end = std::min(end, first + request.window_count);
    }
    for (; first < end; ++first) {
      if (!core.holds({facts->id, ChunkIndex(static_cast<uint32_t>(first))})) return false;
    }
    return true;
  }
};

// What must hold of a core's effects, seen from outside.
class Checker {
 public:
  void before(const Input& input) {
    if (const auto* done = std::get_if<TransferDone>(&input)) end(done->transfer);
    if (const auto* failed = std::get_if<TransferFailed>(&input)) end(failed->transfer);
    if ((std::holds_alternative<ExchangeAnswered>(input) ||
         std::holds_alternative<ExchangeRefused>(input)) &&
        exchanges_ > 0)
      --exchanges_;
    // What a refused exchange brought is sent again.
    if (std::holds_alternative<ExchangeRefused>(input)) next_event_.reset();
    if (std::holds_alternative<Disconnected>(input)) exchanges_ = 0;
    if (const auto* in = std::get_if<Registered>(&input)) {
      was_resumed_ = in->reply.resumed;
      is_registering_ = false;
    }
    if (const auto* asked = std::get_if<OpenAsked>(&input)) {
      opens_.try_emplace(asked->request.open, Handle{asked->request, nullptr});
    }
    if (const auto* moved = std::get_if<WindowAsked>(&input)) {
      auto found = opens_.find(moved->open);
      if (found != opens_.end() && found->second.request.mode == ReadMode::kStream) {
        found->second.request.window_first = moved->first;
        found->second.request.window_count = moved->count;
      }
    }
    if (const auto* closed = std::get_if<CloseAsked>(&input)) opens_.erase(closed->open);
    if (const auto* asked = std::get_if<EnsureAsked>(&input)) ensures_.insert(asked->request);
  }

  void after(const Effects& effects) {
    for (const Effect& effect : effects) {
      ++effects_seen_[effect.index()];
      std::visit([this](const auto& e) { check(e); }, effect);
    }
  }

  // How often each kind of effect and of event was seen.
  const std::map<std::size_t, int>& effects_seen() const { return effects_seen_; }
  const std::map<std::size_t, int>& events_seen() const { return events_seen_; }

  const std::map<TransferId, ChunkId>& running() const { return running_; }
  const std::map<OpenId, Handle>& opens() const { return opens_; }
  const std::set<uint64_t>& ensures() const { return ensures_; }
  const std::vector<DropChunks>& drops() const { return drops_; }
  std::vector<DropChunks>& drops() { return drops_; }
  const std::vector<ResolveId>& resolves() const { return resolves_; }
  uint32_t exchanges() const { return exchanges_; }
  uint64_t highest_event() const { return highest_event_; }
  uint32_t sessions() const { return sessions_; }  // begun anew
  bool is_registering() const { return is_registering_; }

 private:
  void end(TransferId id) {
    auto found = running_.find(id);
    if (found == running_.end()) return;
    if (--busy_[found->second] == 0) busy_.erase(found->second);
    running_.erase(found);
  }
  template <class Any>
  void check(const Any&) {}
  void check(const ConnectTracker&) {
    exchanges_ = 0;
    is_registering_ = true;
  }
  void check(const TrackerStateChanged& e) {
    if (e.state != TrackerState::kConnected || !e.detail.empty()) return;
    next_event_.reset();
    if (was_resumed_) return;
    highest_event_ = 0;
    ++sessions_;
  }
  void check(const SendExchange& e) {
    EXPECT_LE(++exchanges_, kExchangesOpenMax);
    EXPECT_LE(e.up.events.size(), kEventsPerExchangeMax);
    for (const Event& event : e.up.events) ++events_seen_[event.index()];
    if (e.up.events.empty()) return;
    uint64_t first = e.up.first_event.value();
    if (next_event_) {
      EXPECT_EQ(first, *next_event_) << "numbers have a gap or a repeat";
    }
    EXPECT_LE(first, highest_event_ + 1) << "events were skipped";
    next_event_ = first + e.up.events.size();
    highest_event_ = std::max(highest_event_, *next_event_ - 1);
  }
  void check(const StartTransfer& e) {
    ASSERT_TRUE(e.facts);
    ASSERT_LT(e.chunk.value(), e.facts->chunking.chunk_count());
    ChunkId chunk{e.facts->id, e.chunk};
    EXPECT_LE(++busy_[chunk], 2) << "a hedge is one more transfer, not several";
    if (busy_[chunk] > 1) {
      EXPECT_NE(e.source.kind, SourceKind::kOrigin) << "the origin is no hedge";
    }
    EXPECT_GT(e.transfer.value(), last_transfer_) << "a number was used again";
    EXPECT_GT(e.patience, Duration());
    last_transfer_ = e.transfer.value();
    running_[e.transfer] = chunk;
  }
  void check(const CancelTransfer& e) {
    EXPECT_TRUE(running_.count(e.transfer)) << "cancelled what does not run";
    end(e.transfer);
  }
  void check(const DropChunks& e) { drops_.push_back(e); }
  void check(const ResolveName& e) { resolves_.push_back(e.resolve.resolve); }
  void check(const OpenSucceeded& e) {
    auto found = opens_.find(e.open);
    ASSERT_NE(found, opens_.end()) << "opened what was not asked for";
    EXPECT_FALSE(found->second.facts) << "opened twice";
    found->second.facts = e.facts;
  }
  void check(const OpenFailed& e) {
    EXPECT_EQ(opens_.erase(e.open), 1u) << "failed what was not open";
    EXPECT_FALSE(e.error.message.empty());
  }
  void check(const EnsureAnswered& e) {
    EXPECT_EQ(ensures_.erase(e.request), 1u) << "answered what was not asked";
  }
  void check(const ChunkReady& e) { EXPECT_GT(e.chunk.version.digest.bytes[0], 0); }

  std::map<std::size_t, int> effects_seen_;
  std::map<std::size_t, int> events_seen_;
  std::map<TransferId, ChunkId> running_;
  std::map<ChunkId, int> busy_;
  std::map<OpenId, Handle> opens_;
  std::set<uint64_t> ensures_;
  std::vector<DropChunks> drops_;
  std::vector<ResolveId> resolves_;
  std::optional<uint64_t> next_event_;
  uint64_t highest_event_ = 0;
  uint64_t last_transfer_ = 0;
  uint32_t exchanges_ = 0;
  uint32_t sessions_ = 0;
  bool is_registering_ = false;
  bool was_resumed_ = false;
};

// One seeded run. Its whole trace is a hash.
class Storm {
 public:
  Storm(uint64_t seed, const Policy& policy) : rng_(seed, 1), core_(policy, seed) {
    give(StoreLoaded{
        {version(1), version(2)}, {inventory(1, "##..##..##..")}, {}, found_trackers({"t", "u"})});
  }

  void rage(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) step();
  }

  void leave() { give(LeaveAsked{Duration::seconds(1)}); }

  // From now on no tracker answers, no source delivers, and nobody asks for anything new.
  void calm_without_tracker(Duration span) {
    Instant end = now_ + span;
    give(Disconnected{{ErrorCode::kUnavailable, "gone"}});
    while (now_ < end && !testing::Test::HasFailure()) {
      while (!checker_.running().empty()) {
        give(TransferFailed{checker_.running().begin()->first, FailureKind::kUnreachable, 0, ""});
      }
      if (checker_.is_registering()) give(RegisterFailed{{ErrorCode::kUnavailable, "gone"}});
      Instant next = core_.next_deadline();
      if (next > end) break;
      ASSERT_GT(next, now_);
      now_ = next;
      give(TimePassed{});
    }
  }

  const Checker& checker() const { return checker_; }
  const PeerCore& core() const { return core_; }
  uint64_t trace() const { return trace_; }

 private:
  static VersionFactsRef version(uint32_t n) {
    return shared(facts_of(static_cast<uint8_t>(n), kChunks));
  }
  bool chance(uint32_t percent) { return rng_.below(100) < percent; }
  uint8_t some_version() { return static_cast<uint8_t>(1 + rng_.below(kVersions + 1)); }
  uint32_t some_chunk() { return rng_.below(chance(5) ? 2 * kChunks : kChunks); }
  uint64_t some_open() { return 1 + rng_.below(12); }
  Source some_source() {
    switch (rng_.below(3)) {
      case 0: return origin();
      case 1: return superpeer_source(1 + rng_.below(3));
      default: return peer_source(1 + rng_.below(6), static_cast<uint16_t>(rng_.below(3)));
    }
  }
  TransferId some_transfer() {
    const auto& running = checker_.running();
    if (running.empty() || chance(5)) return TransferId(rng_.below(200));
    auto at = running.begin();
    std::advance(at, rng_.below(static_cast<uint32_t>(running.size())));
    return at->first;
  }

  void give(Input input) {
    checker_.before(input);
    Effects effects;
    uint32_t sessions = checker_.sessions();
    core_.handle(now_, std::move(input), effects);
    checker_.after(effects);
    if (checker_.sessions() != sessions) next_command_ = 1;
    for (const Effect& effect : effects) {
      for (char c : text_of(effect)) trace_ = mix64(trace_ ^ static_cast<uint8_t>(c));
    }
    EXPECT_GT(core_.next_deadline(), now_) << "the core wants to be woken at once";
    EXPECT_LT(core_.memory_bytes(), 1'000'000u);
  }

  void step() {
    if (chance(30)) pass();
    if (checker_.is_registering() && chance(60)) return give(registration());
    switch (rng_.below(10)) {
      case 0: return give(program_input());
      case 1: return give(program_input());
      case 2:
      case 3:
      case 4: return give(transfer_input());
      case 5: return give(store_input());
      case 6: return chance(10) ? give(connection_input()) : give(InventorySent{});
      default: return give(exchange_answer());
    }
  }

  void pass() {
    Instant next = core_.next_deadline();
    Instant random = now_ + Duration::microseconds(rng_.below(chance(5) ? 5'000'000 : 20'000));
    now_ = std::min(next, random);
    if (now_ == next) give(TimePassed{});
  }

  Input registration() {
    if (chance(30)) return RegisterFailed{{ErrorCode::kUnavailable, "refused"}};
    bool resumed = chance(50);
    if (!resumed) ++epoch_;
    RegisterReply reply{
        .session = SessionId(epoch_), .epoch = TrackerEpoch(epoch_), .resumed = resumed};
    for (uint32_t i = 1 + rng_.below(3); i > 0; --i) {
      Source source = superpeer_source(i);
      reply.superpeers.push_back({source.peer, source.address});
    }
    return Registered{reply};
  }

  Input program_input() {
    OpenId id(some_open());
    switch (rng_.below(5)) {
      case 0:
      case 1: {
        OpenRequested request{.open = OpenId(++last_open_), .bucket = "b", .key = "k"};
        request.mode = chance(50) ? ReadMode::kStream : ReadMode::kWhole;
        request.window_first = some_chunk();
        request.window_count = rng_.below(5);
        return OpenAsked{request};
      }
      case 2: return WindowAsked{any_open(), some_chunk(), rng_.below(6)};
      case 3: return CloseAsked{chance(50) ? any_open() : id};
      default:
        return EnsureAsked{++last_ensure_, {version_id(some_version()), ChunkIndex(some_chunk())}};
    }
  }
  OpenId any_open() { return OpenId(1 + rng_.below(static_cast<uint32_t>(last_open_ + 1))); }

  Input transfer_input() {
    TransferId id = some_transfer();
    switch (rng_.below(4)) {
      case 0: return TransferProgressed{id, static_cast<uint8_t>(rng_.below(6))};
      case 1:
        return TransferFailed{id, static_cast<FailureKind>(rng_.below(12)), rng_.below(1000),
                              "random \x01\xff", chance(50)};
      default: return TransferDone{id, root_of(1), !chance(10), kChunkBytesMin};
    }
  }

  Input store_input() {
    auto& drops = checker_.drops();
    if (!drops.empty() && chance(80)) {
      DropChunks drop = drops.back();
      drops.pop_back();
      return ChunksLost{drop.version, drop.first, drop.count};
    }
    if (chance(50) && !checker_.resolves().empty()) {
      ResolveDone done{.resolve = checker_.resolves().back()};
      if (chance(50)) done.facts = facts_of(3, kChunks);
      return done;
    }
    return ChunksLost{version_id(some_version()), some_chunk(), rng_.below(4)};
  }

  Input connection_input() {
    switch (rng_.below(6)) {
      case 0: return Registered{};
      case 4: return TrackersFound{chance(50) ? found_trackers({"t", "v"}) : nullptr, {}};
      case 5:
        return RegisterRedirected{{MemberId(1), MemberId(1 + rng_.below(4)),
                                   listed_trackers({"a", "b", "c"}), chance(30)}};
      case 1: return RegisterFailed{{ErrorCode::kOverloaded, "not now"}};
      case 2: return StoreLoaded{};
      default: return Disconnected{{ErrorCode::kUnavailable, "reset"}};
    }
  }

  Input exchange_answer() {
    if (chance(3))
      return ExchangeRefused{{ErrorCode::kOverloaded, "not now"},
                             Duration::milliseconds(rng_.below(3000))};
    ExchangeDown down;
    down.events_applied = Sequence(chance(1) ? rng_.below(500) : checker_.highest_event());
    down.first_command = Sequence(next_command_);
    uint32_t back = chance(10) ? rng_.below(3) : 0;  // repeats
    if (back < next_command_) down.first_command = Sequence(next_command_ - back);
    if (chance(1)) down.first_command = Sequence(rng_.next32());
    for (uint32_t i = back + rng_.below(6); i > 0; --i) down.commands.push_back(command());
    down.more = chance(10);
    if (down.first_command.value() + down.commands.size() > next_command_ &&
        down.first_command.value() <= next_command_ && checker_.exchanges() > 0) {
      next_command_ = down.first_command.value() + down.commands.size();
    }
    return ExchangeAnswered{down};
  }

  Command command() {
    uint8_t n = some_version();
    switch (rng_.below(13)) {
      case 12: return ShowWait{any_open(), {WaitsFor::kOriginBudget, rng_.below(9), Duration{}}};
      case 0: return SetLimits{rng_.below(9)};
      case 1: return Cancel{assignment_id(last_assignment_ - rng_.below(8))};
      case 2: return Evict{version_id(n), some_chunk(), rng_.below(5)};
      case 3:
      case 4: return chance(2) ? Command(Describe{}) : Command(Describe{version(n)});
      case 5:
      case 6: return Opened{any_open(), version_id(n), {}};
      case 7:
        if (chance(80)) return SetLimits{};
        return OpenEnded{any_open(), {ErrorCode::kNotFound, "no such object"}};
      case 8: return resolve(rng_.below(5), "k");
      default: {
        Assign order = assignment(++last_assignment_, n, some_chunk(), some_source());
        for (uint32_t i = rng_.below(chance(2) ? 9 : 4); i > 0; --i) {
          order.fallbacks.push_back(some_source());
        }
        if (chance(5)) order.patience = Duration();
        order.is_hedge = chance(20);
        return order;
      }
    }
  }

  Rng rng_;
  PeerCore core_;
  Checker checker_;
  Instant now_ = Instant::from_ns(1'000'000'000);
  uint64_t trace_ = 0;
  uint64_t epoch_ = 0;
  uint64_t next_command_ = 1;
  uint64_t last_open_ = 0;
  uint64_t last_ensure_ = 0;
  uint64_t last_assignment_ = 100;
};

Policy policy_for(uint64_t seed) {
  Policy policy;
  if (seed % 3 == 0) policy.role = Role::kSuperpeer;
  policy.serves_orphans = seed % 3 == 0;
  policy.progress_after = Duration::milliseconds(5);  // few transfers of a storm last long
  return policy;
}

class RandomInputs : public testing::TestWithParam<uint64_t> {};

TEST_P(RandomInputs, NeverBreakWhatMustHold) {
  for (uint64_t i = 0; i < 8; ++i) {
    uint64_t seed = GetParam() * 8 + i;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Storm storm(seed, policy_for(seed));
    storm.rage(4'000);
    if (HasFailure()) return;
  }
}

TEST_P(RandomInputs, ReachEveryKindOfEffectAndEvent) {
  Storm storm(GetParam() * 3, policy_for(0));
  storm.rage(20'000);
  storm.leave();
  storm.rage(2'000);
  const Checker& checker = storm.checker();
  for (std::size_t i = 0; i < std::variant_size_v<Effect>; ++i) {
    bool is_ticket = i == Effect(TicketRenewed{}).index();  // the storm has none
    EXPECT_EQ(checker.effects_seen().count(i), is_ticket ? 0u : 1u) << "effect " << i;
  }
  for (std::size_t i = 0; i < std::variant_size_v<Event>; ++i) {
    if (i == Event(StoreResized{}).index()) continue;  // no input leads to it
    if (i == Event(Leaving{}).index()) continue;       // told only to a tracker that is there
    EXPECT_EQ(checker.events_seen().count(i), 1u) << "event " << i;
  }
}

TEST_P(RandomInputs, GiveTheSameEffectsEachTime) {
  uint64_t traces[2];
  for (uint64_t& trace : traces) {
    Storm storm(GetParam(), policy_for(GetParam()));
    storm.rage(2'000);
    trace = storm.trace();
  }
  EXPECT_EQ(traces[0], traces[1]);
  Storm other(GetParam() + 1, policy_for(GetParam()));
  other.rage(2'000);
  EXPECT_NE(other.trace(), traces[0]);
}

TEST_P(RandomInputs, EverythingThatWaitsEndsWhenTheTrackerAndAllSourcesAreGone) {
  for (uint64_t i = 0; i < 8; ++i) {
    uint64_t seed = 1000 + GetParam() * 8 + i;
    SCOPED_TRACE("seed " + std::to_string(seed));
    Storm storm(seed, policy_for(seed));
    storm.rage(1'000);
    storm.calm_without_tracker(Duration::seconds(300));
    if (HasFailure()) return;
    EXPECT_TRUE(storm.checker().running().empty());
    EXPECT_TRUE(storm.checker().ensures().empty());
    for (const auto& [id, handle] : storm.checker().opens()) {
      EXPECT_TRUE(handle.is_satisfied(storm.core())) << "handle " << id.value() << " hangs";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomInputs, testing::Range<uint64_t>(0, 8));

}  // namespace
}  // namespace tyto::peer
