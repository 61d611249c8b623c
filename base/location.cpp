#include "base/location.h"

#include <vector>

namespace tyto {
namespace {

constexpr std::size_t kPartBytesMax = 63;

bool is_part_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

bool is_part(std::string_view part) {
  if (part.size() > kPartBytesMax) return false;
  for (char c : part)
    if (!is_part_character(c)) return false;
  return true;
}

}  // namespace

std::string_view nearness_name(Nearness nearness) {
  switch (nearness) {
    case Nearness::kSameHost: return "host";
    case Nearness::kSameRack: return "rack";
    case Nearness::kSameZone: return "zone";
    case Nearness::kSameRegion: return "region";
    case Nearness::kAnywhere: return "anywhere";
  }
  return "unknown";
}

std::string Location::text() const {
  return region + "/" + zone + "/" + rack + "/" + host;
}

Result<Location> Location::parse(std::string_view text) {
  std::vector<std::string_view> parts;
  std::string_view rest = text;
  for (;;) {
    std::size_t slash = rest.find('/');
    parts.push_back(rest.substr(0, slash));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  bool is_good = parts.size() <= 4 && !parts.back().empty();
  for (std::string_view part : parts) is_good = is_good && is_part(part);
  if (!is_good) {
    return Error{ErrorCode::kInvalidArgument,
                 "location '" + std::string(text.substr(0, 100)) +
                     "' is not of the form region/zone/rack/host (one to four parts, each at most "
                     "63 characters of A-Z a-z 0-9 . _ -, the host not empty)"};
  }
  Location location;
  std::string* const slots[] = {&location.host, &location.rack, &location.zone, &location.region};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    *slots[i] = std::string(parts[parts.size() - 1 - i]);
  }
  return location;
}

Nearness nearness(const Location& a, const Location& b) {
  if (a.region != b.region) return Nearness::kAnywhere;
  if (a.zone != b.zone) return Nearness::kSameRegion;
  if (a.rack != b.rack || (a.rack.empty() && a.host != b.host)) return Nearness::kSameZone;
  if (a.host != b.host) return Nearness::kSameRack;
  return Nearness::kSameHost;
}

}  // namespace tyto
