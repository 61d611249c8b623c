// Peers that go from one tracker to another: the one that they have left hears of it from the one
// that they have come to, and goes on as if it had never had them.
#include <algorithm>
#include <utility>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

void count_arrival(State& state, TrackerEpoch from) {
  for (auto& [member, ghost] : state.cluster.ghosts)
    if (ghost.run == from) ++ghost.came_here;
}

// Whether nothing that the lost member's peers hold or read is unknown any more. What they brought
// was announced for the members that there are now, or is announced by then.
bool have_all_come(const State& state, const Ghost& ghost) {
  uint32_t came = 0;
  for (const auto& [member, peers] : ghost.came)
    if (state.cluster.is_up(member)) came += peers;
  return came >= ghost.peers && have_all_announced(state);
}

}  // namespace

void tell_move(State& state, SessionIndex index) {
  Session& session = state.sessions[index];
  const TrackerEpoch epoch = std::exchange(session.left.epoch, TrackerEpoch());
  if (epoch == TrackerEpoch() || epoch == state.epoch) return;
  count_arrival(state, epoch);
  for (const auto& [id, link] : state.cluster.links) {
    if (link.member.epoch != epoch || id == state.cluster.self) continue;
    tell_member(state, id, PeerMoved{state.fleet.peer(session.peer).id, session.left.session});
  }
}

void tell_moves(State& state, const Member& member) {
  if (member.epoch == TrackerEpoch()) return;
  for (uint32_t i = 0; i < state.sessions.rows(); ++i) {
    const SessionIndex index(i);
    if (!state.sessions.is_used(index)) continue;
    const Session& session = state.sessions[index];
    // One that has not told all that it brings is told of when it has.
    bool has_come = session.came_from == member.epoch && session.left.epoch == TrackerEpoch();
    PeerId peer = state.fleet.peer(session.peer).id;
    if (has_come) tell_member(state, member.id, PeerMoved{peer, session.left.session});
  }
}

void tell_arrivals(State& state) {
  for (auto& [lost, ghost] : state.cluster.ghosts) {
    if (ghost.came_here == ghost.told || ghost.run == TrackerEpoch()) continue;
    ghost.told = ghost.came_here;
    for (auto& [id, link] : state.cluster.links)
      tell_member(state, id, PeersCame{ghost.run, ghost.came_here});
  }
}

void take_peers_came(State& state, MemberId from, const PeersCame& message) {
  for (auto& [lost, ghost] : state.cluster.ghosts)
    if (ghost.run == message.from) ghost.came[from] = message.peers;
  forget_ghosts(state);
}

void forget_ghosts(State& state) {
  auto& ghosts = state.cluster.ghosts;
  for (auto it = ghosts.begin(); it != ghosts.end();) {
    if (it->second.until > state.now && !have_all_come(state, it->second)) {
      ++it;
      continue;
    }
    const MemberId lost = it->first;
    it = ghosts.erase(it);
    end_leases_of(state, lost);
    forget_member(state, lost);
  }
}

void note_run(State& state, const Member& member) {
  constexpr std::size_t kRunsKept = 256;
  auto& runs = state.cluster.runs;
  if (member.epoch == TrackerEpoch()) return;
  std::pair<TrackerEpoch, MemberId> run{member.epoch, member.id};
  if (std::find(runs.begin(), runs.end(), run) != runs.end()) return;
  if (runs.size() == kRunsKept) runs.erase(runs.begin());
  runs.push_back(run);
}

bool was_lately_at(const State& state, const Session& session, const std::vector<MemberId>& path) {
  // What was under way then has ended since.
  constexpr Duration kLately = Duration::seconds(20);
  if (session.came_from == TrackerEpoch() || state.now - session.came_at > kLately) return false;
  return std::any_of(path.begin(), path.end(), [&](MemberId member) {
    const auto& runs = state.cluster.runs;
    return std::find(runs.begin(), runs.end(), std::pair(session.came_from, member)) != runs.end();
  });
}

void take_peer_moved(State& state, const PeerMoved& message) {
  SessionIndex index = state.sessions.find(message.session);
  if (index == kNoSession) return;
  const Session& session = state.sessions[index];
  if (state.fleet.peer(session.peer).id != message.peer) return;
  // What it reads at the origin it goes on with: the directories hear of that from its new tracker.
  for (const Download& download : session.downloads) pass_duty(state, index, download.transfer);
  end_session(state, index, EndKind::kLeft, "it went to another tracker");
}

}  // namespace tyto::tracker
