// Which peers are this tracker's; see docs/cluster.md, "Who is whose". To be included by state.h
// alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/messages/exchange.h"
#include "tracker/core/inputs.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

class State;

// A rack's home takes it for its own while it has at most 5 / 4 of the mean number of peers, or so
// few that it does not matter, or peers of that rack already.
inline constexpr uint64_t kLoadNumerator = 5;
inline constexpr uint64_t kLoadDenominator = 4;
inline constexpr uint64_t kLoadFree = 64;

// Bounds: members, and the racks of this tracker's peers.
struct Homes {
  MemberId self;
  TrackerListRef trackers;                       // null: this one is alone
  uint64_t serial = 0;                           // counts lists
  std::unordered_map<uint64_t, uint32_t> racks;  // of this tracker's peers, by home_key()
  // Sessions are told of a new list one after the other, those that are to move and do nothing
  // before those that do.
  bool is_idle_pass = false;
  uint32_t next_row = kNone;  // kNone: all have been told
};

// The members are others now: peers are told, and those who have another home move there.
void change_homes(State& state, const MembersChanged& input);
// The tracker that the peer is to register with, if that is another one.
std::optional<RegisterMoved> home_elsewhere(const State& state, const RegisterRequest& request);
// A session began, or ended.
void count_in(State& state, SessionIndex session, const RegisterRequest& request);
void count_out(State& state, SessionIndex session);
void fire_homes_timer(State& state);

}  // namespace tyto::tracker
