#include "peer/origin/version.h"

#include <gtest/gtest.h>

namespace tyto::peer {
namespace {

OriginObject object() {
  OriginObject object;
  object.url = "http://example.org/a b";
  object.etag = "\"v1\"";
  object.size = 12345;
  object.modified = WallTime::from_unix_s(784111777);
  return object;
}

// Computed apart from this code; ids are kept in catalogs, so the encoding must never change.
TEST(VersionIdOf, IsWhatItHasAlwaysBeen) {
  EXPECT_EQ(version_id_of(object()).hex(),
            "ceb4724b6a912c8066181f50b618e3e53192e9afa8920d4a6483ab8244a639c9");
  OriginObject plain;
  plain.url = "file:///x";
  EXPECT_EQ(version_id_of(plain).hex(),
            "08c24a698597ec7d1a0a12de6e0ae6cc65331c169ac9d284ae3836ff08ad0ab5");
}

// Those that 0.1 cut into two to four chunks, and no others.
TEST(VersionIdOf, StandsForTheCutOfObjectsThatWereCutDifferentlyOnce) {
  std::vector<std::pair<uint64_t, std::string>> ids = {
      {kChunkBytesMin, "1705737aa2744f581a77e2019ad38c62fa3ec04af1894a8cca82d6a0454544f4"},
      {kChunkBytesMin + 1, "1bcb2173b27ab2bcd0355994371c0f43f653e072145cd7834a24238bdb64e68a"},
      {kOneChunkBytesMax, "06348275fed88ff051213b8de5027260d7eb437abf37ceb70ac7dc6938c51022"},
      {kOneChunkBytesMax + 1, "b256168230478232b44e2095e75ea5c5c12ed27fd93466a5dfd5a5cc744996e0"},
  };
  for (const auto& [size, id] : ids) {
    OriginObject sized = object();
    sized.size = size;
    EXPECT_EQ(version_id_of(sized).hex(), id) << size;
  }
}

TEST(VersionIdOf, DiffersWithEveryField) {
  std::vector<OriginObject> objects(7, object());
  objects[1].url += "c";
  objects[2].etag = "\"v2\"";
  objects[3].size += 1;
  objects[4].modified = WallTime::from_unix_ns(784111777'000000001);
  objects[5].modified.reset();
  objects[6].url = "http://example.org/a b\"v1\"";
  objects[6].etag.clear();
  for (std::size_t i = 0; i < objects.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      EXPECT_NE(version_id_of(objects[i]), version_id_of(objects[j])) << i << ' ' << j;
}

TEST(FactsFrom, SayWhatTheOriginSaid) {
  auto facts = facts_from({BucketId(7), "models", "a b"}, object());
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts.value().id, version_id_of(object()));
  EXPECT_EQ(facts.value().bucket, BucketId(7));
  EXPECT_EQ(facts.value().bucket_name, "models");
  EXPECT_EQ(facts.value().key, "a b");
  EXPECT_EQ(facts.value().chunking, Chunking::of(12345));
  EXPECT_FALSE(facts.value().is_published);
  EXPECT_EQ(facts.value().origin.etag, "\"v1\"");
  EXPECT_EQ(facts.value().origin.modified, object().modified);
}

TEST(FactsFrom, RefuseWhatNothingPins) {
  OriginObject loose = object();
  loose.etag.clear();
  loose.modified.reset();
  auto facts = facts_from({}, loose);
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(facts.error().message.find("publish"), std::string::npos);
}

TEST(FactsFrom, RefuseWhatIsTooLarge) {
  OriginObject large = object();
  large.size = kObjectBytesMax + 1;
  EXPECT_EQ(facts_from({}, large).error().code, ErrorCode::kInvalidArgument);
  large.size = kObjectBytesMax;
  EXPECT_TRUE(facts_from({}, large));
}

}  // namespace
}  // namespace tyto::peer
