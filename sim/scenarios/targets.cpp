#include "sim/scenarios/targets.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

#include "settings/quantity.h"
#include "settings/table.h"

namespace tyto::sim {
namespace {

constexpr std::string_view kKnown =
    "write everybody, readers, superpeers, reader N, readers N-M, superpeer N, group NAME, rack N, "
    "zone N or \"25% of\" one of these";

Error refused(std::string_view text, const std::string& why) {
  return {ErrorCode::kInvalidArgument, "\"" + std::string(text.substr(0, 60)) + "\" " + why};
}

struct Range {
  uint32_t first = 0;
  uint32_t last = 0;
};

std::optional<uint32_t> number_of(std::string_view text) {
  uint32_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "3" or "3-7".
std::optional<Range> range_of(std::string_view text) {
  std::size_t dash = text.find('-');
  auto first = number_of(text.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : number_of(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return Range{*first, *last};
}

std::vector<NodeId> run_of(uint32_t first, uint32_t count) {
  std::vector<NodeId> nodes;
  for (uint32_t i = 0; i < count; ++i) nodes.push_back(NodeId(first + i));
  return nodes;
}

Result<std::vector<NodeId>> by_index(std::string_view text, std::string_view numbers,
                                     uint32_t first, uint32_t count, const std::string& kind) {
  auto range = range_of(numbers);
  if (!range) return refused(text, "is no target: " + std::string(kKnown));
  if (range->last >= count)
    return refused(text, "is out of range: there are " + std::to_string(count) + " " + kind +
                             ", counted from 0; name one of them, or make the fleet larger");
  return run_of(first + range->first, range->last - range->first + 1);
}

Result<std::vector<NodeId>> by_group(std::string_view text, std::string_view name,
                                     const FleetSpec& fleet) {
  std::vector<std::string> names;
  for (const ReaderGroup& group : fleet.groups) {
    if (group.name == name) return run_of(fleet.superpeers + group.first, group.readers);
    if (!group.name.empty()) names.push_back(group.name);
  }
  return refused(text, "names no [[readers]]" + settings::did_you_mean(name, names) +
                           "; give one of them this name");
}

// The readers in a rack or a zone, of which there are `count`.
Result<std::vector<NodeId>> by_site(std::string_view text, std::string_view number,
                                    const FleetSpec& fleet, uint32_t count,
                                    uint32_t (FleetSpec::*site)(NodeId) const) {
  auto wanted = number_of(number);
  if (!wanted) return refused(text, "is no target: " + std::string(kKnown));
  if (*wanted >= count)
    return refused(text, "is out of range: there are " + std::to_string(count) +
                             ", counted from 0; raise racks.count or zones.count, or name another");
  std::vector<NodeId> nodes;
  for (uint32_t i = 0; i < fleet.readers; ++i)
    if ((fleet.*site)(fleet.reader(i)) == *wanted) nodes.push_back(fleet.reader(i));
  return nodes;
}

Result<std::vector<NodeId>> all_of(std::string_view text, const FleetSpec& fleet) {
  if (text == "everybody") return run_of(0, fleet.size());
  if (text == "readers") return run_of(fleet.superpeers, fleet.readers);
  if (text == "superpeers") return run_of(0, fleet.superpeers);
  std::size_t space = text.find(' ');
  std::string_view kind = text.substr(0, space);
  std::string_view rest =
      space == std::string_view::npos ? std::string_view() : text.substr(space + 1);
  if (kind == "reader" || kind == "readers")
    return by_index(text, rest, fleet.superpeers, fleet.readers, "readers");
  if (kind == "superpeer" || kind == "superpeers")
    return by_index(text, rest, 0, fleet.superpeers, "superpeers");
  if (kind == "group") return by_group(text, rest, fleet);
  if (kind == "rack") return by_site(text, rest, fleet, fleet.racks, &FleetSpec::rack);
  if (kind == "zone") return by_site(text, rest, fleet, fleet.zones, &FleetSpec::zone);
  return refused(text, "is no target: " + std::string(kKnown));
}

// So many of them, each as likely as another (Fan, Muller and Rezucha 1962: one pass, in order).
std::vector<NodeId> draw(const std::vector<NodeId>& from, uint32_t permille, Rng& rng) {
  uint64_t wanted = (from.size() * uint64_t{permille} + 500) / 1000;
  if (permille > 0 && !from.empty()) wanted = std::max<uint64_t>(wanted, 1);
  std::vector<NodeId> drawn;
  for (std::size_t i = 0; i < from.size() && drawn.size() < wanted; ++i) {
    auto left = static_cast<uint32_t>(from.size() - i);
    if (rng.below(left) < wanted - drawn.size()) drawn.push_back(from[i]);
  }
  return drawn;
}

}  // namespace

Result<std::vector<NodeId>> choose(std::string_view text, const FleetSpec& fleet, Rng& rng) {
  constexpr std::string_view kOf = " of ";
  std::size_t of = text.find("% of ");
  if (of == std::string_view::npos) return all_of(text, fleet);
  auto share = settings::parse_share(text.substr(0, of + 1));
  if (!share) return refused(text, "is no target: " + share.error().message);
  auto from = all_of(text.substr(of + 1 + kOf.size()), fleet);
  if (!from) return from;
  return draw(*from, *share, rng);
}

}  // namespace tyto::sim
