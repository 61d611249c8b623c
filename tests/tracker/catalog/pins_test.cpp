#include "tests/tracker/catalog/any_catalog.h"

namespace tyto::tracker {
namespace {

using PinsInCatalog = AnyCatalogTest;
INSTANTIATE_TEST_SUITE_P(On, PinsInCatalog, testing::Values(Backend::kSqlite, Backend::kPostgres),
                         backend_name);

SetPin a_pin(const std::string& key, uint32_t n, int64_t expires_after_s) {
  return {{"models", key},
          VersionId{digest_of(n)},
          100 + n,
          WallTime::from_unix_ns(kSomeDay.unix_ns() + expires_after_s * 1'000'000'000)};
}

TEST_P(PinsInCatalog, AreThereAfterARestartWithAllTheySay) {
  done(CreateBucket{a_bucket("models")});
  done(a_pin("a.bin", 1, 60));
  done(a_pin("b.bin", 2, 60));
  done(a_pin("b.bin", 3, 90));  // in place of the former
  open();
  auto pins = content().pins;
  ASSERT_EQ(pins.size(), 2u);
  EXPECT_EQ(pins["models/a.bin"].version, VersionId{digest_of(1)});
  EXPECT_EQ(pins["models/b.bin"].version, VersionId{digest_of(3)});
  EXPECT_EQ(pins["models/b.bin"].object_bytes, 103u);
  EXPECT_EQ(pins["models/b.bin"].expires, a_pin("b.bin", 3, 90).expires);
  EXPECT_TRUE(catalog->check().ok());
}

TEST_P(PinsInCatalog, GoWhenTheyAreRemovedOrHaveRunOutAtAStart) {
  done(CreateBucket{a_bucket("models")});
  done(a_pin("a.bin", 1, 60));
  done(a_pin("c.bin", 3, 60));
  done(a_pin("b.bin", 2, -1));
  done(RemovePin{{"models", "a.bin"}});
  ASSERT_TRUE(catalog->start_epoch(kSomeDay).ok());
  auto pins = content().pins;
  ASSERT_EQ(pins.size(), 1u);
  EXPECT_EQ(pins.count("models/c.bin"), 1u);
}

TEST_P(PinsInCatalog, AreRefusedWhereThereIsNothingToPinOrUnpin) {
  EXPECT_EQ(refused(a_pin("a.bin", 1, 60)).code, ErrorCode::kNotFound);
  done(CreateBucket{a_bucket("models")});
  EXPECT_EQ(refused(RemovePin{{"models", "a.bin"}}).code, ErrorCode::kNotFound);
  EXPECT_EQ(refused(RemovePin{{"none", "a.bin"}}).code, ErrorCode::kNotFound);
}

TEST_P(PinsInCatalog, KeepAVersionThatNoNameStandsForAnyMore) {
  done(CreateBucket{a_bucket("models")});
  auto found = [&](uint32_t n) {
    return RecordVersion{
        std::make_shared<VersionFacts>(some_facts("models", BucketId(1), "a.bin", n, 1))};
  };
  done(found(1));
  done(found(2));
  done(a_pin("a.bin", 1, int64_t{400} * 86400));
  WallTime later =
      WallTime::from_unix_ns(kSomeDay.unix_ns() + int64_t{300} * 86400 * 1'000'000'000);
  ASSERT_TRUE(catalog->start_epoch(later).ok());
  EXPECT_EQ(content().versions.count(VersionId{digest_of(1)}), 1u);
}

TEST_P(PinsInCatalog, BeyondWhatTheBucketMayPinAreRefusedWithTheFigures) {
  done(CreateBucket{a_bucket("models")});
  auto limited = [](const std::string& key, uint32_t n) {
    SetPin pin = a_pin(key, n, 60);
    pin.bucket_bytes_max = 250;
    return pin;
  };
  done(limited("a.bin", 1));  // 101 bytes
  done(limited("b.bin", 2));  // 102
  Error error = refused(limited("c.bin", 3));
  EXPECT_EQ(error.code, ErrorCode::kNoSpace);
  for (const char* word : {"models/c.bin", "103", "250", "203"})
    EXPECT_NE(error.message.find(word), std::string::npos) << error.message;
  done(limited("b.bin", 4));  // in place of its former pin
  done(RemovePin{{"models", "a.bin"}});
  done(limited("c.bin", 3));
  EXPECT_EQ(content().pins.size(), 2u);
}

}  // namespace
}  // namespace tyto::tracker
