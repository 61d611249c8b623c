// Policies of buckets in the catalog: versions and history.
#include <gtest/gtest.h>

#include "tests/tracker/catalog/any_catalog.h"

namespace tyto::tracker {
namespace {

using PoliciesTest = AnyCatalogTest;
INSTANTIATE_TEST_SUITE_P(On, PoliciesTest, testing::Values(Backend::kSqlite, Backend::kPostgres),
                         backend_name);

constexpr const char* kDocument = "[selection]\nweight = 3  # größer\n";

TEST_P(PoliciesTest, ABucketBeginsWithTheDefaultPolicyOrTheOneItWasMadeWith) {
  ChangeDone plain = done(CreateBucket{a_bucket("plain")});
  EXPECT_EQ(plain.policy, (PolicyRevision{{1, kSomeDay, "", 0}, ""}));
  ChangeDone made = done(CreateBucket{a_bucket("made"), kDocument});
  EXPECT_EQ(made.policy.document, kDocument);
  open();
  EXPECT_EQ(content().policies["plain"], plain.policy);
  EXPECT_EQ(content().policies["made"], made.policy);
}

TEST_P(PoliciesTest, SettingAPolicyCountsItsVersionAndKeepsTheOldOne) {
  done(CreateBucket{a_bucket("models")});
  done(CreateBucket{a_bucket("other")});
  ChangeDone set = done(SetPolicy{"models", kDocument, "a note"});
  EXPECT_EQ(set.bucket.policy_version, 2u);
  EXPECT_EQ(set.bucket.origin, a_bucket("models").origin);
  EXPECT_EQ(set.policy, (PolicyRevision{{2, kSomeDay, "a note", 35}, kDocument}));
  open();
  EXPECT_EQ(content().buckets["models"], set.bucket);
  EXPECT_EQ(content().policies["models"], set.policy);
  EXPECT_EQ(catalog->policy("models", 1)->document, "");
  EXPECT_EQ(*catalog->policy("models", 2), set.policy);
  EXPECT_EQ(content().policies["other"].head.version, 1u);
}

TEST_P(PoliciesTest, AnUpdateOfTheBucketIsAVersionWithTheSameDocument) {
  done(CreateBucket{a_bucket("models"), kDocument});
  BucketConfig bucket = a_bucket("models");
  bucket.origin = "file:///srv/";
  ChangeDone updated = done(UpdateBucket{bucket});
  EXPECT_EQ(updated.policy.head.version, 2u);
  EXPECT_EQ(updated.policy.document, kDocument);
  EXPECT_NE(updated.policy.head.note, "");
  EXPECT_EQ(catalog->policy_history({.bucket = "models"})->size(), 2u);
}

TEST_P(PoliciesTest, AnotherVersionThanTheExpectedOneIsAConflictThatNamesBoth) {
  done(CreateBucket{a_bucket("models")});
  done(SetPolicy{"models", kDocument, "", 1});
  Error error = refused(SetPolicy{"models", "", "late", 1});
  EXPECT_EQ(error.code, ErrorCode::kConflict);
  EXPECT_NE(error.message.find("\"models\" is at version 2"), std::string::npos) << error.message;
  EXPECT_NE(error.message.find("expected at 1"), std::string::npos) << error.message;
  EXPECT_EQ(content().policies["models"].document, kDocument);
  EXPECT_EQ(catalog->policy_history({.bucket = "models"})->size(), 2u);
}

TEST_P(PoliciesTest, WhatThereIsNotIsNamed) {
  done(CreateBucket{a_bucket("models")});
  done(SetPolicy{"models", kDocument});
  EXPECT_EQ(refused(SetPolicy{"nobody", ""}).code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog->policy("nobody", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog->policy_history({.bucket = "nobody"}).error().code, ErrorCode::kNotFound);
  for (uint32_t version : {0u, 3u, 4294967295u}) {
    Error error = catalog->policy("models", version).error();
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_NE(error.message.find(std::to_string(version)), std::string::npos) << error.message;
    EXPECT_NE(error.message.find("there are 1 to 2"), std::string::npos) << error.message;
  }
}

TEST_P(PoliciesTest, HistoryComesInPagesTheNewestFirst) {
  done(CreateBucket{a_bucket("models")});
  for (int i = 2; i <= 5; ++i) done(SetPolicy{"models", kDocument, "note " + std::to_string(i)});
  auto first = catalog->policy_history({.bucket = "models", .limit = 3});
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(*first, (std::vector<PolicyHead>{{5, kSomeDay, "note 5", 35},
                                             {4, kSomeDay, "note 4", 35},
                                             {3, kSomeDay, "note 3", 35}}));
  auto rest = catalog->policy_history({.bucket = "models", .before = 3, .limit = 3});
  ASSERT_TRUE(rest.ok());
  EXPECT_EQ(*rest, (std::vector<PolicyHead>{{2, kSomeDay, "note 2", 35}, {1, kSomeDay, "", 0}}));
  EXPECT_EQ(catalog->policy_history({.bucket = "models", .before = 1})->size(), 0u);
}

TEST_P(PoliciesTest, TheNewestThousandOfABucketAreKept) {
  done(CreateBucket{a_bucket("models")});
  done(CreateBucket{a_bucket("other")});
  std::vector<Change> changes(kPoliciesKept + 4, SetPolicy{"models", kDocument});
  ASSERT_TRUE(catalog->commit(changes, kSomeDay).ok());
  auto history = catalog->policy_history({.bucket = "models", .limit = 2000});
  ASSERT_TRUE(history.ok());
  ASSERT_EQ(history->size(), kPoliciesKept);
  EXPECT_EQ(history->front().version, kPoliciesKept + 5);
  EXPECT_EQ(history->back().version, 6u);
  Error gone = catalog->policy("models", 5).error();
  EXPECT_NE(gone.message.find("there are 6 to 1005"), std::string::npos) << gone.message;
  EXPECT_TRUE(catalog->policy("other", 1).ok());
}

TEST_P(PoliciesTest, RefusedInACommitItLeavesTheOthersStanding) {
  std::vector<Change> changes = {CreateBucket{a_bucket("models")},
                                 SetPolicy{"models", kDocument, "", 7},
                                 SetPolicy{"models", kDocument, "", 1}};
  auto results = catalog->commit(changes, kSomeDay);
  ASSERT_TRUE(results.ok());
  EXPECT_EQ(results->at(1).error().code, ErrorCode::kConflict);
  EXPECT_EQ(results->at(2)->bucket.policy_version, 2u);
}

}  // namespace
}  // namespace tyto::tracker
