#include "peer/core/trackers.h"

#include <algorithm>

namespace tyto::peer {
namespace {

constexpr uint32_t kAvoidDoublings = 4;

Instant avoided_until(const Trackers& trackers, MemberId id) {
  for (const AvoidedTracker& avoided : trackers.avoided) {
    if (avoided.id == id) return avoided.until;
  }
  return Instant();
}

// Calls `take` with each place in the order in which they are tried, until it returns true.
template <class Take>
void in_order(const Trackers& trackers, const Take& take) {
  for (const TrackerListRef& list : {trackers.listed, trackers.found}) {
    if (list == nullptr) continue;
    for (uint32_t i : rank_trackers(*list, trackers.home_key, trackers.region)) {
      if (take(TrackerPlace{(*list)[i].id, (*list)[i].address})) return;
    }
  }
}

Duration random_up_to(CoreState& state, Duration most) {
  auto range = static_cast<uint64_t>(std::max<int64_t>(most.ns(), 0)) + 1;
  return Duration::nanoseconds(static_cast<int64_t>(state.rng.next64() % range));
}

}  // namespace

void know_trackers(Trackers& trackers, const Location& location, TrackerListRef found) {
  trackers.home_key = home_key(location);
  trackers.region = location.region;
  trackers.found = std::move(found);
}

void list_trackers(Trackers& trackers, TrackerListRef listed) {
  if (listed != nullptr && !listed->empty()) trackers.listed = std::move(listed);
}

// By its address, which both lists have.
uint64_t key_of(const TrackerPlace& place) {
  uint64_t key = mix64(place.address.port);
  for (char c : place.address.host) key = mix64(key ^ static_cast<uint8_t>(c));
  return key | 1;
}

bool was_tried(const Trackers& trackers, const TrackerPlace& place) {
  uint64_t key = key_of(place);
  return std::find(trackers.tried.begin(), trackers.tried.end(), key) != trackers.tried.end();
}

std::optional<TrackerPlace> next_tracker(const Trackers& trackers, Instant now) {
  std::optional<TrackerPlace> next;
  std::optional<TrackerPlace> avoided;  // better than none
  in_order(trackers, [&](TrackerPlace place) {
    if (was_tried(trackers, place)) return false;
    bool is_avoided = place.id != MemberId() && avoided_until(trackers, place.id) > now;
    std::optional<TrackerPlace>& found = is_avoided ? avoided : next;
    if (!found) found = std::move(place);
    return next.has_value();
  });
  return next ? next : avoided;
}

std::optional<TrackerPlace> find_tracker(const Trackers& trackers, MemberId id) {
  if (trackers.listed == nullptr) return std::nullopt;
  for (const TrackerListed& tracker : *trackers.listed) {
    if (tracker.id == id) return TrackerPlace{tracker.id, tracker.address};
  }
  return std::nullopt;
}

bool has_several_trackers(const Trackers& trackers) {
  auto size = [](const TrackerListRef& list) { return list == nullptr ? 0 : list->size(); };
  return std::max(size(trackers.listed), size(trackers.found)) > 1;
}

// Asked with each exchange, and in no order.
bool has_another_tracker(const Trackers& trackers) {
  uint64_t current = key_of(trackers.current);
  auto is_another = [&](const TrackerListed& tracker) {
    TrackerPlace place{tracker.id, tracker.address};
    return key_of(place) != current && !was_tried(trackers, place);
  };
  auto has_one = [&](const TrackerListRef& list) {
    return list != nullptr && std::any_of(list->begin(), list->end(), is_another);
  };
  return has_one(trackers.listed) || has_one(trackers.found);
}

void note_tried(Trackers& trackers) {
  if (!was_tried(trackers, trackers.current)) trackers.tried.push_back(key_of(trackers.current));
}

void avoid(CoreState& state, MemberId id, Instant now) {
  if (id == MemberId()) return;
  std::vector<AvoidedTracker>& all = state.trackers.avoided;
  auto known = std::find_if(all.begin(), all.end(),
                            [&](const AvoidedTracker& avoided) { return avoided.id == id; });
  if (known == all.end()) {
    if (all.size() == kTrackersAvoidedMax) all.erase(all.begin());
    known = all.insert(all.end(), {id, now, 0});
  }
  int64_t factor = int64_t{1} << std::min(known->times, kAvoidDoublings);
  Duration least = state.policy.avoid_for * factor;
  known->until = now + least + random_up_to(state, least);
  ++known->times;
}

std::vector<MemberId> avoided_now(const Trackers& trackers, Instant now) {
  std::vector<MemberId> ids;
  auto add = [&](MemberId id) {
    bool is_new = std::find(ids.begin(), ids.end(), id) == ids.end();
    if (is_new && ids.size() < kTrackersAvoidedMax && id != trackers.current.id) ids.push_back(id);
  };
  for (const AvoidedTracker& avoided : trackers.avoided) {
    if (avoided.until > now) add(avoided.id);
  }
  in_order(trackers, [&](const TrackerPlace& place) {
    if (place.id != MemberId() && was_tried(trackers, place)) add(place.id);
    return false;
  });
  return ids;
}

void note_arrived(CoreState& state, Instant now) {
  Trackers& trackers = state.trackers;
  std::erase_if(trackers.avoided,
                [&](const AvoidedTracker& one) { return one.id == trackers.current.id; });
  // What was tried in vain on the way here is tried again later, but not at once.
  for (MemberId id : avoided_now(trackers, now)) {
    auto place = find_tracker(trackers, id);
    if (place && was_tried(trackers, *place)) avoid(state, id, now);
  }
  trackers.tried.clear();
  trackers.moves = 0;
  trackers.home = MemberId();
  trackers.go_at = Instant::never();
  if (trackers.listed == nullptr || trackers.current.id == MemberId()) return;
  uint32_t first = rank_trackers(*trackers.listed, trackers.home_key, trackers.region).front();
  MemberId home = (*trackers.listed)[first].id;
  if (avoided_until(trackers, home) > now) plan_going(state, home, now);
}

void plan_going(CoreState& state, MemberId home, Instant now) {
  Trackers& trackers = state.trackers;
  if (home == trackers.home) return;
  trackers.home = home == trackers.current.id ? MemberId() : home;
  trackers.go_at = Instant::never();
  if (trackers.home == MemberId() || !find_tracker(trackers, home)) return;
  Instant begin = std::max(now, avoided_until(trackers, home));
  trackers.go_at = begin + random_up_to(state, state.policy.go_jitter);
  trackers.go_latest = begin + state.policy.go_within;
}

}  // namespace tyto::peer
