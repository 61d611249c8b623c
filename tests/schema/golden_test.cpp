// Messages as they were written when their version came out decode to what they meant, for ever.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "schema/codec/cluster_codec.h"
#include "schema/codec/codec.h"
#include "tests/schema/cluster_samples.h"
#include "tests/schema/sample_messages.h"

namespace tyto {
namespace {

std::vector<std::byte> read_golden(const std::string& name) {
  std::ifstream file(TYTO_SOURCE_DIR "/tests/golden/messages/" + name + ".bin", std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  auto begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

template <class T>
void expect_golden(const std::string& name, const T& expected) {
  std::vector<std::byte> bytes = read_golden(name);
  ASSERT_FALSE(bytes.empty()) << name << ".bin is missing";
  Result<T> decoded = from_bytes<T>(bytes);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_TRUE(*decoded == expected) << name << " means something else now";
  Result<T> again = from_bytes<T>(to_bytes(*decoded));
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(*again == expected);
}

TEST(GoldenMessages, RegisterRequestOfVersion1Decodes) {
  expect_golden("v1/register_request", samples::register_request());
}
TEST(GoldenMessages, RegisterReplyOfVersion1Decodes) {
  expect_golden("v1/register_reply", samples::register_reply());
}
TEST(GoldenMessages, ExchangeUpOfVersion1Decodes) {
  expect_golden("v1/exchange_up", samples::exchange_up());
}
TEST(GoldenMessages, ExchangeDownOfVersion1Decodes) {
  expect_golden("v1/exchange_down", samples::exchange_down());
}
TEST(GoldenMessages, HedgeOfVersion2Decodes) {
  expect_golden("v2/hedge", samples::hedge());
}
TEST(GoldenMessages, ShowWaitOfVersion3Decodes) {
  expect_golden("v3/show_wait", samples::show_wait());
}
TEST(GoldenMessages, WhatSeveralTrackersSayDecodesAsInVersion4) {
  expect_golden("v4/register_request_moved", samples::register_request_moved());
  expect_golden("v4/register_reply_of_several", samples::register_reply_of_several());
  expect_golden("v4/register_moved", samples::register_moved());
  expect_golden("v4/list_trackers", samples::list_trackers());
}
TEST(GoldenMessages, ARunOfChunksDecodesAsItWasFirstWritten) {
  expect_golden("v5/run", samples::run());
}
TEST(GoldenMessages, WhatIsKeptInMemoryDecodesAsItWasFirstWritten) {
  expect_golden("v6/register_request_memory", samples::register_request_memory());
  expect_golden("v6/exchange_up_memory", samples::exchange_up_memory());
  expect_golden("v6/exchange_down_memory", samples::exchange_down_memory());
  expect_golden("v6/inventory_in_memory", samples::inventory_in_memory());
}
TEST(GoldenMessages, TrackerIntroducedOfClusterVersion1Decodes) {
  expect_golden("cluster_v1/tracker_introduced", samples::tracker_introduced());
}
TEST(GoldenMessages, ClusterBatchOfClusterVersion1Decodes) {
  expect_golden("cluster_v1/cluster_batch", samples::cluster_batch());
}
TEST(GoldenMessages, WhatClusterVersion2BroughtDecodes) {
  expect_golden("cluster_v2/cluster_batch", samples::cluster_batch_of_version_2());
}
TEST(GoldenMessages, WhatClusterVersion3BroughtDecodes) {
  expect_golden("cluster_v3/cluster_batch", samples::cluster_batch_of_version_3());
  expect_golden("cluster_v4/cluster_batch", samples::cluster_batch_of_version_4());
}
TEST(GoldenMessages, WhatMessagesOfClusterVersion3GotLaterDecodes) {
  expect_golden("cluster_v3/policies", samples::cluster_batch_of_policies());
}
TEST(GoldenMessages, WhatIsUnderWayDecodesAsItWasFirstWritten) {
  expect_golden("v4/inventory_underway", samples::inventory_underway());
}
TEST(GoldenMessages, InventoryPageOfVersion1Decodes) {
  expect_golden("v1/inventory_page", samples::inventory_page());
}
TEST(GoldenMessages, RootsRequestOfVersion1Decodes) {
  expect_golden("v1/roots_request", samples::roots_request());
}
TEST(GoldenMessages, RootsPageOfVersion1Decodes) {
  expect_golden("v1/roots_page", samples::roots_page());
}

}  // namespace
}  // namespace tyto
