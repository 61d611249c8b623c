// Trackers that find one another over real connections on loopback.
#include "tracker/server/cluster/cluster_links.h"

#include <gtest/gtest.h>

#include "io/log/log.h"
#include "io/loop/loop.h"
#include "tracker/server/rpc_service.h"

namespace tyto::tracker {
namespace {

constexpr Duration kDeadline = Duration::seconds(20);

// A tracker's shell without a core: what the core would be told is kept.
struct Node {
  Node(io::Loop& l, uint64_t id, uint64_t epoch = 1, uint32_t version = kClusterVersion,
       uint16_t port = 0)
      : loop(l), log(io::Log::discard()) {
    RpcService::Hooks hooks;
    hooks.apply = [](Input) {};
    hooks.malformed = [this](const io::HostPort&, const Error& error) {
      malformed.push_back(error);
    };
    hooks.members = [this]() -> MemberDoor* { return links.get(); };
    auto listening = RpcService::listen(loop, {.bind = {"127.0.0.1", port}}, std::move(hooks));
    EXPECT_TRUE(listening.ok());
    rpc = std::move(*listening);
    ClusterLinks::Options options;
    options.self.member = {MemberId(id), {"127.0.0.1", rpc->bound().port}, "", TrackerEpoch(epoch)};
    options.self.name = "tracker-" + std::to_string(id);
    options.self.cluster_version = version;
    options.debounce = Duration::milliseconds(50);
    options.seed = id;
    links = std::make_unique<ClusterLinks>(
        loop, *log, std::move(options),
        ClusterLinks::Hooks{.apply = [this](Input input) { take(std::move(input)); },
                            .close = [this](io::RpcConnectionId one) { rpc->close(one); }});
  }
  ~Node() {
    links->close();
    rpc.reset();
  }

  void take(Input input) {
    if (auto* changed = std::get_if<MembersChanged>(&input)) {
      members = changed->members.members;
    } else if (auto* up = std::get_if<LinkUp>(&input)) {
      bool is_member = false;
      for (const Member& member : members) is_member |= member.id == up->member;
      EXPECT_TRUE(is_member) << "a link came before its member";
      EXPECT_FALSE(is_up(up->member));
      ups.push_back(*up);
      linked.push_back(up->member);
    } else if (auto* down = std::get_if<LinkDown>(&input)) {
      EXPECT_TRUE(is_up(down->member));
      std::erase(linked, down->member);
      ++downs;
    } else if (auto* arrived = std::get_if<ClusterArrived>(&input)) {
      EXPECT_TRUE(is_up(arrived->from)) << "a message came without its link";
      for (ClusterMessage& message : arrived->messages) messages.push_back(std::move(message));
    }
  }
  bool is_up(MemberId member) const {
    return std::find(linked.begin(), linked.end(), member) != linked.end();
  }
  io::HostPort where() const { return rpc->bound(); }

  io::Loop& loop;
  std::unique_ptr<io::Log> log;
  std::unique_ptr<RpcService> rpc;
  std::unique_ptr<ClusterLinks> links;
  std::vector<Error> malformed;
  std::vector<Member> members;
  std::vector<LinkUp> ups;
  std::vector<MemberId> linked;
  uint32_t downs = 0;
  std::vector<ClusterMessage> messages;
};

class ClusterLinksTest : public testing::Test {
 protected:
  Node& add(uint64_t id, uint64_t epoch = 1, uint32_t version = kClusterVersion) {
    nodes.push_back(std::make_unique<Node>(loop, id, epoch, version));
    return *nodes.back();
  }
  void reach_all() {
    std::vector<io::HostPort> all;
    for (const auto& node : nodes) all.push_back(node->where());
    for (const auto& node : nodes) node->links->reach(all);
  }
  bool wait_until(const std::function<bool()>& done) { return loop.run_until(done, kDeadline); }
  bool all_linked() {
    return wait_until([&] {
      for (const auto& node : nodes)
        if (node->linked.size() + 1 != nodes.size() || node->members.size() != nodes.size())
          return false;
      return true;
    });
  }

  io::Loop loop;
  std::vector<std::unique_ptr<Node>> nodes;
};

TEST_F(ClusterLinksTest, EachOfSeveralTrackersWithTheSameListLinksToEachOther) {
  for (uint64_t id : {30, 10, 20, 40}) add(id);
  reach_all();
  ASSERT_TRUE(all_linked());
  for (const auto& node : nodes) {
    EXPECT_EQ(node->links->links().size(), 3u);
    EXPECT_TRUE(node->links->unreached().empty());
    std::vector<uint64_t> ids;
    for (const Member& member : node->members) ids.push_back(member.id.value());
    EXPECT_EQ(ids, (std::vector<uint64_t>{10, 20, 30, 40}));
  }
}

TEST_F(ClusterLinksTest, AListOfTheOneThatDoesNotConnectIsEnough) {
  Node& small = add(1);
  Node& large = add(2);
  large.links->reach({small.where()});
  ASSERT_TRUE(all_linked());
}

TEST_F(ClusterLinksTest, MessagesArriveInTheirOrderBothWays) {
  Node& a = add(1);
  Node& b = add(2);
  reach_all();
  ASSERT_TRUE(all_linked());
  constexpr uint64_t kMessages = 5000;
  for (uint64_t i = 1; i <= kMessages; i += 500) {
    SendToMember to_b{MemberId(2), {}};
    SendToMember to_a{MemberId(1), {}};
    for (uint64_t n = i; n < i + 500; ++n) {
      to_b.messages.push_back(WantWithdrawn{WantId(n)});
      to_a.messages.push_back(OfferProgressed{OfferId(n)});
    }
    a.links->send(std::move(to_b));
    b.links->send(std::move(to_a));
  }
  ASSERT_TRUE(
      wait_until([&] { return a.messages.size() == kMessages && b.messages.size() == kMessages; }));
  for (uint64_t i = 0; i < kMessages; ++i) {
    EXPECT_EQ(std::get<WantWithdrawn>(b.messages[i]).want, WantId(i + 1));
    EXPECT_EQ(std::get<OfferProgressed>(a.messages[i]).offer, OfferId(i + 1));
  }
  const LinkPicture picture = a.links->links()[0];
  EXPECT_EQ(picture.messages_sent, kMessages);
  EXPECT_EQ(picture.messages_received, kMessages);
  EXPECT_EQ(picture.backlog, 0u);
}

TEST_F(ClusterLinksTest, ATrackerThatGoesIsNoMemberAnyMore) {
  Node& a = add(1);
  add(2);
  reach_all();
  ASSERT_TRUE(all_linked());
  nodes.pop_back();
  ASSERT_TRUE(wait_until([&] { return a.linked.empty() && a.members.size() == 1; }));
  EXPECT_EQ(a.downs, 1u);
  const LinkPicture picture = a.links->links()[0];
  EXPECT_EQ(picture.state, LinkPicture::State::kDown);
  EXPECT_FALSE(picture.why_down.empty());
  a.links->send({MemberId(2), {CopiesSynced{}}});  // lost, and no more
}

TEST_F(ClusterLinksTest, ATrackerThatWasStartedAnewIsLinkedAsItsNewRun) {
  Node& a = add(1);
  Node& b = add(2, 7);
  reach_all();
  ASSERT_TRUE(all_linked());
  const uint16_t port = b.where().port;
  nodes.pop_back();
  ASSERT_TRUE(wait_until([&] { return a.linked.empty(); }));
  nodes.push_back(std::make_unique<Node>(loop, 2, 8, kClusterVersion, port));
  reach_all();
  ASSERT_TRUE(all_linked());
  ASSERT_EQ(a.ups.size(), 2u);
  EXPECT_EQ(a.ups[0].epoch, TrackerEpoch(7));
  EXPECT_EQ(a.ups[1].epoch, TrackerEpoch(8));
}

TEST_F(ClusterLinksTest, ATrackerOfTheNextVersionIsSpokenWith) {
  add(1, 1, kClusterVersion);
  add(2, 1, kClusterVersion + 1);
  reach_all();
  ASSERT_TRUE(all_linked());
}

// What keeps two trackers apart is said where an operator looks for it.
TEST_F(ClusterLinksTest, VersionsFurtherApartAreRefusedWithWhatToDo) {
  Node& a = add(1, 1, kClusterVersion);
  add(2, 1, kClusterVersion + 2);
  reach_all();
  ASSERT_TRUE(wait_until([&] {
    for (const AddressPicture& address : a.links->unreached())
      if (address.why.find("upgrade the older one") != std::string::npos) return true;
    return false;
  }));
  EXPECT_TRUE(a.linked.empty());
}

TEST_F(ClusterLinksTest, TwoTrackersOfOneIdAreToldApartAndRefused) {
  Node& a = add(1, 1);
  add(1, 2);
  reach_all();
  ASSERT_TRUE(wait_until([&] {
    for (const LinkPicture& link : a.links->links()) ADD_FAILURE() << link.name;
    for (const AddressPicture& address : a.links->unreached())
      if (address.why.find("give each a cluster.id of its own") != std::string::npos) return true;
    return false;
  }));
}

TEST_F(ClusterLinksTest, ASilentTrackerIsSaidNotToHaveBeenReached) {
  Node& a = add(1);
  a.links->reach({{"127.0.0.1", 1}});
  ASSERT_TRUE(wait_until([&] {
    auto unreached = a.links->unreached();
    return unreached.size() == 1 && unreached[0].why != "not reached yet";
  }));
}

}  // namespace
}  // namespace tyto::tracker
