// Which peers a tracker of several takes, and which it sends on.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>

#include "tracker/core/cluster/homes.h"
#include "tracker/core/tracker_core.h"

namespace tyto::tracker {
namespace {

Members members(const std::vector<uint64_t>& ids, const std::string& region = "") {
  Members all{.serial = 1};
  for (uint64_t id : ids)
    all.members.push_back({MemberId(id), {"t" + std::to_string(id), 7400}, region});
  return all;
}

RegisterRequest request(uint64_t peer, const std::string& rack) {
  RegisterRequest r;
  r.peer = PeerId(peer);
  r.name = "p";
  r.location = *Location::parse("r/z/" + rack + "/h" + std::to_string(peer));
  r.store_bytes = 1 << 20;
  return r;
}

// One tracker, and what became of registrations.
struct Tracker {
  explicit Tracker(uint64_t self = 1, const std::vector<uint64_t>& ids = {1, 2, 3}) {
    give(CatalogLoaded{TrackerEpoch(1), true});
    give(MembersChanged{MemberId(self), members(ids)});
  }
  void give(Input input) {
    Effects effects;
    core.handle(now, std::move(input), effects);
    for (Effect& effect : effects) {
      if (auto* moved = std::get_if<RegisterMovedOn>(&effect)) last_moved = moved->moved;
      if (auto* taken = std::get_if<RegisterAnswered>(&effect)) last_reply = taken->reply;
      if (auto* answered = std::get_if<ExchangeAnswered>(&effect)) {
        for (const Command& command : answered->down.commands)
          if (auto* list = std::get_if<ListTrackers>(&command)) told[answered->session] = *list;
      }
    }
  }
  // Nothing: it was taken.
  std::optional<RegisterMoved> join(const RegisterRequest& r) {
    last_moved.reset();
    last_reply.reset();
    give(RegisterArrived{ConnectionId(++connections), r});
    EXPECT_NE(last_moved.has_value(), last_reply.has_value());
    return last_moved;
  }
  void park(SessionId session) {
    ExchangeUp up;
    up.park = Duration::seconds(60);
    give(ExchangeArrived{session, ExchangeToken(++tokens), up});
  }
  void pass(Duration span) {
    Instant end = now + span;
    while (core.next_deadline() <= end) {
      now = std::max(now, core.next_deadline());
      give(TimePassed{});
    }
    now = end;
  }

  TrackerCore core{Config{}};
  Instant now = Instant::from_ns(1'000'000'000);
  std::optional<RegisterMoved> last_moved;
  std::optional<RegisterReply> last_reply;
  std::map<SessionId, ListTrackers> told;
  uint64_t connections = 0;
  uint64_t tokens = 0;
};

// A rack whose home, of these three, is the tracker.
std::string rack_of(uint64_t home, int skip = 0) {
  for (int i = 0;; ++i) {
    std::string rack = "k" + std::to_string(i);
    TrackerList list{{MemberId(1), {"t1", 7400}, ""},
                     {MemberId(2), {"t2", 7400}, ""},
                     {MemberId(3), {"t3", 7400}, ""}};
    uint32_t first = rank_trackers(list, home_key(request(1, rack).location), "r").front();
    if (list[first].id == MemberId(home) && skip-- == 0) return rack;
  }
}

TEST(Homes, AllTrackersNameTheSameHomeForARack) {
  for (uint64_t home = 1; home <= 3; ++home) {
    std::string rack = rack_of(home);
    for (uint64_t self = 1; self <= 3; ++self) {
      auto moved = Tracker(self).join(request(1, rack));
      EXPECT_EQ(moved.has_value(), self != home);
      if (!moved) continue;
      EXPECT_EQ(moved->home, MemberId(home));
      EXPECT_EQ(moved->from, MemberId(self));
      EXPECT_EQ(moved->trackers->size(), 3u);
    }
  }
}

TEST(Homes, ATrackerThatIsAloneTakesEverybodyAndListsNobody) {
  Tracker tracker(1, {1});
  EXPECT_FALSE(tracker.join(request(1, rack_of(2))));
  EXPECT_EQ(tracker.last_reply->trackers, nullptr);
}

TEST(Homes, PeersOfTheVersionBeforeAreServedWhereTheyAre) {
  Tracker tracker;
  RegisterRequest old = request(1, rack_of(2));
  old.protocol_version = 2;
  EXPECT_FALSE(tracker.join(old));
  EXPECT_EQ(tracker.last_reply->trackers, nullptr);
}

TEST(Homes, WhoCannotReachItsHomeIsServedByTheNext) {
  RegisterRequest r = request(1, rack_of(2));
  r.avoids = {MemberId(2)};
  int served = 0;
  for (uint64_t self : {1, 3}) served += Tracker(self).join(r) ? 0 : 1;
  EXPECT_EQ(served, 1);
}

TEST(Homes, WhoWasSentOnTooOftenStays) {
  Tracker tracker;
  RegisterRequest r = request(1, rack_of(2));
  r.moves = kMovesMax;
  EXPECT_FALSE(tracker.join(r));
}

TEST(Homes, AFullTrackerPassesOnRacksOfWhichItHasNoPeer) {
  Tracker tracker;
  std::string known = rack_of(1);
  for (uint64_t i = 1; i <= kLoadFree; ++i) EXPECT_FALSE(tracker.join(request(i, known)));
  EXPECT_FALSE(tracker.join(request(1000, known)));  // its rack is here
  auto moved = tracker.join(request(1001, rack_of(1, 1)));
  ASSERT_TRUE(moved);
  EXPECT_TRUE(moved->is_passed_on);
  EXPECT_NE(moved->home, MemberId(1));
}

TEST(Homes, RacksAreSpreadEvenly) {
  std::map<MemberId, int> racks;
  TrackerList list;
  for (uint64_t id = 1; id <= 8; ++id) list.push_back({MemberId(id), {"t", 1}, ""});
  for (int i = 0; i < 8'000; ++i) {
    uint64_t key = home_key(request(1, "k" + std::to_string(i)).location);
    ++racks[list[rank_trackers(list, key, "").front()].id];
  }
  for (const auto& [id, count] : racks) {
    EXPECT_GT(count, 850);
    EXPECT_LT(count, 1150);
  }
}

TEST(Homes, OfATrackerThatGoesOnlyItsOwnRacksMove) {
  TrackerList all;
  for (uint64_t id = 1; id <= 5; ++id) all.push_back({MemberId(id), {"t", 1}, ""});
  TrackerList fewer(all.begin(), all.end() - 1);
  for (int i = 0; i < 500; ++i) {
    uint64_t key = home_key(request(1, "k" + std::to_string(i)).location);
    MemberId before = all[rank_trackers(all, key, "").front()].id;
    MemberId after = fewer[rank_trackers(fewer, key, "").front()].id;
    if (before != MemberId(5)) {
      EXPECT_EQ(before, after);
    }
  }
}

TEST(Homes, TrackersOfAPeersOwnRegionComeFirst) {
  TrackerList list{{MemberId(1), {"a", 1}, "x"},
                   {MemberId(2), {"b", 1}, "y"},
                   {MemberId(3), {"c", 1}, "x"},
                   {MemberId(4), {"d", 1}, "y"}};
  for (uint64_t key = 0; key < 50; ++key) {
    std::vector<uint32_t> order = rank_trackers(list, key, "y");
    EXPECT_EQ(std::set<uint32_t>(order.begin(), order.begin() + 2), (std::set<uint32_t>{1, 3}));
    EXPECT_EQ(order.size(), 4u);
  }
}

TEST(Homes, PeersAreToldOfAMemberThatJoinsAFewAtATimeAndWhoIsToMoveWhere) {
  Tracker tracker(1, {1, 2});
  std::vector<SessionId> sessions;
  for (uint64_t i = 1; i <= 40; ++i) {
    if (tracker.join(request(i, "k" + std::to_string(i)))) continue;
    sessions.push_back(tracker.last_reply->session);
    tracker.park(sessions.back());
  }
  ASSERT_GT(sessions.size(), 10u);
  tracker.give(MembersChanged{MemberId(1), members({1, 2, 3})});
  tracker.pass(Duration::milliseconds(1'050));
  EXPECT_GT(tracker.told.size(), 0u);
  EXPECT_LT(tracker.told.size(), sessions.size());
  tracker.pass(Duration::seconds(5));
  ASSERT_EQ(tracker.told.size(), sessions.size());
  std::set<MemberId> homes;
  for (const auto& [session, list] : tracker.told) {
    EXPECT_EQ(list.trackers->size(), 3u);
    homes.insert(list.home);
  }
  EXPECT_EQ(homes, (std::set<MemberId>{MemberId(1), MemberId(3)}));
}

}  // namespace
}  // namespace tyto::tracker
