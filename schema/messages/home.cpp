#include "schema/messages/home.h"

#include <algorithm>
#include <string_view>
#include <tuple>

#include "base/rng.h"

namespace tyto {
namespace {

// FNV-1a (Fowler, Noll and Vo): every machine's hash of a text is the same.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (char c : text) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return mix64(hash);
}

uint64_t own_key(const TrackerListed& tracker) {
  return tracker.id != MemberId() ? mix64(tracker.id.value()) : hash_of(tracker.address.text());
}

}  // namespace

bool same_trackers(const TrackerListRef& a, const TrackerListRef& b) {
  std::size_t size = a == nullptr ? 0 : a->size();
  if (size != (b == nullptr ? 0 : b->size())) return false;
  return size == 0 || a == b || *a == *b;
}

uint64_t home_key(const Location& location) {
  std::string path = location.region + "/" + location.zone + "/" + location.rack;
  return hash_of(location.rack.empty() ? location.text() : path);
}

std::vector<uint32_t> rank_trackers(const TrackerList& trackers, uint64_t key,
                                    const std::string& region) {
  using Rank = std::tuple<bool, uint64_t, uint32_t>;  // least first
  std::vector<Rank> ranks;
  for (uint32_t i = 0; i < trackers.size(); ++i) {
    bool is_foreign = region.empty() || trackers[i].region != region;
    ranks.emplace_back(is_foreign, ~mix64(key ^ own_key(trackers[i])), i);
  }
  std::sort(ranks.begin(), ranks.end());
  std::vector<uint32_t> order;
  for (const Rank& rank : ranks) order.push_back(std::get<2>(rank));
  return order;
}

}  // namespace tyto
