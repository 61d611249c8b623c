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
