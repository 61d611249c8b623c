// Where a host stands: `region/zone/rack/host`, from the largest to the smallest.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tyto {

// How near two hosts are; smaller is nearer.
enum class Nearness : uint8_t { kSameHost, kSameRack, kSameZone, kSameRegion, kAnywhere };

std::string_view nearness_name(Nearness nearness);

// A path of four names. Parts may be left out from the left ("rack7/host3" has no region and no
// zone), and are then empty; the host is never empty.
struct Location {
  std::string region;
  std::string zone;
  std::string rack;
  std::string host;

  bool operator==(const Location&) const = default;
  // As given to parse(), with all four parts: "region/zone/rack/host".
  std::string text() const;
  // Reads one to four parts of 1 to 63 characters each from [A-Za-z0-9._-], separated by '/'.
  // Fails with kInvalidArgument otherwise.
  static Result<Location> parse(std::string_view text);
};

// Two hosts share a rack only if they share the zone and the region as well; an empty rack is
// nobody's, so hosts without one are never in the same rack.
Nearness nearness(const Location& a, const Location& b);

}  // namespace tyto
