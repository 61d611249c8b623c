#include "sim/report/measured.h"

namespace tyto::sim {

std::string_view source_class_name(SourceClass source) {
  switch (source) {
    case SourceClass::kPeer: return "peers";
    case SourceClass::kSuperpeer: return "superpeers";
    case SourceClass::kOrigin: return "origin";
  }
  return "unknown";
}

std::string_view tier_name(Tier tier) {
  switch (tier) {
    case Tier::kLocal: return "local";
    case Tier::kRack: return "cross_rack";
    case Tier::kZone: return "cross_zone";
    case Tier::kRegion: return "cross_region";
  }
  return "unknown";
}

std::string_view link_group_name(LinkGroup group) {
  switch (group) {
    case LinkGroup::kReaderUp: return "reader_up";
    case LinkGroup::kReaderDown: return "reader_down";
    case LinkGroup::kSuperpeerUp: return "superpeer_up";
    case LinkGroup::kSuperpeerDown: return "superpeer_down";
    case LinkGroup::kOrigin: return "origin";
    case LinkGroup::kRackUp: return "rack_up";
    case LinkGroup::kRackDown: return "rack_down";
    case LinkGroup::kZoneUp: return "zone_up";
    case LinkGroup::kZoneDown: return "zone_down";
    case LinkGroup::kRegionUp: return "region_up";
    case LinkGroup::kRegionDown: return "region_down";
  }
  return "unknown";
}

uint64_t Decisions::total() const {
  uint64_t sum = cancels + opens + opens_ended + resolves;
  for (const auto& [choice, count] : assignments) sum += count;
  for (const auto& [choice, count] : evictions) sum += count;
  return sum;
}

}  // namespace tyto::sim
