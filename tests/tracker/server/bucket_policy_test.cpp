// Which policy is in force, whatever the catalog has.
#include "tracker/server/bucket_policy.h"

#include <gtest/gtest.h>

#include "tests/tracker/catalog/catalog_builder.h"
#include "tracker/server/policy_api.h"

namespace tyto::tracker {
namespace {

using BucketPolicyTest = CatalogTest;

// What no program understands, or a later one.
constexpr const char* kFuture = "[selection]\nclairvoyance = true\n";

std::string weight(int n) {
  return "[selection]\nweight = " + std::to_string(n) + "\n";
}

PolicyRevision a_revision(uint32_t version, const std::string& document) {
  return {{version, kSomeDay, "", document.size()}, document};
}

TEST(BucketPolicy, ADocumentIsInForceAsSoonAsItIsThePresentOne) {
  BucketPolicy first = policy_after({}, a_revision(1, ""));
  EXPECT_EQ(first.version_in_force, 1u);
  EXPECT_EQ(first.in_force->selection.weight, 1u);
  BucketPolicy second = policy_after(first, a_revision(2, weight(3)));
  EXPECT_EQ(second.version_in_force, 2u);
  EXPECT_EQ(second.in_force->selection.weight, 3u);
  EXPECT_EQ(second.present.document, weight(3));
}

TEST(BucketPolicy, WhatIsNotUnderstoodLeavesWhatIsInForce) {
  BucketPolicy former = policy_after({}, a_revision(4, weight(3)));
  BucketPolicy policy = policy_after(former, a_revision(5, kFuture));
  EXPECT_EQ(policy.present.head.version, 5u);
  EXPECT_EQ(policy.version_in_force, 4u);
  EXPECT_EQ(policy.in_force->selection.weight, 3u);
}

TEST_F(BucketPolicyTest, OfALoadedBucketTheNewestDocumentThatIsUnderstoodIsInForce) {
  done(CreateBucket{a_bucket("models"), weight(2)});
  done(SetPolicy{"models", weight(3)});
  done(SetPolicy{"models", kFuture});
  PolicyRevision present = done(SetPolicy{"models", kFuture}).policy;
  LoadedPolicy loaded = load_policy(*catalog, "models", present);
  ASSERT_TRUE(loaded.fault);
  EXPECT_NE(loaded.fault->message.find("clairvoyance"), std::string::npos);
  EXPECT_EQ(loaded.policy.present, present);
  EXPECT_EQ(loaded.policy.version_in_force, 2u);
  EXPECT_EQ(loaded.policy.in_force->selection.weight, 3u);
}

TEST_F(BucketPolicyTest, IfNoneIsUnderstoodTheDefaultPolicyIsInForce) {
  PolicyRevision present = done(CreateBucket{a_bucket("models"), kFuture}).policy;
  LoadedPolicy loaded = load_policy(*catalog, "models", present);
  EXPECT_TRUE(loaded.fault);
  EXPECT_EQ(loaded.policy.version_in_force, 0u);
  ASSERT_TRUE(loaded.policy.in_force);
  EXPECT_EQ(loaded.policy.in_force->selection.weight, 1u);
  for (std::size_t i = 0; i < kPoliciesTried + 1; ++i)
    present = done(SetPolicy{"models", i == 0 ? weight(7) : kFuture}).policy;
  EXPECT_EQ(load_policy(*catalog, "models", present).policy.version_in_force, 2u);
  present = done(SetPolicy{"models", kFuture}).policy;
  EXPECT_EQ(load_policy(*catalog, "models", present).policy.version_in_force, 0u)
      << "no more than so many are tried";
}

TEST_F(BucketPolicyTest, WhatIsUnderstoodIsInForceWithoutAFault) {
  PolicyRevision present = done(CreateBucket{a_bucket("models"), weight(5)}).policy;
  LoadedPolicy loaded = load_policy(*catalog, "models", present);
  EXPECT_FALSE(loaded.fault);
  EXPECT_EQ(loaded.policy.version_in_force, 1u);
  EXPECT_EQ(loaded.policy.in_force->selection.weight, 5u);
}

TEST(PolicyApi, TheCoreIsToldOfEachChangeWithThePolicyInForce) {
  ObjectDirectory directory(10);
  std::vector<BucketLoaded> told;
  Api::Hooks hooks;
  hooks.apply = [&](Input input) { told.push_back(std::get<BucketLoaded>(std::move(input))); };
  auto api = std::make_shared<PolicyApi>(directory, hooks);
  ChangeDone change{.bucket = a_bucket("models"), .policy = a_revision(1, weight(3))};
  api->take(change);
  change.bucket.origin = "file:///elsewhere/";
  change.bucket.policy_version = 2;
  change.policy.head.version = 2;
  api->take(change);
  ASSERT_EQ(told.size(), 2u);
  for (const BucketLoaded& one : told) EXPECT_EQ(one.policy->selection.weight, 3u);
  EXPECT_EQ(told[1].bucket, change.bucket);
  EXPECT_EQ(*directory.bucket("models"), change.bucket);
  EXPECT_EQ(directory.policy("models")->version_in_force, 2u);
  EXPECT_EQ(directory.policy("other"), nullptr);
}

}  // namespace
}  // namespace tyto::tracker
