#include "peer/transfer/data_protocol.h"

#include <gtest/gtest.h>

#include "peer/transfer/authorise.h"

namespace tyto::peer {
namespace {

const std::string kHex = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

TEST(ChunkTarget, ComesBackAsItWasWritten) {
  for (uint32_t index : {0u, 7u, kChunksMax - 1}) {
    ChunkId chunk{VersionId{*Digest::from_hex(kHex)}, ChunkIndex(index)};
    auto read = parse_chunk_target(chunk_target(chunk));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, chunk);
  }
  EXPECT_EQ(chunk_target({VersionId{*Digest::from_hex(kHex)}, ChunkIndex(5)}),
            "/v1/objects/" + kHex + "/chunks/5");
}

TEST(ChunkTarget, IsRefusedWhenAnythingIsAmiss) {
  const std::string good = "/v1/objects/" + kHex + "/chunks/";
  ASSERT_TRUE(parse_chunk_target(good + "0"));
  for (const std::string& bad :
       {good, good + "-1", good + "+1", good + "1x", good + " 1", good + "1048576",
        good + "99999999999", good + "1?x=y", std::string("/"), std::string(),
        "/v2/objects/" + kHex + "/chunks/0", "/v1/objects/" + kHex.substr(1) + "/chunks/0",
        "/v1/objects/" + kHex + "0/chunks/0", "/v1/objects/" + kHex + "/blocks/0",
        "/v1/objects/g" + kHex.substr(1) + "/chunks/0", "/v1/objects/" + kHex})
    EXPECT_FALSE(parse_chunk_target(bad)) << bad;
}

TEST(Representation, CountsLeavesBeforeBlocks) {
  EXPECT_EQ(Representation{1}.total_bytes(), 33u);
  EXPECT_EQ(Representation{kBlockBytes}.total_bytes(), 32u + kBlockBytes);
  EXPECT_EQ(Representation{kBlockBytes + 1}.total_bytes(), 64u + kBlockBytes + 1);
  EXPECT_EQ(Representation{kChunkBytesMax}.leaf_bytes(), 32u * 1024);
}

TEST(Range, FallsOnBlocksOrIsRefused) {
  Representation chunk{2 * kBlockBytes + 5};  // leaves 0..95, blocks at 96, 16480, 32864..32868
  struct Case {
    const char* text;
    std::optional<ByteRange> range;
  };
  const Case cases[] = {
      {"bytes=0-", ByteRange{0, 32869}},
      {"bytes=0-95", ByteRange{0, 96}},
      {"bytes=0-16479", ByteRange{0, 16480}},
      {"bytes=96-16479", ByteRange{96, 16480}},
      {"bytes=16480-", ByteRange{16480, 32869}},
      {"bytes=32864-32868", ByteRange{32864, 32869}},
      {"bytes=32864-99999", ByteRange{32864, 32869}},
      {"bytes=0-18446744073709551615", ByteRange{0, 32869}},
      {"bytes=1-", std::nullopt},
      {"bytes=32-95", std::nullopt},  // within the leaves
      {"bytes=96-16480", std::nullopt},
      {"bytes=97-16479", std::nullopt},
      {"bytes=0-32867", std::nullopt},
      {"bytes=32869-", std::nullopt},
      {"bytes=-5", std::nullopt},
      {"bytes=95-0", std::nullopt},
      {"bytes=0-95,96-16479", std::nullopt},
      {"bytes=", std::nullopt},
      {"bytes=-", std::nullopt},
      {"bytes=0", std::nullopt},
      {"bytes= 0-95", std::nullopt},
      {"blocks=0-1", std::nullopt},
      {"bytes=99999999999999999999-", std::nullopt},
      {"", std::nullopt},
  };
  for (const Case& item : cases) {
    auto range = parse_range(item.text, chunk);
    ASSERT_EQ(range.ok(), item.range.has_value()) << item.text;
    if (range)
      EXPECT_EQ(range.value(), *item.range) << item.text;
    else
      EXPECT_EQ(range.error().code, ErrorCode::kInvalidArgument) << item.text;
  }
}

TEST(PeerIdText, ComesBackAsItWasWritten) {
  EXPECT_EQ(peer_id_text(PeerId(0xab)), "00000000000000ab");
  EXPECT_EQ(parse_peer_id("00000000000000ab"), PeerId(0xab));
  EXPECT_EQ(parse_peer_id("ffffffffffffffff"), PeerId(~uint64_t{0}));
  EXPECT_FALSE(parse_peer_id("ab"));
  EXPECT_FALSE(parse_peer_id("-0000000000000ab"));
  EXPECT_FALSE(parse_peer_id("zz000000000000ab"));
}

TEST(Authorise, AsksForATicketOnlyWhereTheRuleDoes) {
  auto access = [](TicketRule rule, std::string_view ticket) {
    return authorise({rule, ticket, VersionId{}});
  };
  EXPECT_EQ(access(TicketRule::kOptional, ""), Access::kAllowed);
  EXPECT_EQ(access(TicketRule::kOptional, "t"), Access::kAllowed);
  EXPECT_EQ(access(TicketRule::kRequired, ""), Access::kTicketMissing);
  EXPECT_EQ(access(TicketRule::kRequired, "t"), Access::kAllowed);
  EXPECT_EQ(access(TicketRule::kOptional, std::string(kTicketBytesMax + 1, 'x')), Access::kDenied);
  EXPECT_EQ(access(TicketRule::kRequired, "two words"), Access::kDenied);
}

}  // namespace
}  // namespace tyto::peer
