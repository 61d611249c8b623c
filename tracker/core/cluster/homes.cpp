#include "tracker/core/cluster/homes.h"

#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// A new list waits this long for the next one, and is then told to a hundredth of all peers at a
// time.
constexpr Duration kTellAfter = Duration::seconds(1);
constexpr Duration kTellEvery = Duration::milliseconds(100);
constexpr uint32_t kTellShare = 100;
constexpr uint32_t kTellMin = 4;

uint64_t load_of(const State& state, MemberId member) {
  if (member == state.homes.self) return state.sessions.count();
  const Link* link = state.cluster.link(member);
  return link == nullptr ? 0 : link->status.peers;
}

bool is_full(const State& state, MemberId member) {
  uint64_t total = 0;
  for (const TrackerListed& tracker : *state.homes.trackers) total += load_of(state, tracker.id);
  uint64_t load = load_of(state, member);
  return load >= kLoadFree &&
         load * state.homes.trackers->size() * kLoadDenominator > total * kLoadNumerator;
}

TrackerListRef list_of(const Members& members) {
  if (members.members.size() < 2) return nullptr;
  auto list = std::make_shared<TrackerList>();
  for (const Member& member : members.members) {
    if (list->size() == kTrackersListedMax) break;
    list->push_back({member.id, member.rpc, member.region});
  }
  return list;
}

MemberId home_of(const State& state, const Session& session) {
  const TrackerList& trackers = *state.homes.trackers;
  return trackers[rank_trackers(trackers, session.home_key, session.region).front()].id;
}

void tell(State& state, SessionIndex index, MemberId home) {
  Session& session = state.sessions[index];
  session.homes_serial = state.homes.serial;
  state.stage(index, ListTrackers{state.homes.trackers, home});
}

}  // namespace

void change_homes(State& state, const MembersChanged& input) {
  Homes& homes = state.homes;
  homes.self = input.self;
  homes.trackers = list_of(input.members);
  ++homes.serial;
  bool is_set = homes.next_row != kNone;
  homes.next_row = homes.trackers == nullptr ? kNone : 0;
  homes.is_idle_pass = true;
  if (homes.next_row != kNone && !is_set)
    state.timers.set({state.now + kTellAfter, TimerKind::kHomes, 0});
}

std::optional<RegisterMoved> home_elsewhere(const State& state, const RegisterRequest& request) {
  const Homes& homes = state.homes;
  bool may_move =
      homes.trackers != nullptr && request.protocol_version >= 3 && request.moves < kMovesMax;
  if (!may_move) return std::nullopt;
  uint64_t key = home_key(request.location);
  std::vector<MemberId> order;
  for (uint32_t i : rank_trackers(*homes.trackers, key, request.location.region)) {
    MemberId id = (*homes.trackers)[i].id;
    if (std::find(request.avoids.begin(), request.avoids.end(), id) == request.avoids.end())
      order.push_back(id);
  }
  if (order.empty()) return std::nullopt;
  if (order.front() != homes.self)
    return RegisterMoved{homes.self, order.front(), homes.trackers, false};
  if (homes.racks.contains(key) || !is_full(state, homes.self)) return std::nullopt;
  auto other = std::find_if(order.begin(), order.end(),
                            [&](MemberId member) { return !is_full(state, member); });
  if (other == order.end()) return std::nullopt;
  return RegisterMoved{homes.self, *other, homes.trackers, true};
}

void count_in(State& state, SessionIndex index, const RegisterRequest& request) {
  Session& session = state.sessions[index];
  session.home_key = home_key(request.location);
  session.region = request.location.region;
  session.homes_serial = state.homes.serial;  // the answer has the list
  ++state.homes.racks[session.home_key];
}

void count_out(State& state, SessionIndex index) {
  auto rack = state.homes.racks.find(state.sessions[index].home_key);
  if (--rack->second == 0) state.homes.racks.erase(rack);
}

void fire_homes_timer(State& state) {
  Homes& homes = state.homes;
  if (homes.next_row == kNone) return;
  uint32_t left = std::max(state.sessions.count() / kTellShare, kTellMin);
  for (; homes.next_row < state.sessions.rows() && left > 0; ++homes.next_row) {
    SessionIndex index(homes.next_row);
    if (!state.sessions.is_used(index)) continue;
    const Session& session = state.sessions[index];
    if (session.homes_serial == homes.serial || session.protocol_version < 3) continue;
    MemberId home = home_of(state, session);
    bool is_idle = session.readers.empty() && session.downloads.empty();
    if (homes.is_idle_pass && home != homes.self && !is_idle) continue;
    tell(state, index, home);
    --left;
  }
  if (homes.next_row >= state.sessions.rows()) {
    homes.next_row = homes.is_idle_pass ? 0 : kNone;
    homes.is_idle_pass = false;
  }
  if (homes.next_row != kNone) state.timers.set({state.now + kTellEvery, TimerKind::kHomes, 0});
}

}  // namespace tyto::tracker
