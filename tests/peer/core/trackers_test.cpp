// Several trackers: which one a peer goes to, and when it moves on.
#include <gtest/gtest.h>

#include "peer/core/trackers.h"
#include "tests/support/peer_core_driver.h"

namespace tyto::peer {
namespace {

const Error kRefused{ErrorCode::kUnavailable, "connection refused"};
const Location kHere{"r", "z", "k", "h"};

// Names of the listed trackers in the order in which a peer at kHere takes them.
std::vector<std::string> ranked(const std::vector<std::string>& hosts) {
  TrackerListRef list = listed_trackers(hosts);
  std::vector<std::string> order;
  for (uint32_t i : rank_trackers(*list, home_key(kHere), kHere.region))
    order.push_back((*list)[i].address.host);
  return order;
}
uint64_t id_of(const std::string& host) {
  return static_cast<uint64_t>(host[0] - 'a' + 1);
}

class SeveralTrackers : public testing::Test {
 protected:
  const std::vector<std::string> kHosts = {"a", "b", "c"};
  const std::vector<std::string> order = ranked(kHosts);
  PeerCoreDriver peer;

  // Registered with `host`, of a cluster of three.
  void settle(const std::string& host, uint64_t session = 1) {
    peer.register_with({.session = SessionId(session),
                        .epoch = TrackerEpoch(session),
                        .tracker = MemberId(id_of(host)),
                        .trackers = listed_trackers(kHosts)});
  }
  // A peer that is at home, and reads.
  void begin() {
    peer.start({.location = kHere, .trackers = found_trackers({order[0]})});
    settle(order[0]);
    peer.answer();
    peer.take_effects();
  }
  // Where it has connected to since the last call.
  std::vector<std::string> connects() { return peer.did("connect"); }
  std::string at(const std::string& host, uint32_t attempt) {
    return "connect " + std::to_string(attempt) + " at " + host;
  }
};

TEST_F(SeveralTrackers, ABrokenConnectionIsTriedOnceMoreThenTheNextIsAskedAtOnce) {
  begin();
  peer.lose_tracker();
  peer.pass(Policy{}.reconnect_min);
  EXPECT_EQ(connects(), Texts{at(order[0], 0) + " resume 1"});
  peer.give(RegisterFailed{kRefused});
  peer.pass(Policy{}.reconnect_min);
  EXPECT_EQ(connects(),
            Texts{at(order[1], 1) + " avoids " + std::to_string(id_of(order[0])) + " resume 1"});
}

TEST_F(SeveralTrackers, APeerThatAwaitsAnAnswerLeavesASilentTrackerWithinThreeSeconds) {
  begin();
  peer.open(1);
  peer.take_effects();
  Instant began = peer.now();
  while (connects().empty() && peer.now() < began + Duration::seconds(10))
    peer.pass(Duration::milliseconds(50));
  EXPECT_LE(peer.now() - began, Duration::milliseconds(2'500));
}

TEST_F(SeveralTrackers, AFrozenTrackerIsLeftForTheNextOne) {
  begin();
  peer.open(1);
  peer.take_effects();
  peer.pass(Duration::milliseconds(2'500));
  EXPECT_EQ(connects(),
            Texts{at(order[1], 0) + " avoids " + std::to_string(id_of(order[0])) + " resume 1"});
}

TEST_F(SeveralTrackers, OneThatDoesNotAnswerARegistrationIsPassedOver) {
  begin();
  peer.lose_tracker();
  peer.give(RegisterFailed{kRefused});  // out of order: nothing is asked yet
  peer.pass(Policy{}.reconnect_min);
  peer.take_effects();
  peer.pass(Policy{}.move_within + Policy{}.reconnect_min);
  EXPECT_EQ(connects(),
            Texts{at(order[1], 1) + " avoids " + std::to_string(id_of(order[0])) + " resume 1"});
}

TEST_F(SeveralTrackers, WhenNoneAnswersTheyAreLookedForAnewAndAskedAgain) {
  begin();
  peer.lose_tracker();
  for (std::size_t i = 0; i < kHosts.size(); ++i) {
    peer.pass(Duration::milliseconds(150));
    peer.give(RegisterFailed{kRefused});
  }
  Texts all = peer.did_all();
  EXPECT_EQ(std::count(all.begin(), all.end(), "find trackers"), 1);
  peer.pass(Policy{}.reconnect_min * 2);
  EXPECT_EQ(connects(), Texts{at(order[0], 3) + " resume 1"});
}

TEST_F(SeveralTrackers, ATrackerNamedByAnotherIsGoneToAtOnce) {
  peer.start({.location = kHere, .trackers = found_trackers({"x"})});
  peer.take_effects();
  peer.give(RegisterRedirected{{MemberId(9), MemberId(2), listed_trackers(kHosts)}});
  EXPECT_EQ(connects(), Texts{at("b", 0) + " moves 1"});
}

TEST_F(SeveralTrackers, AFullHomeIsAvoidedForAWhile) {
  peer.start({.location = kHere, .trackers = found_trackers({"b"})});
  peer.take_effects();
  peer.give(RegisterRedirected{{MemberId(2), MemberId(3), listed_trackers(kHosts), true}});
  EXPECT_EQ(connects(), Texts{at("c", 0) + " avoids 2 moves 1"});
}

TEST_F(SeveralTrackers, TrackersThatSendAPeerInACircleAreNotFollowedForEver) {
  peer.start({.location = kHere, .trackers = found_trackers({"a"})});
  for (uint32_t i = 0; i < 2 * kMovesMax; ++i) {
    peer.give(RegisterRedirected{
        {MemberId(1 + i % 2), MemberId(1 + (i + 1) % 2), listed_trackers(kHosts)}});
  }
  EXPECT_EQ(peer.did("connect").size(), 1 + kMovesMax);
  EXPECT_FALSE(peer.core().next_deadline().is_never());
}

TEST_F(SeveralTrackers, APeerToldOfItsHomeGoesThereWhileItsTransfersGoOn) {
  begin();
  peer.open_whole(1, 2);
  peer.answer({assignment(1, 1, 0, peer_source(7))});
  peer.take_effects();
  peer.answer({ListTrackers{listed_trackers(kHosts), MemberId(id_of(order[1]))}});
  peer.take_effects();
  peer.pass(Policy{}.go_jitter);
  Texts did = peer.did();
  EXPECT_EQ(did, Texts{at(order[1], 0) + " resume 1"});  // nothing is cancelled
  settle(order[1], 2);
  EXPECT_EQ(peer.did("inventory"), Texts{"inventory v1:.. 0 from p7"});
  peer.done(1);
  EXPECT_EQ(peer.did("ready"), Texts{"ready v1/0 peer"});
}

TEST_F(SeveralTrackers, AReadOfTheOriginIsDoneBeforeAPeerGoesHome) {
  begin();
  peer.open_whole(1, 2);
  peer.answer({assignment(1, 1, 0, origin())});
  peer.answer({ListTrackers{listed_trackers(kHosts), MemberId(id_of(order[1]))}});
  peer.take_effects();
  for (int i = 0; i < 8; ++i) {
    peer.pass(Duration::milliseconds(500));
    peer.answer();
  }
  EXPECT_EQ(connects(), Texts{});
  peer.done(1);
  peer.pass(Duration::milliseconds(500));
  EXPECT_EQ(connects(), Texts{at(order[1], 0) + " resume 1"});
}

TEST_F(SeveralTrackers, AHomeThatCantBeReachedIsTriedAgainLaterAndTheSessionGoesOn) {
  begin();
  peer.answer({ListTrackers{listed_trackers(kHosts), MemberId(id_of(order[1]))}});
  peer.take_effects();
  peer.pass(Policy{}.go_jitter);
  peer.take_effects();
  peer.give(RegisterFailed{kRefused});
  peer.pass(Policy{}.reconnect_min);
  std::string avoids = " avoids " + std::to_string(id_of(order[1]));
  EXPECT_EQ(connects(), Texts{at(order[0], 1) + avoids + " resume 1"});
  settle(order[0], 1);
  peer.take_effects();
  peer.answer({ListTrackers{listed_trackers(kHosts), MemberId(id_of(order[1]))}});
  constexpr Duration kStep = Duration::milliseconds(500);
  for (Duration passed; passed < Policy{}.avoid_for - Duration::seconds(1); passed += kStep) {
    peer.pass(kStep);
    peer.answer();
  }
  EXPECT_EQ(connects(), Texts{});
}

TEST_F(SeveralTrackers, OneThatHasTooMuchToDoIsAskedAgainNotTheNext) {
  peer.start({.location = kHere, .trackers = found_trackers({"a", "b"})});
  peer.take_effects();
  std::string first = ranked({"a", "b"})[0];
  peer.give(RegisterFailed{{ErrorCode::kOverloaded, "later"}});
  peer.pass(Policy{}.reconnect_min);
  Texts again = connects();
  peer.give(RegisterFailed{{ErrorCode::kOverloaded, "later"}});
  peer.pass(Policy{}.reconnect_min * 2);
  Texts once_more = connects();
  ASSERT_EQ(again.size(), 1u);
  ASSERT_EQ(once_more.size(), 1u);
  EXPECT_EQ(again[0].back(), once_more[0].back());
}

TEST_F(SeveralTrackers, AReaderGoesOnByItselfOnlyWhenNoneAnswers) {
  begin();
  peer.open_whole(1, 1);
  peer.answer({assignment(1, 1, 0, superpeer_source(7))});
  peer.lose_tracker();
  peer.fail(1, FailureKind::kUnreachable);
  peer.take_effects();
  peer.pass(Policy{}.reconnect_min);  // to the first, which is not heard of
  peer.pass(Policy{}.move_within + Policy{}.reconnect_min);
  EXPECT_EQ(peer.did("start"), Texts{});
  peer.pass(Duration::seconds(8));
  EXPECT_FALSE(peer.did("start").empty());
}

TEST_F(SeveralTrackers, APeerWithoutATrackerToAskLooksForOne) {
  PeerCore core(Policy{}, 1);
  Effects effects;
  core.handle(Instant::from_ns(1), StoreLoaded{}, effects);
  EXPECT_EQ(text_of(effects.back()), "find trackers");
  EXPECT_TRUE(core.next_deadline().is_never());
  effects.clear();
  core.handle(Instant::from_ns(2), TrackersFound{nullptr, kRefused}, effects);
  EXPECT_FALSE(core.next_deadline().is_never());
  effects.clear();
  core.handle(core.next_deadline(), TimePassed{}, effects);
  EXPECT_EQ(text_of(effects.back()), "find trackers");
  core.handle(Instant::from_ns(1'000'000'000), TrackersFound{found_trackers({"n"}), {}}, effects);
  EXPECT_EQ(text_of(effects.back()), "connect 0 at n");
}

}  // namespace
}  // namespace tyto::peer
