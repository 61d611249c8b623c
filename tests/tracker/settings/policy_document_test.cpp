// Policies of buckets as documents.
#include "tracker/settings/policy_document.h"

#include <gtest/gtest.h>

namespace tyto::tracker {
namespace {

Policy parsed(const std::string& toml) {
  auto policy = parse_policy(toml, "policy");
  EXPECT_TRUE(policy.ok()) << policy.error().message;
  return policy.ok() ? *policy : Policy();
}

std::string refusal(const std::string& toml) {
  auto policy = parse_policy(toml, "policy");
  EXPECT_FALSE(policy.ok()) << toml;
  return policy.ok() ? "" : policy.error().message;
}

TEST(PolicyDocument, WhatIsLeftOutHasItsDefault) {
  Policy policy = parsed("");
  EXPECT_EQ(policy.selection.kind, SelectionKind::kLocationAware);
  EXPECT_EQ(policy.selection.tree_depth, 7u);
  EXPECT_EQ(policy.caching.replacement, ReplacementKind::kLru);
  EXPECT_EQ(policy.origin.reads, 0u);
}

TEST(PolicyDocument, TheDefaultDocumentSaysTheDefaults) {
  EXPECT_TRUE(parse_policy(default_policy_document(), "policy").ok());
  auto edited = edit_policy(default_policy_document(), {{"selection.weight", "1"}});
  ASSERT_TRUE(edited.ok());
  EXPECT_EQ(*edited, default_policy_document());
}

TEST(PolicyDocument, EachSectionIsRead) {
  Policy policy = parsed(R"(
[selection]
policy = "hot-cold"
weight = 3
rate = "100 Mbit/s"
farthest = "zone"
[caching]
replacement = "ttl"
ttl = "2h"
[origin]
reads = 4
shadow = "2.5%"
)");
  EXPECT_EQ(policy.selection.kind, SelectionKind::kHotCold);
  EXPECT_EQ(policy.selection.weight, 3u);
  EXPECT_EQ(policy.selection.bytes_per_s, 12'500'000u);
  EXPECT_EQ(policy.selection.farthest, Nearness::kSameZone);
  EXPECT_EQ(policy.caching.ttl, Duration::seconds(7200));
  EXPECT_EQ(policy.origin.reads, 4u);
  EXPECT_EQ(policy.origin.shadow_permille, 25u);
}

TEST(PolicyDocument, WhatIsWrongIsNamedWithItsLineAndTheRemedy) {
  EXPECT_EQ(refusal("[selection]\nweight = 0\n"),
            "policy:2: selection.weight: expected an integer from 1 to 1000 (times), found \"0\"");
  EXPECT_EQ(refusal("[selection]\npolicy = \"fastest\"\n").substr(0, 29),
            "policy:2: selection.policy: e");
  EXPECT_NE(refusal("[selection]\nwieght = 3\n").find("did you mean \"selection.weight\""),
            std::string::npos);
  EXPECT_NE(refusal("[caching]\nreplacement = \"ttl\"\n").find("caching.ttl is 0"),
            std::string::npos);
  EXPECT_NE(refusal("[selection\n").find("not TOML"), std::string::npos);
  EXPECT_NE(refusal(std::string(kPolicyDocumentBytesMax + 1, '\n')).find("longer than 64KiB"),
            std::string::npos);
}

struct Edit {
  std::string before, name, value, after;
};

TEST(PolicyDocument, ABucketIsKeptOnDisksOrInMemoryOrInBoth) {
  EXPECT_EQ(parse_policy("[caching]\nplacement = \"memory\"\n", "p")->caching.placement,
            Placement::kMemory);
  EXPECT_EQ(parse_policy("", "p")->caching.placement, Placement::kDisk);
  EXPECT_EQ(parse_policy("[caching]\nplacement = \"both\"\n", "p")->caching.placement,
            Placement::kBoth);
  EXPECT_NE(refusal("[caching]\nplacement = \"tape\"\n").find("placement"), std::string::npos);
}

TEST(PolicyDocument, OneSettingIsEditedAndAllElseStays) {
  const Edit edits[] = {
      {"", "selection.weight", "3", "[selection]\nweight = 3\n"},
      {"# ours\n[selection]\nweight = 1  # low\npolicy = \"random\"\n", "selection.weight", "3",
       "# ours\n[selection]\nweight = 3  # low\npolicy = \"random\"\n"},
      {"[selection]\n  weight = 1\t# as # ever\n", "selection.weight", "3",
       "[selection]\n  weight = 3\t# as # ever\n"},
      {"[caching]\nttl = \"1h\"# \"now\"\n", "caching.ttl", "2h",
       "[caching]\nttl = \"2h\"# \"now\"\n"},
      {"[caching]\nttl = '1h' # shorter\n", "caching.ttl", "2h",
       "[caching]\nttl = \"2h\" # shorter\n"},
      {"[selection]\nweight = 2\n\n[origin]\nreads = 4\n", "selection.policy", "random",
       "[selection]\nweight = 2\npolicy = \"random\"\n\n[origin]\nreads = 4\n"},
      {"[origin]\nreads = 4\n", "caching.ttl", "1h",
       "[origin]\nreads = 4\n\n[caching]\nttl = \"1h\"\n"},
      {"[caching]\nttl = \"1h\"", "caching.origin_unreliable", "on",
       "[caching]\nttl = \"1h\"\norigin_unreliable = \"on\"\n"},
  };
  for (const Edit& edit : edits) {
    auto edited = edit_policy(edit.before, {{edit.name, edit.value}});
    ASSERT_TRUE(edited.ok()) << edited.error().message;
    EXPECT_EQ(*edited, edit.after);
  }
}

TEST(PolicyDocument, SettingsThatNeedEachOtherAreEditedTogether) {
  EXPECT_FALSE(edit_policy("", {{"caching.replacement", "ttl"}}).ok());
  auto edited = edit_policy("", {{"caching.replacement", "ttl"}, {"caching.ttl", "2h"}});
  ASSERT_TRUE(edited.ok()) << edited.error().message;
  EXPECT_EQ(*edited, "[caching]\nreplacement = \"ttl\"\nttl = \"2h\"\n");
}

TEST(PolicyDocument, AnEditThatMakesNoGoodPolicyIsRefused) {
  EXPECT_NE(edit_policy("", {{"selection.wait", "3"}}).error().message.find("did you mean"),
            std::string::npos);
  EXPECT_NE(
      edit_policy("", {{"selection.weight", "many"}}).error().message.find("an integer from 1"),
      std::string::npos);
  // Written in a way that has no line of its own for the setting.
  EXPECT_FALSE(edit_policy("selection = { weight = 2 }\n", {{"selection.weight", "3"}}).ok());
}

}  // namespace
}  // namespace tyto::tracker
