#include "tracker/server/cluster/member_table.h"

#include <gtest/gtest.h>

#include "tracker/server/cluster/send_queue.h"

namespace tyto::tracker {
namespace {

constexpr Instant kStart = Instant::from_ns(1'000'000'000);
constexpr Duration kDebounce = Duration::milliseconds(300);

Instant at(int64_t ms) {
  return kStart + Duration::milliseconds(ms);
}
Member member(uint64_t id, uint64_t epoch = 1) {
  return {MemberId(id), {"10.0.0.1", static_cast<uint16_t>(7000 + id)}, "eu", TrackerEpoch(epoch)};
}
std::vector<uint64_t> ids(const Members& members) {
  std::vector<uint64_t> found;
  for (const Member& one : members.members) found.push_back(one.id.value());
  return found;
}
using Ids = std::vector<uint64_t>;

TEST(MemberTable, ATrackerIsItsOwnFirstMember) {
  MemberTable table(member(5), kDebounce);
  EXPECT_EQ(ids(table.members()), Ids{5});
  EXPECT_FALSE(table.poll(at(10'000)));
  EXPECT_TRUE(table.due().is_never());
}

TEST(MemberTable, LinksThatComeTogetherMakeOneListInTheOrderOfTheIds) {
  MemberTable table(member(5), kDebounce);
  table.linked(at(0), member(9));
  table.linked(at(200), member(2));
  EXPECT_FALSE(table.poll(at(299)));
  EXPECT_EQ(table.due(), at(300));
  auto members = table.poll(at(300));
  ASSERT_TRUE(members);
  EXPECT_EQ(ids(*members), (Ids{2, 5, 9}));
  EXPECT_EQ(members->serial, 2u);
  EXPECT_FALSE(table.poll(at(1000)));
}

TEST(MemberTable, ALinkThatIsLostAndFoundAgainChangesNothing) {
  MemberTable table(member(5), kDebounce);
  table.linked(at(0), member(9));
  ASSERT_TRUE(table.poll(at(300)));
  table.unlinked(at(1000), MemberId(9));
  EXPECT_FALSE(table.poll(at(1299)));
  EXPECT_TRUE(table.is_member(MemberId(9)));
  table.linked(at(1299), member(9));
  EXPECT_FALSE(table.poll(at(5000)));
}

TEST(MemberTable, AMemberThatStaysAwayIsNoneAnyMore) {
  MemberTable table(member(5), kDebounce);
  table.linked(at(0), member(9));
  ASSERT_TRUE(table.poll(at(300)));
  table.unlinked(at(1000), MemberId(9));
  auto members = table.poll(at(1300));
  ASSERT_TRUE(members);
  EXPECT_EQ(ids(*members), Ids{5});
}

TEST(MemberTable, ALinkThatFlapsCannotPutTheChangeOffForEver) {
  MemberTable table(member(5), kDebounce);
  table.linked(at(0), member(9));
  ASSERT_TRUE(table.poll(at(300)));
  table.unlinked(at(1000), MemberId(9));
  table.linked(at(1100), member(9, 2));  // another run: a difference all along
  table.unlinked(at(1200), MemberId(9));
  EXPECT_EQ(table.due(), at(1300));
}

TEST(MemberTable, ANewRunOfAMemberIsAChange) {
  MemberTable table(member(5), kDebounce);
  table.linked(at(0), member(9));
  ASSERT_TRUE(table.poll(at(300)));
  table.linked(at(1000), member(9, 2));
  auto members = table.poll(at(1300));
  ASSERT_TRUE(members);
  EXPECT_EQ(members->members[1].epoch, TrackerEpoch(2));
}

TEST(SendQueue, BatchesHoldAtMostTheirNumberOfMessagesInOrder) {
  SendQueue queue;
  std::vector<ClusterMessage> messages;
  for (uint64_t i = 1; i <= 600; ++i) messages.push_back(WantWithdrawn{WantId(i)});
  ASSERT_TRUE(queue.push(std::move(messages)));
  uint64_t next = 1;
  for (std::size_t expected : {256u, 256u, 88u, 0u}) {
    ClusterBatch batch = queue.take();
    EXPECT_EQ(batch.messages.size(), expected);
    for (const ClusterMessage& message : batch.messages)
      EXPECT_EQ(std::get<WantWithdrawn>(message).want, WantId(next++));
  }
  EXPECT_EQ(queue.bytes(), 0u);
}

TEST(SendQueue, BatchesAreClosedAtTheirBytesAndASingleMessageAlwaysFits) {
  SendQueue queue;
  const CopiesAnnounced large{VersionId{}, 0, Bitmap::full(kChunksMax), Bitmap::full(kChunksMax)};
  ASSERT_TRUE(queue.push({CopiesSynced{}, large, CopiesSynced{}}));
  EXPECT_EQ(queue.take().messages.size(), 1u);
  EXPECT_EQ(queue.take().messages.size(), 1u);
  EXPECT_EQ(queue.take().messages.size(), 1u);
  EXPECT_TRUE(queue.empty());
}

TEST(SendQueue, ABacklogBeyondItsBoundsIsSaidToBe) {
  SendQueue queue;
  std::vector<ClusterMessage> messages(kClusterBacklogMessagesMax, CopiesSynced{});
  EXPECT_TRUE(queue.push(messages));
  EXPECT_FALSE(queue.push({CopiesSynced{}}));
}

}  // namespace
}  // namespace tyto::tracker
