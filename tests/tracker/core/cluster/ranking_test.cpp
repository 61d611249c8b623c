#include "tracker/core/cluster/ranking.h"

#include <gtest/gtest.h>

#include <map>

namespace tyto::tracker {
namespace {

Members members(uint64_t count, uint64_t without = 0) {
  Members list;
  for (uint64_t id = 1; id <= count; ++id)
    if (id != without) list.members.push_back({MemberId(id), {}, "", {}});
  return list;
}

TEST(Ranking, AMemberThatGoesMovesOnlyWhatWasItsOwn) {
  for (uint64_t salt = 0; salt < 500; ++salt) {
    MemberId before = first_ranked(members(8), salt);
    if (before == MemberId(3)) continue;
    EXPECT_EQ(first_ranked(members(8, 3), salt), before);
  }
}

TEST(Ranking, EachMemberHasItsPart) {
  std::map<MemberId, int> parts;
  for (uint64_t salt = 0; salt < 8000; ++salt) ++parts[first_ranked(members(8), salt)];
  ASSERT_EQ(parts.size(), 8u);
  for (const auto& [member, count] : parts) {
    EXPECT_GT(count, 800) << member.value();
    EXPECT_LT(count, 1200) << member.value();
  }
}

TEST(Ranking, ARunOfChunksHasOneDirectory) {
  VersionId version;
  version.digest.bytes[0] = 7;
  for (uint32_t c = 0; c < kDirectoryRun; ++c)
    EXPECT_EQ(salt_of_run(version, c), salt_of_run(version, 0));
  EXPECT_NE(salt_of_run(version, kDirectoryRun), salt_of_run(version, 0));
}

TEST(Ranking, MembersBeginAtDifferentPartsOfAnObject) {
  EXPECT_EQ(first_chunk_of(members(4), MemberId(1), 64), 0u);
  EXPECT_EQ(first_chunk_of(members(4), MemberId(3), 64), 32u);
  EXPECT_EQ(first_chunk_of(members(4), MemberId(9), 64), 0u);
}

TEST(Ranking, AFingerprintTellsMembershipsApart) {
  EXPECT_EQ(fingerprint(members(4)), fingerprint(members(4)));
  EXPECT_NE(fingerprint(members(4)), fingerprint(members(4, 2)));
  EXPECT_NE(fingerprint(members(4)), fingerprint(members(5)));
}

}  // namespace
}  // namespace tyto::tracker
