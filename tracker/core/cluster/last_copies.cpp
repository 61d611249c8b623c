// A group's last copy of a chunk goes with its directory's leave, so that two groups do not give up
// the fleet's last two at once, each for the other's sake.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr Duration kAnswerTime = Duration::seconds(2);
constexpr Duration kGivenFor = Duration::seconds(10);
constexpr Duration kRefusedFor = Duration::seconds(5);
constexpr std::size_t kAskedMax = 4096;

// Who waits for room may find some now.
void wake(State& state, SessionId session) {
  SessionIndex index = state.sessions.find(session);
  if (index == kNoSession) return;
  std::vector<VersionIndex> waiting = std::move(state.sessions[index].wants_space);
  state.sessions[index].wants_space.clear();
  for (VersionIndex version : waiting) state.mark_dirty(version);
  for (ReaderIndex reader : state.sessions[index].readers) state.mark_dirty(reader);
  state.cluster.is_grant_waiting = true;
}

// What the directory says to a member that would evict the last copy of its group.
bool may_go(State& state, MemberId from, ChunkKey key) {
  auto catalogue = state.cluster.directory.find(key.version);
  if (catalogue == state.cluster.directory.end()) return true;
  auto desk = catalogue->second.desks.find(key.chunk);
  if (desk != catalogue->second.desks.end() && !desk->second.waiting.empty()) return false;
  auto own = catalogue->second.held.find(from);
  bool is_elsewhere = false;
  for (const auto& [member, held] : catalogue->second.held)
    is_elsewhere = is_elsewhere || (member != from && state.cluster.is_up(member) &&
                                    held.size() > key.chunk && held.test(key.chunk));
  if (!is_elsewhere && state.policy(key.version).caching.is_origin_unreliable) return false;
  if (own != catalogue->second.held.end() && own->second.size() > key.chunk)
    own->second.reset(key.chunk);
  return true;
}

}  // namespace

bool may_last_copy_go(const State& state, VersionIndex version, uint32_t chunk) {
  if (!state.cluster.is_several() || state.versions[version].facts == nullptr) return true;
  auto it = state.cluster.last_copies.find({version, chunk});
  return it != state.cluster.last_copies.end() && it->second.consent == Consent::kGiven;
}

bool ask_for_last_copies(State& state, HoldingIndex holding, const std::vector<uint32_t>& chunks) {
  const VersionIndex version = state.holdings[holding].version;
  const SessionIndex session = state.fleet.peer(state.holdings[holding].peer).session;
  bool is_awaited = false;
  for (uint32_t chunk : chunks) {
    ChunkKey key{version, chunk};
    auto it = state.cluster.last_copies.find(key);
    if (it != state.cluster.last_copies.end()) {
      is_awaited = is_awaited || it->second.consent == Consent::kAsked;
      continue;
    }
    if (state.cluster.last_copies.size() >= kAskedMax) return true;
    state.cluster.last_copies[key] = {Consent::kAsked, state.sessions[session].id,
                                      state.now + kAnswerTime};
    tell_member(state, directory_of(state, version, chunk), version,
                LastCopyAsked{state.versions[version].id, chunk});
    wake_cluster(state, state.now + kAnswerTime);
    is_awaited = true;
  }
  return is_awaited;
}

void take_last_copy_asked(State& state, MemberId from, const LastCopyAsked& message) {
  auto version = state.versions.find(message.version);
  if (!version || message.chunk >= state.versions[*version].chunk_count())
    return note_nonsense(state, from, "asked for the last copy of what is not known");
  bool is_free = may_go(state, from, {*version, message.chunk});
  tell_member(state, from, LastCopyAnswered{message.version, message.chunk, is_free});
}

void take_last_copy_answered(State& state, MemberId from, const LastCopyAnswered& message) {
  auto version = state.versions.find(message.version);
  if (!version) return note_nonsense(state, from, "answered about what is not known");
  auto it = state.cluster.last_copies.find({*version, message.chunk});
  if (it == state.cluster.last_copies.end() || it->second.consent != Consent::kAsked) return;
  it->second.consent = message.may_go ? Consent::kGiven : Consent::kRefused;
  it->second.until = state.now + (message.may_go ? kGivenFor : kRefusedFor);
  wake(state, it->second.session);
}

void expire_last_copies(State& state) {
  std::vector<ChunkKey> over;
  for (auto& [key, copy] : state.cluster.last_copies) {
    if (copy.until > state.now) continue;
    bool is_unreliable = state.policy(key.version).caching.is_origin_unreliable;
    if (copy.consent == Consent::kAsked && !is_unreliable) {
      // The directory cannot be asked: better an empty place than a full store.
      copy.consent = Consent::kGiven;
      copy.until = state.now + kGivenFor;
      wake(state, copy.session);
    } else {
      over.push_back(key);
    }
  }
  for (const ChunkKey& key : over) {
    bool was_given = state.cluster.last_copies.at(key).consent == Consent::kGiven;
    state.cluster.last_copies.erase(key);
    // The directory took it for gone.
    if (was_given && state.versions[key.version].copies[key.chunk] > 0) announce_again(state, key);
  }
}

}  // namespace tyto::tracker
