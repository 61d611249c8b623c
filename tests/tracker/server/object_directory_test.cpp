#include "tracker/server/object_directory.h"

#include <gtest/gtest.h>

#include <vector>

namespace tyto::tracker {
namespace {

ObjectDirectory::Entry an_entry(uint8_t n, bool is_published) {
  VersionFacts facts;
  facts.id.digest.bytes.fill(n);
  return {std::make_shared<const VersionFacts>(facts), is_published};
}

std::vector<std::string> keys(const ObjectDirectory& directory, const ObjectDirectory::Query& query,
                              bool expected_more) {
  std::vector<std::string> found;
  bool has_more =
      directory.list(query, [&](const ObjectName& name, auto&) { found.push_back(name.key); });
  EXPECT_EQ(has_more, expected_more);
  return found;
}

using Keys = std::vector<std::string>;

TEST(ObjectDirectory, ListsOneBucketInTheOrderOfKeysFromPrefixAndAfter) {
  ObjectDirectory directory(100);
  for (const char* key : {"b/2", "a", "b/1", "c", "b"})
    directory.put({"m", key}, an_entry(1, true));
  directory.put({"l", "zz"}, an_entry(2, true));
  directory.put({"n", "aa"}, an_entry(3, true));
  EXPECT_EQ(keys(directory, {.bucket = "m"}, false), (Keys{"a", "b", "b/1", "b/2", "c"}));
  EXPECT_EQ(keys(directory, {.bucket = "m", .limit = 2}, true), (Keys{"a", "b"}));
  EXPECT_EQ(keys(directory, {.bucket = "m", .limit = 5}, false).size(), 5u);
  EXPECT_EQ(keys(directory, {.bucket = "m", .prefix = "b/"}, false), (Keys{"b/1", "b/2"}));
  EXPECT_EQ(keys(directory, {.bucket = "m", .after = "b/1"}, false), (Keys{"b/2", "c"}));
  EXPECT_EQ(keys(directory, {.bucket = "m", .prefix = "b/", .after = "b/1"}, false), (Keys{"b/2"}));
  EXPECT_EQ(keys(directory, {.bucket = "m", .prefix = "b/", .after = "a"}, false),
            (Keys{"b/1", "b/2"}));
  EXPECT_EQ(keys(directory, {.bucket = "nobody"}, false), Keys{});
}

TEST(ObjectDirectory, WhatWasPublishedIsReplacedOnlyByPublishing) {
  ObjectDirectory directory(100);
  directory.put({"m", "k"}, an_entry(1, false));
  directory.put({"m", "k"}, an_entry(2, true));
  directory.put({"m", "k"}, an_entry(3, false));
  EXPECT_EQ(directory.find({"m", "k"})->facts->id.digest.bytes[0], 2);
  directory.put({"m", "k"}, an_entry(4, true));
  EXPECT_EQ(directory.find({"m", "k"})->facts->id.digest.bytes[0], 4);
}

TEST(ObjectDirectory, AFullDirectoryStillTakesWhatIsPublished) {
  ObjectDirectory directory(1);
  EXPECT_TRUE(directory.put({"m", "a"}, an_entry(1, false)));
  EXPECT_FALSE(directory.put({"m", "b"}, an_entry(1, false)));
  EXPECT_EQ(directory.find({"m", "b"}), nullptr);
  EXPECT_TRUE(directory.put({"m", "b"}, an_entry(1, true)));
  EXPECT_TRUE(directory.put({"m", "a"}, an_entry(2, false)));
}

}  // namespace
}  // namespace tyto::tracker
