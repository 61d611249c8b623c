// The directory: which members hold a chunk, and whom a wish for it is passed on to.
#include "tracker/core/cluster/directory.h"

#include <algorithm>

#include "tracker/core/cluster/ranking.h"

namespace tyto::tracker {
namespace {

// All that hold it have refused: they are asked again after so long.
constexpr Duration kAskAgain = Duration::seconds(1);
// A member that has none of what another was asked to send it so long ago will not get it so.
constexpr Duration kOwnTime = Duration::seconds(1);
// A wish that was passed on so long ago has ended somehow.
constexpr Duration kPassedOnTime = Duration::seconds(60);
// A copy that is itself on its way is worth this many requests less than a whole one.
constexpr uint32_t kInFlightMalus = 4;
constexpr Duration kTooMany = Duration::milliseconds(500);

std::optional<ChunkKey> key_of(const State& state, const VersionId& id, uint32_t chunk) {
  auto version = state.versions.find(id);
  if (!version || state.versions[*version].facts == nullptr ||
      chunk >= state.versions[*version].chunk_count())
    return std::nullopt;
  return ChunkKey{*version, chunk};
}

bool holds(const Catalogue& catalogue, MemberId member, uint32_t chunk) {
  auto it = catalogue.held.find(member);
  return it != catalogue.held.end() && it->second.size() > chunk && it->second.test(chunk);
}

bool is_refused(const Waiting& waiting, MemberId member) {
  return std::find(waiting.refused.begin(), waiting.refused.end(), member) != waiting.refused.end();
}

void count_serving(State& state, MemberId member, int change) {
  auto it = state.cluster.links.find(member);
  if (it == state.cluster.links.end()) return;
  it->second.serving = static_cast<uint32_t>(static_cast<int>(it->second.serving) + change);
}

bool is_forbidden(const Waiting& waiting, MemberId member) {
  return std::find(waiting.forbidden.begin(), waiting.forbidden.end(), member) !=
         waiting.forbidden.end();
}

// It is not passed on to anybody any more.
void take_back(State& state, Waiting& waiting) {
  if (waiting.asked == MemberId()) return;
  count_serving(state, waiting.asked, -1);
  waiting.asked = MemberId();
}

void remove_waiting(State& state, Desk& desk, std::size_t at) {
  Waiting& waiting = desk.waiting[at];
  take_back(state, waiting);
  auto link = state.cluster.links.find(waiting.asker);
  if (link != state.cluster.links.end()) --link->second.wishes;
  desk.waiting.erase(desk.waiting.begin() + static_cast<std::ptrdiff_t>(at));
}

void remove_waiting_of(State& state, Desk& desk, MemberId asker) {
  for (std::size_t i = desk.waiting.size(); i-- > 0;)
    if (desk.waiting[i].asker == asker) remove_waiting(state, desk, i);
}

Desk* find_desk(State& state, ChunkKey key) {
  auto catalogue = state.cluster.directory.find(key.version);
  if (catalogue == state.cluster.directory.end()) return nullptr;
  auto desk = catalogue->second.desks.find(key.chunk);
  return desk == catalogue->second.desks.end() ? nullptr : &desk->second;
}

// Who could serve a wish: the best of those who hold the chunk, or are being sent it.
struct Server {
  MemberId member;
  uint32_t score = UINT32_MAX;
};

// Whether the bucket lets the wish's reader have nothing from the member's peers. Of a member
// without a region that is left to itself.
bool is_out_of_bounds(const State& state, const Waiting& waiting, MemberId member,
                      VersionIndex version) {
  const Link* link = state.cluster.link(member);
  return is_bound(state, version) && link != nullptr && !link->member.region.empty() &&
         link->member.region != waiting.reader.region;
}

void consider(const State& state, const Waiting& waiting, MemberId member, uint32_t malus,
              Server& best) {
  const Link* link = state.cluster.link(member);
  bool is_one = link != nullptr && link->is_up && member != waiting.asker;
  if (!is_one || is_refused(waiting, member) || is_forbidden(waiting, member)) return;
  bool is_far = link->member.region != waiting.reader.region;
  uint32_t score = std::min(link->serving + malus, 0xffffu) + (is_far ? 0x10000u : 0);
  if (score >= best.score) return;
  best = {member, score};
}

const Waiting* waiting_of(const Desk& desk, MemberId asker) {
  auto it = std::find_if(desk.waiting.begin(), desk.waiting.end(),
                         [&](const Waiting& waiting) { return waiting.asker == asker; });
  return it == desk.waiting.end() ? nullptr : &*it;
}

// Whether what the member waits for comes from a holder in the end, through members that wait
// themselves, few enough and none of them the asker: those would wait for one another.
bool leads_to_holder(const Desk& desk, const Waiting& through, MemberId asker) {
  const Waiting* at = &through;
  for (std::size_t steps = 0; steps < kPathMax; ++steps) {
    if (at->asked == MemberId() || at->asked == asker) return false;
    at = waiting_of(desk, at->asked);
    if (at == nullptr) return true;
  }
  return false;
}

Server best_server(const State& state, const Catalogue& catalogue, const Desk& desk,
                   const Waiting& waiting, ChunkKey key) {
  Server best;
  auto look = [&](MemberId member, uint32_t malus) {
    if (!is_out_of_bounds(state, waiting, member, key.version))
      consider(state, waiting, member, malus, best);
  };
  for (const auto& [member, held] : catalogue.held)
    if (held.size() > key.chunk && held.test(key.chunk)) look(member, 0);
  for (const Waiting& other : desk.waiting)
    if (!holds(catalogue, other.asker, key.chunk) && leads_to_holder(desk, other, waiting.asker))
      look(other.asker, kInFlightMalus);
  return best;
}

void pass_on(State& state, ChunkKey key, Waiting& waiting, MemberId server) {
  waiting.asked = server;
  waiting.since = state.now;
  count_serving(state, server, +1);
  tell_member(state, server, key.version,
              ServeAsked{waiting.asker, waiting.want, state.versions[key.version].id, key.chunk,
                         waiting.reader, waiting.priority, waiting.is_past_superpeers});
}

void settle(State& state, ChunkKey key) {
  auto found = state.cluster.directory.find(key.version);
  if (found == state.cluster.directory.end()) return;
  Catalogue& catalogue = found->second;
  auto it = catalogue.desks.find(key.chunk);
  if (it == catalogue.desks.end()) return;
  Desk& desk = it->second;
  desk.is_dirty = false;
  bool is_wanted = false;  // by somebody for whom nobody has it
  for (Waiting& waiting : desk.waiting) {
    if (waiting.asked != MemberId()) continue;
    if (!waiting.refused.empty() && waiting.retry_at <= state.now) waiting.refused.clear();
    Server best = best_server(state, catalogue, desk, waiting, key);
    if (best.member != MemberId()) {
      pass_on(state, key, waiting, best.member);
    } else if (is_had(state, desk, waiting, key)) {
      if (waiting.retry_at <= state.now) waiting.retry_at = state.now + kAskAgain;
      wake_cluster(state, waiting.retry_at);
    } else {
      is_wanted = true;
    }
  }
  if (is_wanted && desk.holder == MemberId())
    grant_lease(state, key, desk);
  else
    leave_budget_line(state, key, desk);
  if (desk.is_idle() && !desk.is_in_line) catalogue.desks.erase(key.chunk);
}

// Whoever was told that the origin has the version no more, and wishes as if it had, has found it
// there since.
void note_found_again(State& state, MemberId from, const ChunkWanted& message, ChunkKey key) {
  std::set<MemberId>& told = state.cluster.directory[key.version].told_gone;
  if (!message.is_at_origin || told.erase(from) == 0) return;
  told.clear();
  state.versions[key.version].is_origin_gone = false;
}

void enter(State& state, MemberId from, const ChunkWanted& message, ChunkKey key) {
  note_found_again(state, from, message, key);
  Desk& desk = state.cluster.directory[key.version].desks[key.chunk];
  remove_waiting_of(state, desk, from);  // it asks anew
  Waiting waiting;
  waiting.asker = from;
  waiting.want = message.want;
  waiting.reader = message.reader;
  waiting.priority = message.priority;
  waiting.can_read_origin = message.can_read_origin;
  waiting.is_past_superpeers = message.is_past_superpeers;
  waiting.since = state.now;
  auto before = std::find_if(desk.waiting.begin(), desk.waiting.end(), [&](const Waiting& other) {
    return other.priority < waiting.priority;
  });
  desk.waiting.insert(before, std::move(waiting));
  ++state.cluster.links.at(from).wishes;
  mark_desk(state, key);
}

}  // namespace

bool is_had(const State& state, const Desk& desk, const Waiting& waiting, ChunkKey key) {
  const Catalogue& catalogue = state.cluster.directory.at(key.version);
  // One that is bound to what is near is refused what is too far by those who do not know better.
  auto may_serve = [&](MemberId member) {
    return member != waiting.asker && !is_out_of_bounds(state, waiting, member, key.version) &&
           !(is_bound(state, key.version) && is_refused(waiting, member)) &&
           !is_forbidden(waiting, member);
  };
  for (const auto& [member, held] : catalogue.held) {
    bool is_held = held.size() > key.chunk && held.test(key.chunk);
    // Those of whom nothing was heard since they were lost may come back with it.
    bool is_there = state.cluster.is_up(member) || state.cluster.ghosts.contains(member);
    if (is_held && is_there && may_serve(member)) return true;
  }
  return std::any_of(desk.waiting.begin(), desk.waiting.end(), [&](const Waiting& other) {
    return other.asked != MemberId() && may_serve(other.asker);
  });
}

void mark_desk(State& state, ChunkKey key) {
  Desk* desk = find_desk(state, key);
  if (desk == nullptr || desk->is_dirty) return;
  desk->is_dirty = true;
  state.cluster.dirty_desks.push_back(key);
}

void mark_all_desks(State& state) {
  for (auto& [version, catalogue] : state.cluster.directory)
    for (auto& [chunk, desk] : catalogue.desks) mark_desk(state, {version, chunk});
}

void settle_desks(State& state) {
  std::vector<ChunkKey> dirty = std::move(state.cluster.dirty_desks);
  state.cluster.dirty_desks.clear();
  for (const ChunkKey& key : dirty) settle(state, key);
}

void take_announced(State& state, MemberId from, const CopiesAnnounced& message) {
  auto key = key_of(state, message.version, message.first);
  if (!key) return note_nonsense(state, from, "announced copies of what is not known");
  uint32_t chunks = state.versions[key->version].chunk_count();
  bool is_sound = message.held.size() <= chunks - message.first &&
                  (message.gone.size() == 0 || message.gone.size() == message.held.size());
  if (!is_sound) return note_nonsense(state, from, "announced copies beyond an object's end");
  Catalogue& catalogue = state.cluster.directory[key->version];
  Bitmap& held = catalogue.held[from];
  if (held.size() == 0) held = Bitmap(chunks);
  for (uint32_t i = 0; i < message.held.size(); ++i) {
    ChunkKey chunk{key->version, message.first + i};
    bool is_gone = message.gone.size() != 0 && message.gone.test(i);
    if (!message.held.test(i) && !is_gone) continue;
    Desk* desk = find_desk(state, chunk);
    if (is_gone && !message.held.test(i)) {
      held.reset(chunk.chunk);
    } else {
      held.set(chunk.chunk);
      if (desk != nullptr) remove_waiting_of(state, *desk, from);
      // The new copy is one that others may read from, perhaps.
      if (desk != nullptr)
        for (Waiting& waiting : desk->waiting) std::erase(waiting.forbidden, from);
      if (desk != nullptr && desk->holder == from) {
        catalogue.failures = 0;
        end_lease(state, chunk, *desk);
      }
    }
    mark_desk(state, chunk);
  }
  if (held.none()) catalogue.held.erase(from);
  if (catalogue.held.empty() && catalogue.desks.empty())
    state.cluster.directory.erase(key->version);
}

void take_synced(State& state, MemberId from, const CopiesSynced& message) {
  state.cluster.links.at(from).synced = message.members;
  forget_ghosts(state);
  mark_all_desks(state);
}

void take_wanted(State& state, MemberId from, const ChunkWanted& message) {
  auto key = key_of(state, message.version, message.chunk);
  if (!key || message.want == WantId())
    return note_nonsense(state, from, "wished for what is not known");
  if (state.cluster.links.at(from).wishes >= kWishesPerLinkMax) {
    tell_member(state, from,
                WantPostponed{message.want,
                              kTooMany,
                              {ErrorCode::kOverloaded,
                               "the chunk's directory has as many wishes "
                               "of this tracker as it keeps"}});
    return;
  }
  enter(state, from, message, *key);
}

void take_withdrawn(State& state, MemberId from, const WantWithdrawn& message) {
  for (auto& [version, catalogue] : state.cluster.directory) {
    for (auto& [chunk, desk] : catalogue.desks) {
      for (std::size_t i = 0; i < desk.waiting.size(); ++i) {
        if (desk.waiting[i].asker != from || desk.waiting[i].want != message.want) continue;
        remove_waiting(state, desk, i);
        return mark_desk(state, {version, chunk});
      }
    }
  }
}

void take_refused(State& state, MemberId from, const ServeRefused& message) {
  auto key = key_of(state, message.version, message.chunk);
  if (!key) return note_nonsense(state, from, "refused what is not known");
  auto catalogue = state.cluster.directory.find(key->version);
  if (catalogue == state.cluster.directory.end()) return;
  if (message.has_none) {
    auto held = catalogue->second.held.find(from);
    if (held != catalogue->second.held.end()) held->second.reset(key->chunk);
  }
  Desk* desk = find_desk(state, *key);
  if (desk == nullptr) return;
  for (Waiting& waiting : desk->waiting) {
    bool is_it = waiting.asker == message.asker && waiting.want == message.want;
    if (!is_it || waiting.asked != from) continue;
    take_back(state, waiting);
    if (waiting.refused.empty()) waiting.retry_at = state.now + kAskAgain;
    (message.is_forbidden ? waiting.forbidden : waiting.refused).push_back(from);
    mark_desk(state, *key);
  }
  // What it was sent itself has not come after a while: should it still want it, it asks anew.
  if (message.has_none) {
    for (std::size_t i = desk->waiting.size(); i-- > 0;) {
      const Waiting& own = desk->waiting[i];
      if (own.asker != from || own.asked == MemberId() || state.now - own.since < kOwnTime)
        continue;
      tell_member(
          state, from,
          WantPostponed{
              own.want, kAskAgain, {ErrorCode::kUnavailable, "who was asked for it gave none"}});
      remove_waiting(state, *desk, i);
    }
  }
}

// The link is down: what the member wishes is forgotten, what it was to serve is asked of others.
void lose_member(State& state, MemberId member) {
  // Whoever reads for a dead tracker goes on, and finds another tracker.
  constexpr Duration kOrphanTime = Duration::seconds(5);
  for (auto& [version, catalogue] : state.cluster.directory) {
    for (auto& [chunk, desk] : catalogue.desks) {
      remove_waiting_of(state, desk, member);
      for (Waiting& waiting : desk.waiting)
        if (waiting.asked == member) take_back(state, waiting);
      if (desk.holder == member)
        desk.lease_until = std::min(desk.lease_until, state.now + kOrphanTime);
      mark_desk(state, {version, chunk});
    }
  }
  orphan_permits_of(state, member);
  std::erase_if(state.cluster.guests, [&](const Guest& guest) {
    return guest.asked.asker == member || guest.directory == member;
  });
}

void forget_member(State& state, MemberId member) {
  for (auto it = state.cluster.directory.begin(); it != state.cluster.directory.end();) {
    it->second.held.erase(member);
    bool is_empty = it->second.held.empty() && it->second.desks.empty();
    it = is_empty ? state.cluster.directory.erase(it) : std::next(it);
  }
  mark_all_desks(state);
}

void end_leases_of(State& state, MemberId member) {
  for (auto& [version, catalogue] : state.cluster.directory) {
    for (auto& [chunk, desk] : catalogue.desks) {
      if (desk.holder != member) continue;
      desk.tried.push_back(member);
      end_lease(state, {version, chunk}, desk);
    }
  }
}

void expire_desks(State& state) {
  for (auto& [version, catalogue] : state.cluster.directory) {
    for (auto& [chunk, desk] : catalogue.desks) {
      for (std::size_t i = desk.waiting.size(); i-- > 0;) {
        const Waiting& waiting = desk.waiting[i];
        bool is_old = waiting.asked != MemberId() && state.now - waiting.since > kPassedOnTime;
        if (is_old) remove_waiting(state, desk, i);
      }
      bool is_lost = desk.holder != MemberId() && desk.lease_until <= state.now;
      if (is_lost) {
        desk.tried.push_back(desk.holder);
        end_lease(state, {version, chunk}, desk);
      }
      mark_desk(state, {version, chunk});
    }
  }
}

}  // namespace tyto::tracker
