// What is to be read soon is fetched into the caches while other things are done.
//
// The rows of a large fleet lie in no cache, and most are found by way of others: a decision waits
// for memory most of the time. So whoever goes through a list looks at what is further on in it, in
// steps. All of these change nothing, and may be left out.
#pragma once

#include <array>
#include <cstddef>

#include "tracker/core/state.h"

namespace tyto::tracker {

// Things of a list between two steps of looking ahead.
inline constexpr std::size_t kAheadBy = 4;

inline void fetch(const void* begin, std::size_t bytes) {
  constexpr std::size_t kLineBytes = 64;
  for (std::size_t at = 0; at < bytes; at += kLineBytes)
    __builtin_prefetch(static_cast<const char*>(begin) + at, 1);
}
template <class Row>
void fetch(const Row& row) {
  fetch(&row, sizeof(Row));
}

// What decide() will look at next.
void look_ahead(const State& state);
// What the answer to the session at this place of State::touched_sessions takes.
void look_ahead_to_answer(const State& state, std::size_t place);

// Peers of which it will be asked what brings them a chunk: their rows and hosts, and what is on
// its way to them. Best for a few, since all are waited for together.
template <class Peers>
void fetch_downloads(const State& state, const Peers& peers) {
  for (PeerIndex peer : peers) fetch(state.fleet.peer(peer));
  for (PeerIndex peer : peers) {
    fetch(state.fleet.host(state.fleet.peer(peer).host));
    state.sessions.look_ahead(state.fleet.peer(peer).session);
  }
  auto visit = [&](auto&& act) {
    for (PeerIndex peer : peers) {
      SessionIndex session = state.fleet.peer(peer).session;
      if (session != kNoSession) act(state.sessions[session].downloads);
    }
  };
  visit([](const std::vector<Download>& downloads) { fetch(&downloads, 1); });
  visit([](const std::vector<Download>& downloads) {
    fetch(downloads.data(), downloads.size() * sizeof(Download));
  });
}

}  // namespace tyto::tracker
