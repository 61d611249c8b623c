#include "settings/quantity.h"

#include <gtest/gtest.h>

namespace tyto::settings {
namespace {

TEST(Quantity, RatesAreReadInBitsAndBytes) {
  EXPECT_EQ(parse_rate("50 Mbit/s").value(), 6'250'000u);
  EXPECT_EQ(parse_rate("12.5Mbit/s").value(), 1'562'500u);
  EXPECT_EQ(parse_rate("1 Gbit/s").value(), 125'000'000u);
  EXPECT_EQ(parse_rate("8 bit/s").value(), 1u);
  EXPECT_EQ(parse_rate("6.25 MB/s").value(), 6'250'000u);
  EXPECT_EQ(parse_rate("1 MiB/s").value(), 1u << 20);
  EXPECT_EQ(parse_rate("0 B/s").value(), 0u);
}

TEST(Quantity, WhatIsNoRateInWholeBytesIsRefused) {
  for (const char* text : {"", "50", "50 Mbit", "50 mbit/s", "1 bit/s", "12 bit/s", "-1 MB/s",
                           "Mbit/s", "99999999 TiB/s", "1.5 B/s"})
    EXPECT_FALSE(parse_rate(text).ok()) << text;
}

TEST(Quantity, RatesReadBackAsTheSameValue) {
  EXPECT_EQ(rate_text(6'250'000), "50Mbit/s");
  EXPECT_EQ(rate_text(1), "1B/s");
  for (uint64_t rate : {uint64_t{0}, uint64_t{1}, uint64_t{999}, uint64_t{1'562'500},
                        uint64_t{1} << 40, uint64_t{12'500'000'000}})
    EXPECT_EQ(parse_rate(rate_text(rate)).value(), rate) << rate_text(rate);
}

TEST(Quantity, SharesAreThousandths) {
  EXPECT_EQ(parse_share("25%").value(), 250u);
  EXPECT_EQ(parse_share("12.5 %").value(), 125u);
  EXPECT_EQ(parse_share("100%").value(), 1000u);
  EXPECT_EQ(share_text(125), "12.5%");
  EXPECT_EQ(share_text(1000), "100%");
  for (const char* text : {"", "25", "%", "100.1%", "0.05%", "-1%"})
    EXPECT_FALSE(parse_share(text).ok()) << text;
}

}  // namespace
}  // namespace tyto::settings
