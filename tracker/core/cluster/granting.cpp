// The directory's leases: which member has a chunk read from the origin, once for all.
#include <algorithm>
#include <utility>

#include "tracker/core/cluster/directory.h"
#include "tracker/core/cluster/ranking.h"
#include "tracker/core/selection/selection.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// How long those that are to announce what they hold are waited for, when members have changed.
constexpr Duration kUnknownTime = Duration::seconds(2);
// Nobody can be sent to the origin: tried again after so long.
constexpr Duration kNobodyWait = Duration::milliseconds(500);

// Whether nobody can hold a chunk that was not announced.
bool knows_all(const State& state) {
  if (state.now < state.recovered_at) return false;
  return state.now - state.cluster.changed_at >= kUnknownTime || have_all_announced(state);
}

// What was known of a chunk went with a member that was lost of late: when that is over. Its peers
// find another tracker meanwhile, and say what they hold.
Instant known_again(const State& state, ChunkKey key) {
  Instant until;
  for (const auto& [member, ghost] : state.cluster.ghosts)
    if (was_directory(state, member, key)) until = std::max(until, ghost.until);
  return until;
}

// Whether another one would be the directory if it were not lost: should it live and be cut off, it
// may have the chunk read as well.
bool is_in_place_of_lost(const State& state, ChunkKey key) {
  return std::any_of(state.cluster.lost.begin(), state.cluster.lost.end(),
                     [&](const auto& entry) { return was_directory(state, entry.first, key); });
}

uint32_t free_reads(const Link& link) {
  uint32_t free = link.status.origin_reads_free;
  return free - std::min(free, link.granted);
}

// The member whose superpeers have the most reads free; one that wishes first, if it has any.
MemberId with_superpeers(const State& state, const Desk& desk, VersionIndex version) {
  MemberId best;
  std::pair<bool, uint32_t> rank;
  for (const auto& [id, link] : state.cluster.links) {
    bool is_tried = std::find(desk.tried.begin(), desk.tried.end(), id) != desk.tried.end();
    if (!link.is_up || superpeers_for(state, link, version) == 0 || is_tried) continue;
    bool is_asker = std::any_of(desk.waiting.begin(), desk.waiting.end(),
                                [member = id](const Waiting& w) { return w.asker == member; });
    std::pair<bool, uint32_t> own{is_asker && free_reads(link) > 0, free_reads(link)};
    if (best != MemberId() && own <= rank) continue;
    best = id;
    rank = own;
  }
  return best;
}

bool are_there_superpeers(const State& state, VersionIndex version) {
  return std::any_of(state.cluster.links.begin(), state.cluster.links.end(), [&](const auto& e) {
    return e.second.is_up && superpeers_for(state, e.second, version) > 0;
  });
}

const Waiting* first_reader(const State& state, const Desk& desk, ChunkKey key) {
  for (const Waiting& waiting : desk.waiting) {
    bool is_tried =
        std::find(desk.tried.begin(), desk.tried.end(), waiting.asker) != desk.tried.end();
    bool is_one = waiting.asked == MemberId() && waiting.can_read_origin && !is_tried;
    if (!is_one || !state.cluster.is_up(waiting.asker)) continue;
    if (!is_had(state, desk, waiting, key)) return &waiting;
  }
  return nullptr;
}

bool is_held_by_any(const Catalogue& catalogue, uint32_t chunk) {
  return std::any_of(catalogue.held.begin(), catalogue.held.end(), [&](const auto& entry) {
    return entry.second.size() > chunk && entry.second.test(chunk);
  });
}

// Whose lease it is to be: the member, and its wish if the lease is for that.
struct Grantee {
  MemberId member;
  WantId want;
};
// Whether somebody waits who may read from superpeers.
bool is_for_superpeers(const State& state, const Desk& desk, ChunkKey key) {
  return std::any_of(desk.waiting.begin(), desk.waiting.end(), [&](const Waiting& waiting) {
    return waiting.asked == MemberId() && !waiting.is_past_superpeers &&
           !is_had(state, desk, waiting, key);
  });
}

// Where superpeers read for all, one of theirs; else who wishes for it, and may have it from
// nobody.
Grantee choose(const State& state, const Desk& desk, ChunkKey key) {
  const Waiting* reader = first_reader(state, desk, key);
  bool is_past = reader != nullptr && (reader->is_past_superpeers || is_bound(state, key.version));
  bool is_of_use = !is_past && is_for_superpeers(state, desk, key);
  MemberId member = is_of_use ? with_superpeers(state, desk, key.version) : MemberId();
  if (member == MemberId()) {
    if (reader == nullptr ||
        (!is_past && are_there_superpeers(state, key.version) && desk.tried.empty()))
      return {};
    return {reader->asker, reader->want};
  }
  for (const Waiting& waiting : desk.waiting)
    if (waiting.asker == member && waiting.asked == MemberId()) return {member, waiting.want};
  return {member, WantId()};
}

void end_wishes(State& state, ChunkKey key, Desk& desk, const Error& why) {
  for (const Waiting& waiting : desk.waiting) {
    if (waiting.asked != MemberId()) continue;
    if (state.versions[key.version].is_origin_gone)
      state.cluster.directory.at(key.version).told_gone.insert(waiting.asker);
    tell_member(state, waiting.asker, WantPostponed{waiting.want, Duration{}, why});
    auto link = state.cluster.links.find(waiting.asker);
    if (link != state.cluster.links.end()) --link->second.wishes;
  }
  std::erase_if(desk.waiting, [](const Waiting& w) { return w.asked == MemberId(); });
}

void note_failure(State& state, ChunkKey key, Desk& desk, const LeaseFailed& message) {
  Catalogue& catalogue = state.cluster.directory.at(key.version);
  bool is_gone =
      message.kind == FailureKind::kOriginChanged || message.kind == FailureKind::kOriginMissing;
  if (is_gone) {
    VersionRow& row = state.versions[key.version];
    if (!row.is_origin_gone) {
      row.is_origin_gone = true;
      distrust_name(state, key.version);
    }
    return;
  }
  bool is_of_origin = message.kind == FailureKind::kOriginFailed;
  if (!is_of_origin) {
    desk.tried.push_back(desk.holder);
    return;
  }
  // Reads that were under way together and fail together have met one fault.
  if (state.now < catalogue.retry_at) return;
  ++catalogue.failures;
  int doublings = std::min<int>(catalogue.failures - 1, 8);
  Duration wait = std::min(state.config.origin_retry_min * (int64_t{1} << doublings),
                           state.config.origin_retry_max);
  catalogue.retry_at = state.now + wait;
  wake_cluster(state, catalogue.retry_at);
  if (catalogue.failures < state.config.attempts_max) return;
  catalogue.failures = 0;
  end_wishes(state, key, desk,
             {ErrorCode::kUnavailable, "the origin of " + state.subject_of(key.version) +
                                           " failed " + std::to_string(state.config.attempts_max) +
                                           " times in a row; the last: " + message.detail});
}

Desk* leased_desk(State& state, MemberId from, const VersionId& id, uint32_t chunk, ChunkKey& key) {
  auto version = state.versions.find(id);
  if (!version || chunk >= state.versions[*version].chunk_count()) {
    note_nonsense(state, from, "told of a lease of what is not known");
    return nullptr;
  }
  key = {*version, chunk};
  auto catalogue = state.cluster.directory.find(*version);
  if (catalogue == state.cluster.directory.end()) return nullptr;
  auto desk = catalogue->second.desks.find(chunk);
  bool is_held = desk != catalogue->second.desks.end() && desk->second.holder == from;
  return is_held ? &desk->second : nullptr;
}

}  // namespace

void grant_lease(State& state, ChunkKey key, Desk& desk) {
  const VersionRow& row = state.versions[key.version];
  if (!knows_all(state)) {
    Instant known = std::max(state.recovered_at, state.cluster.changed_at + kUnknownTime);
    return wake_cluster(state, known);
  }
  if (Instant known = known_again(state, key); known > state.now) return wake_cluster(state, known);
  if (row.facts->origin.url.empty() || row.is_origin_gone) {
    leave_budget_line(state, key, desk);
    return end_wishes(state, key, desk, why_never(state, key.version));
  }
  Instant retry_at = std::max(state.cluster.directory.at(key.version).retry_at, desk.retry_at);
  if (retry_at > state.now) return wake_cluster(state, retry_at);
  if (!has_budget(state, key, desk)) return;
  Grantee grantee = choose(state, desk, key);
  if (grantee.member == MemberId()) {
    desk.tried.clear();
    desk.retry_at = state.now + kNobodyWait;
    leave_budget_line(state, key, desk);
    return wake_cluster(state, desk.retry_at);
  }
  take_budget(state, key, desk);
  leave_budget_line(state, key, desk);
  desk.holder = grantee.member;
  desk.lease_until = state.now + state.policy(key.version).origin.lease_term;
  ++state.cluster.links.at(grantee.member).granted;
  ++state.counters.leases_granted;
  if (is_in_place_of_lost(state, key)) ++state.counters.leases_for_lost;
  // Who holds it all the same may not be read from.
  bool is_anew = is_held_by_any(state.cluster.directory.at(key.version), key.chunk);
  tell_member(state, grantee.member, key.version,
              LeaseGranted{row.id, key.chunk, grantee.want, is_anew});
}

void end_lease(State& state, ChunkKey key, Desk& desk) {
  desk.holder = MemberId();
  end_budget(state, key, desk);
}

void take_lease_failed(State& state, MemberId from, const LeaseFailed& message) {
  ChunkKey key;
  Desk* desk = leased_desk(state, from, message.version, message.chunk, key);
  if (desk == nullptr) return;
  note_failure(state, key, *desk, message);
  end_lease(state, key, *desk);
  mark_desk(state, key);
}

void take_lease_progressed(State& state, MemberId from, const LeaseProgressed& message) {
  auto version = state.versions.find(message.version);
  bool is_known = version && state.versions[*version].facts != nullptr &&
                  message.chunk < state.versions[*version].chunk_count();
  if (!is_known) return note_nonsense(state, from, "told of a lease of what is not known");
  ChunkKey key{*version, message.chunk};
  Catalogue& catalogue = state.cluster.directory[key.version];
  if (auto held = catalogue.held.find(from);
      held != catalogue.held.end() && held->second.test(key.chunk))
    return;
  Desk& desk = catalogue.desks[key.chunk];
  if (desk.holder == MemberId() && !desk.is_budgeted) take_budget(state, key, desk);
  desk.holder = from;
  desk.lease_until = state.now + state.policy(key.version).origin.lease_term;
  mark_desk(state, key);
}

}  // namespace tyto::tracker
