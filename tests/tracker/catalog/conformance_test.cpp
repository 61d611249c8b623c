// What every catalog does, whichever database it is in.
#include <gtest/gtest.h>

#include "tests/tracker/catalog/any_catalog.h"

namespace tyto::tracker {
namespace {

using CatalogConformance = AnyCatalogTest;
INSTANTIATE_TEST_SUITE_P(On, CatalogConformance,
                         testing::Values(Backend::kSqlite, Backend::kPostgres), backend_name);

TEST_P(CatalogConformance, EpochsGrowWithEachStartAndOnlyTheFirstRunIsFirst) {
  auto first = catalog->start_epoch(kSomeDay);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->epoch, TrackerEpoch(static_cast<uint64_t>(kSomeDay.unix_s())));
  EXPECT_TRUE(first->is_first_run);
  TrackerEpoch last = first->epoch;
  for (int start = 2; start < 100; ++start) {
    if (start % 10 == 0) open();
    auto next = catalog->start_epoch(kSomeDay);
    ASSERT_TRUE(next.ok());
    EXPECT_EQ(next->epoch, last.next());
    EXPECT_FALSE(next->is_first_run);
    last = next->epoch;
  }
}

TEST_P(CatalogConformance, AnEpochIsAtLeastTheSecondsOfTheClockAndNeverAnOldOne) {
  ASSERT_TRUE(catalog->start_epoch(kSomeDay).ok());
  auto later = catalog->start_epoch(WallTime::from_unix_s(kSomeDay.unix_s() + 3600));
  ASSERT_TRUE(later.ok());
  EXPECT_EQ(later->epoch, TrackerEpoch(static_cast<uint64_t>(kSomeDay.unix_s() + 3600)));
  auto clock_set_back = catalog->start_epoch(kSomeDay);
  ASSERT_TRUE(clock_set_back.ok());
  EXPECT_EQ(clock_set_back->epoch, later->epoch.next());
}

TEST_P(CatalogConformance, BucketsComeBackAsTheyWereMade) {
  BucketConfig made = done(CreateBucket{a_bucket("models")}).bucket;
  EXPECT_EQ(made.id, BucketId(1));
  EXPECT_EQ(made.policy_version, 1u);
  BucketConfig other = done(CreateBucket{a_bucket("other")}).bucket;
  EXPECT_EQ(other.id, BucketId(2));
  open();
  Content there = content();
  ASSERT_EQ(there.buckets.size(), 2u);
  EXPECT_EQ(there.buckets["models"], made);
  EXPECT_EQ(there.buckets["other"], other);
}

TEST_P(CatalogConformance, ABucketsNumberIsAboveAllThatItsTrackerKnows) {
  BucketConfig asked = a_bucket("models");
  asked.id = BucketId(7);
  EXPECT_EQ(done(CreateBucket{asked}).bucket.id, BucketId(8));
  asked = a_bucket("other");
  asked.id = BucketId(7);
  EXPECT_EQ(done(CreateBucket{asked}).bucket.id, BucketId(9));
}

TEST_P(CatalogConformance, UpdatingABucketKeepsItsIdAndCountsItsPolicyVersion) {
  BucketConfig bucket = done(CreateBucket{a_bucket("models")}).bucket;
  bucket.origin = "file:///srv/models/";
  bucket.revalidate = Revalidate::kNever;
  bucket.trust_peers = false;
  BucketConfig updated = done(UpdateBucket{bucket}).bucket;
  EXPECT_EQ(updated.id, bucket.id);
  EXPECT_EQ(updated.policy_version, 2u);
  EXPECT_EQ(updated.origin, "file:///srv/models/");
  EXPECT_EQ(updated.revalidate, Revalidate::kNever);
  EXPECT_FALSE(updated.trust_peers);
  open();
  EXPECT_EQ(content().buckets["models"], updated);
}

TEST_P(CatalogConformance, RefusalsNameTheBucketAndLeaveTheRestOfTheCommitStanding) {
  done(CreateBucket{a_bucket("models")});
  std::vector<Change> changes = {CreateBucket{a_bucket("models")}, UpdateBucket{a_bucket("nobody")},
                                 a_publish("nobody", "k", 1, 1), CreateBucket{a_bucket("second")}};
  auto results = catalog->commit(changes, kSomeDay);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->at(0).error().code, ErrorCode::kConflict);
  EXPECT_EQ(results->at(1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(results->at(2).error().code, ErrorCode::kNotFound);
  EXPECT_NE(results->at(2).error().message.find("\"nobody\""), std::string::npos);
  ASSERT_TRUE(results->at(3).ok());
  EXPECT_EQ(content().buckets.size(), 2u);
  EXPECT_TRUE(content().versions.empty());
}

TEST_P(CatalogConformance, PublishedVersionsComeBackWithTheirRoots) {
  done(CreateBucket{a_bucket("models")});
  for (uint32_t chunks : {0u, 1u, 2u, 300u}) {
    std::string key = "dir/objekt ü " + std::to_string(chunks);
    ChangeDone published = done(a_publish("models", key, 10 + chunks, chunks));
    ASSERT_TRUE(published.facts);
    EXPECT_EQ(published.facts->bucket, BucketId(1));
    EXPECT_TRUE(published.facts->is_published);
    open();
    Content there = content();
    const Content::Version& version = there.versions[published.facts->id];
    EXPECT_EQ(version.facts, *published.facts);
    EXPECT_EQ(version.roots, some_roots(10 + chunks, chunks));
    EXPECT_EQ(there.names["models/" + key].version, published.facts->id);
    EXPECT_TRUE(there.names["models/" + key].is_published);
  }
}

TEST_P(CatalogConformance, PublishingAgainMovesTheNameAndKeepsTheOldVersion) {
  done(CreateBucket{a_bucket("models")});
  done(a_publish("models", "k", 1, 2));
  done(a_publish("models", "k", 2, 3));
  EXPECT_EQ(content().names["models/k"].version, VersionId{digest_of(2)});
  EXPECT_EQ(content().versions.size(), 2u);
  Publish moved = a_publish("models", "k", 1, 2);
  moved.facts.origin.etag = "\"uploaded-again\"";
  done(moved);
  Content there = content();
  EXPECT_EQ(there.names["models/k"].version, VersionId{digest_of(1)});
  EXPECT_EQ(there.versions[VersionId{digest_of(1)}].facts.origin.etag, "\"uploaded-again\"");
}

TEST_P(CatalogConformance, AVersionBelongsToOneBucket) {
  done(CreateBucket{a_bucket("models")});
  done(CreateBucket{a_bucket("other")});
  done(a_publish("models", "k", 1, 1));
  done(a_publish("models", "second-name", 1, 1));
  EXPECT_EQ(refused(a_publish("other", "k", 1, 1)).code, ErrorCode::kConflict);
}

TEST_P(CatalogConformance, LearnedRootsComeBackAndTheOthersAreZero) {
  BucketConfig bucket = done(CreateBucket{a_bucket("models")}).bucket;
  auto facts = std::make_shared<const VersionFacts>(some_facts("models", bucket.id, "k", 7, 5));
  done(RecordVersion{facts});
  done(RecordRoot{{facts->id, ChunkIndex(3)}, digest_of(33)});
  done(RecordRoot{{facts->id, ChunkIndex(0)}, digest_of(30)});
  open();
  Content there = content();
  EXPECT_EQ(there.versions[facts->id].facts, *facts);
  std::vector<Digest> roots = {digest_of(30), {}, {}, digest_of(33), {}};
  EXPECT_EQ(there.versions[facts->id].roots, roots);
  EXPECT_FALSE(there.names["models/k"].is_published);
}

TEST_P(CatalogConformance, ARootOfAnUnknownVersionIsRefused) {
  EXPECT_EQ(refused(RecordRoot{{VersionId{digest_of(1)}, ChunkIndex(0)}, digest_of(2)}).code,
            ErrorCode::kNotFound);
}

TEST_P(CatalogConformance, WhatIsFoundAtTheOriginDoesNotReplaceAPublishedName) {
  BucketConfig bucket = done(CreateBucket{a_bucket("models")}).bucket;
  done(a_publish("models", "k", 1, 1));
  auto facts = std::make_shared<const VersionFacts>(some_facts("models", bucket.id, "k", 2, 1));
  done(RecordVersion{facts});
  EXPECT_EQ(content().names["models/k"].version, VersionId{digest_of(1)});
}

TEST_P(CatalogConformance, OldVersionsWithoutANameAreForgottenAtAStartAndNothingElseIs) {
  BucketConfig bucket = done(CreateBucket{a_bucket("models")}).bucket;
  auto record = [&](const std::string& key, uint64_t n) {
    auto facts = std::make_shared<const VersionFacts>(some_facts("models", bucket.id, key, n, 2));
    done(RecordVersion{facts});
    done(RecordRoot{{facts->id, ChunkIndex(1)}, digest_of(n)});
  };
  record("k", 1);  // replaced below
  record("k", 2);
  done(a_publish("models", "p", 3, 2));
  done(a_publish("models", "p", 4, 2));
  ASSERT_TRUE(catalog->start_epoch(WallTime::from_unix_s(kSomeDay.unix_s() + 3600)).ok());
  EXPECT_EQ(content().versions.size(), 4u);
  ASSERT_TRUE(catalog->start_epoch(WallTime::from_unix_s(kSomeDay.unix_s() + 8 * 86400)).ok());
  Content there = content();
  EXPECT_EQ(there.versions.count(VersionId{digest_of(1)}), 0u);
  EXPECT_EQ(there.versions.size(), 3u);
  EXPECT_TRUE(catalog->check().ok());
}

TEST_P(CatalogConformance, SettingsAreKept) {
  EXPECT_EQ(catalog->setting("color").error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(catalog->set_setting("color", "red").ok());
  ASSERT_TRUE(catalog->set_setting("color", "blue").ok());
  open();
  EXPECT_EQ(catalog->setting("color").value(), "blue");
}

TEST_P(CatalogConformance, OfTwoPublicationsMadeForTheSameFormerOneTheFirstWins) {
  done(CreateBucket{a_bucket("models")});
  Publish first = a_publish("models", "k", 1, 2);
  Publish second = a_publish("models", "k", 2, 2);
  first.expected_former = second.expected_former = VersionId();
  done(first);
  Error error = refused(second);
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_NE(error.message.find("models/k"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find(digest_of(1).hex()), std::string::npos) << error.message;
  Content there = content();
  EXPECT_EQ(there.names["models/k"].version, VersionId{digest_of(1)});
  EXPECT_EQ(there.versions.count(VersionId{digest_of(2)}), 0u);
  second.expected_former = VersionId{digest_of(1)};
  done(second);
  done(second);  // what is there already is no conflict, whatever was expected
  first.expected_former.reset();
  done(first);
}

TEST_P(CatalogConformance, AnUpdateOfABucketThatWasChangedMeanwhileIsAConflict) {
  BucketConfig bucket = done(CreateBucket{a_bucket("models")}).bucket;
  done(UpdateBucket{bucket, 1});
  Error error = refused(UpdateBucket{bucket, 1});
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_NE(error.message.find("is at version 2"), std::string::npos) << error.message;
}

TEST_P(CatalogConformance, ManyVersionsAndNamesComeBackPageByPage) {
  BucketConfig bucket = done(CreateBucket{a_bucket("models")}).bucket;
  std::vector<Change> changes;
  for (uint64_t n = 0; n < 1100; ++n) {
    auto facts = std::make_shared<const VersionFacts>(
        some_facts("models", bucket.id, "k" + std::to_string(n), n, 3));
    changes.push_back(RecordVersion{facts});
    changes.push_back(RecordRoot{{facts->id, ChunkIndex(n % 3)}, digest_of(n + 5000)});
  }
  ASSERT_TRUE(catalog->commit(changes, kSomeDay).ok());
  Content there = content();
  ASSERT_EQ(there.versions.size(), 1100u);
  ASSERT_EQ(there.names.size(), 1100u);
  for (uint64_t n = 0; n < 1100; ++n) {
    const Content::Version& version = there.versions[VersionId{digest_of(n)}];
    ASSERT_EQ(version.roots.size(), 3u);
    EXPECT_EQ(version.roots[n % 3], digest_of(n + 5000));
    EXPECT_EQ(there.names["models/k" + std::to_string(n)].version, VersionId{digest_of(n)});
  }
}

}  // namespace
}  // namespace tyto::tracker
