#include <gtest/gtest.h>

#include "io/settings/settings.h"

namespace tyto::io {
namespace {

TEST(Quantity, SizesAreReadWithTheirUnits) {
  EXPECT_EQ(parse_bytes("0").value(), 0u);
  EXPECT_EQ(parse_bytes("17").value(), 17u);
  EXPECT_EQ(parse_bytes("64MiB").value(), 64u << 20);
  EXPECT_EQ(parse_bytes("1.5 GiB").value(), 3u << 29);
  EXPECT_EQ(parse_bytes("2kB").value(), 2000u);
  EXPECT_EQ(parse_bytes("3TB").value(), 3'000'000'000'000u);
}

TEST(Quantity, WhatIsNoSizeIsRefused) {
  for (const char* text :
       {"", "MiB", "-1", "1.5", "64mib", "64 MiBs", "1e3", ".5KiB", "1.KiB", "9999999999999TiB",
        "99999999999999999999999999999999999999999999", "1.0000000000000000001MiB", "0x10"})
    EXPECT_FALSE(parse_bytes(text).ok()) << text;
}

TEST(Quantity, SpansAreReadWithTheirUnits) {
  EXPECT_EQ(parse_duration("20s").value(), Duration::seconds(20));
  EXPECT_EQ(parse_duration("1.5h").value(), Duration::seconds(5400));
  EXPECT_EQ(parse_duration("250ms").value(), Duration::milliseconds(250));
  EXPECT_EQ(parse_duration("2d").value(), Duration::seconds(172800));
  EXPECT_EQ(parse_duration("0").value(), Duration());
}

TEST(Quantity, ASpanWithoutUnitOrOutOfRangeIsRefused) {
  for (const char* text : {"", "20", "s", "-5s", "20 seconds", "1.5ns", "999999999d"})
    EXPECT_FALSE(parse_duration(text).ok()) << text;
}

TEST(Quantity, TextsReadBackAsTheSameValue) {
  for (uint64_t bytes : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, uint64_t{1024}, uint64_t{1025},
                         uint64_t{64} << 20, uint64_t{5'000'000'000}})
    EXPECT_EQ(parse_bytes(bytes_text(bytes)).value(), bytes) << bytes_text(bytes);
  for (int64_t ns :
       {int64_t{0}, int64_t{1}, int64_t{1500}, int64_t{60'000'000'000}, int64_t{90'000'000'000}})
    EXPECT_EQ(parse_duration(duration_text(Duration::nanoseconds(ns))).value().ns(), ns);
  EXPECT_EQ(bytes_text(64 << 20), "64MiB");
  EXPECT_EQ(duration_text(Duration::seconds(90)), "90s");
}

}  // namespace
}  // namespace tyto::io
