// Which tracker: the one that is this peer's home, as far as it can be reached, else the next one.
//
// Peers of one rack take trackers in the same order (schema/messages/home.h), so that they meet at
// the same one, whichever that is. Trackers that were named to this peer, by its user or by a name
// service, are what it begins with, and falls back on when none of the cluster's list answers.
#pragma once

#include <optional>
#include <vector>

#include "peer/core/core_state.h"

namespace tyto::peer {

void know_trackers(Trackers& trackers, const Location& location, TrackerListRef found);
void list_trackers(Trackers& trackers, TrackerListRef listed);

// Which of them it is, whatever is known of it.
uint64_t key_of(const TrackerPlace& place);

// The next to be tried in this round; nothing if all were.
std::optional<TrackerPlace> next_tracker(const Trackers& trackers, Instant now);
// The listed tracker of this id; nothing if there is none.
std::optional<TrackerPlace> find_tracker(const Trackers& trackers, MemberId id);
bool has_several_trackers(const Trackers& trackers);
// Whether there is another one to ask than the present one.
bool has_another_tracker(const Trackers& trackers);

bool was_tried(const Trackers& trackers, const TrackerPlace& place);
// The present one is not to be tried again in this round.
void note_tried(Trackers& trackers);
// A tracker is not to be gone to for a while.
void avoid(CoreState& state, MemberId id, Instant now);
// Whom a registration names as such: those of now, and those tried in vain in this round.
std::vector<MemberId> avoided_now(const Trackers& trackers, Instant now);
// Registered: the round is over. Sees to it that the peer goes home later if this is not its home.
void note_arrived(CoreState& state, Instant now);
// A tracker named the peer's home.
void plan_going(CoreState& state, MemberId home, Instant now);

}  // namespace tyto::peer
