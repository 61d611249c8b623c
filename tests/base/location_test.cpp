#include "base/location.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace tyto {
namespace {

Location at(const std::string& text) {
  auto location = Location::parse(text);
  EXPECT_TRUE(location.ok()) << text;
  return location ? *location : Location{};
}

TEST(Location, ReadsFourParts) {
  EXPECT_EQ(at("eu/eu-1/rack.7/host_3"), (Location{"eu", "eu-1", "rack.7", "host_3"}));
}

TEST(Location, PartsLeftOutAreTheLargest) {
  EXPECT_EQ(at("h"), (Location{"", "", "", "h"}));
  EXPECT_EQ(at("r/h"), (Location{"", "", "r", "h"}));
  EXPECT_EQ(at("z/r/h"), (Location{"", "z", "r", "h"}));
  EXPECT_EQ(at("///h"), (Location{"", "", "", "h"}));
  EXPECT_EQ(at("eu//r/h"), (Location{"eu", "", "r", "h"}));
}

TEST(Location, ReadsBackWhatItWrites) {
  for (const char* text : {"h", "r/h", "z/r/h", "e/z/r/h", "e///h"}) {
    const Location location = at(text);
    EXPECT_EQ(at(location.text()), location);
  }
  EXPECT_EQ(at("r/h").text(), "//r/h");
}

TEST(Location, RefusesWhatIsNotALocationAndSaysWhatIs) {
  const std::vector<std::string> bad = {"",
                                        "/",
                                        "r/",
                                        "e/z/r/",
                                        "a/b/c/d/e",
                                        "sp ace",
                                        "caf\xc3\xa9",
                                        "a\nb",
                                        std::string("a\0b", 3),
                                        "z/" + std::string(64, 'x') + "/h",
                                        std::string(64, 'x')};
  for (const std::string& text : bad) {
    auto location = Location::parse(text);
    ASSERT_FALSE(location.ok()) << text;
    EXPECT_EQ(location.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(location.error().message.find("region/zone/rack/host"), std::string::npos);
  }
}

TEST(Location, PartsMayHave63Characters) {
  const std::string part(63, 'x');
  EXPECT_EQ(at(part + "/" + part + "/" + part + "/" + part).zone, part);
}

TEST(Nearness, IsTheSmallestPlaceThatHoldsBoth) {
  const Location host = at("eu/z1/r1/h1");
  EXPECT_EQ(nearness(host, at("eu/z1/r1/h1")), Nearness::kSameHost);
  EXPECT_EQ(nearness(host, at("eu/z1/r1/h2")), Nearness::kSameRack);
  EXPECT_EQ(nearness(host, at("eu/z1/r2/h1")), Nearness::kSameZone);
  EXPECT_EQ(nearness(host, at("eu/z2/r1/h1")), Nearness::kSameRegion);
  EXPECT_EQ(nearness(host, at("us/z1/r1/h1")), Nearness::kAnywhere);
}

TEST(Nearness, AnEmptyRackIsNobodys) {
  EXPECT_EQ(nearness(at("h1"), at("h2")), Nearness::kSameZone);
  EXPECT_EQ(nearness(at("h1"), at("h1")), Nearness::kSameHost);
  EXPECT_EQ(nearness(at("r/h1"), at("r/h2")), Nearness::kSameRack);
}

TEST(Nearness, IsTheSameFromEitherSide) {
  std::vector<Location> places;
  for (const char* region : {"", "e"})
    for (const char* zone : {"", "z"})
      for (const char* rack : {"", "r", "q"})
        for (const char* host : {"h", "i"}) places.push_back({region, zone, rack, host});
  for (const Location& a : places) {
    EXPECT_EQ(nearness(a, a), Nearness::kSameHost) << a.text();
    for (const Location& b : places) {
      EXPECT_EQ(nearness(a, b), nearness(b, a)) << a.text() << " " << b.text();
      EXPECT_EQ(nearness(a, b) == Nearness::kSameHost, a == b) << a.text() << " " << b.text();
    }
  }
}

TEST(Nearness, NearerComparesLess) {
  EXPECT_LT(Nearness::kSameHost, Nearness::kSameRack);
  EXPECT_LT(Nearness::kSameRack, Nearness::kSameZone);
  EXPECT_LT(Nearness::kSameZone, Nearness::kSameRegion);
  EXPECT_LT(Nearness::kSameRegion, Nearness::kAnywhere);
}

TEST(Nearness, EachHasANameOfItsOwn) {
  EXPECT_EQ(nearness_name(Nearness::kSameHost), "host");
  EXPECT_EQ(nearness_name(Nearness::kSameRack), "rack");
  EXPECT_EQ(nearness_name(Nearness::kSameZone), "zone");
  EXPECT_EQ(nearness_name(Nearness::kSameRegion), "region");
  EXPECT_EQ(nearness_name(Nearness::kAnywhere), "anywhere");
}

}  // namespace
}  // namespace tyto
