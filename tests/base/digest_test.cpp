#include "base/digest.h"

#include <gtest/gtest.h>

#include <string>
#include <unordered_set>

namespace tyto {
namespace {

Digest counting() {
  Digest digest;
  for (std::size_t i = 0; i < Digest::kSize; ++i) digest.bytes[i] = static_cast<uint8_t>(i * 8);
  return digest;
}

const std::string kCountingHex = "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8";

TEST(Digest, IsZeroUnlessSet) {
  EXPECT_TRUE(Digest{}.is_zero());
  Digest last;
  last.bytes[31] = 1;
  EXPECT_FALSE(last.is_zero());
}

TEST(Digest, WritesLowerCaseHex) {
  EXPECT_EQ(counting().hex(), kCountingHex);
  EXPECT_EQ(counting().short_hex(), "000810182028");
  EXPECT_EQ(Digest{}.hex(), std::string(64, '0'));
}

TEST(Digest, ReadsHexOfEitherCase) {
  EXPECT_EQ(Digest::from_hex(kCountingHex), counting());
  std::string upper = kCountingHex;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(Digest::from_hex(upper), counting());
}

TEST(Digest, ReadsNothingElse) {
  EXPECT_FALSE(Digest::from_hex("").has_value());
  EXPECT_FALSE(Digest::from_hex(kCountingHex.substr(1)).has_value());
  EXPECT_FALSE(Digest::from_hex(kCountingHex + "0").has_value());
  for (char bad : {'g', 'G', '/', ':', '@', '`', ' ', '\0', '\xff'}) {
    for (std::size_t at : {0, 1, 63}) {
      std::string text = kCountingHex;
      text[at] = bad;
      EXPECT_FALSE(Digest::from_hex(text).has_value()) << text;
    }
  }
}

TEST(Digest, OrdersAsItsBytesDo) {
  Digest low;
  Digest high;
  low.bytes[31] = 0xff;
  high.bytes[0] = 1;
  EXPECT_LT(low, high);
  EXPECT_LT(low.hex(), high.hex());
}

TEST(Digest, PrefixIsItsFirstEightBytesBigEndian) {
  EXPECT_EQ(counting().prefix(), 0x0008101820283038u);
}

TEST(Digest, IsAKeyOfHashTables) {
  std::unordered_set<Digest> set{counting(), Digest{}, counting()};
  EXPECT_EQ(set.size(), 2u);
}

}  // namespace
}  // namespace tyto
