// Members, the links to them, and what happens as time passes.
#include <algorithm>
#include <utility>

#include "tracker/core/cluster/ranking.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr Duration kLookEvery = Duration::milliseconds(250);
// Peers of a tracker that was lost have found another one by then, and said what they hold.
constexpr Duration kGhostTime = Duration::seconds(5);
constexpr Duration kTellPeers = Duration::milliseconds(50);
constexpr std::size_t kBatchBytesMax = 128 * 1024;

struct Size {
  std::size_t operator()(const VersionDescribed& m) const {
    return 256 + m.facts.key.size() + m.facts.origin.url.size() + m.facts.origin.etag.size();
  }
  std::size_t operator()(const CopiesAnnounced& m) const {
    return 96 + (m.held.words().size() + m.gone.words().size()) * sizeof(uint64_t);
  }
  std::size_t operator()(const NameAsked& m) const { return 64 + m.key.size(); }
  std::size_t operator()(const NameAnswered& m) const {
    return 320 + (m.facts ? m.facts->key.size() + m.facts->origin.url.size() : 0) +
           m.error.message.size();
  }
  std::size_t operator()(const LeaseFailed& m) const { return 96 + m.detail.size(); }
  std::size_t operator()(const WantPostponed& m) const { return 64 + m.why.message.size(); }
  template <class T>
  std::size_t operator()(const T&) const {
    return 256;
  }
};

void send_batches(State& state, MemberId to, Link& link) {
  SendToMember batch{to, {}};
  std::size_t bytes = 0;
  for (ClusterMessage& message : link.out) {
    bytes += std::visit(Size{}, message);
    batch.messages.push_back(std::move(message));
    if (batch.messages.size() < kClusterMessagesMax && bytes < kBatchBytesMax) continue;
    state.counters.messages_sent += batch.messages.size();
    state.emit(std::move(batch));
    batch = {to, {}};
    bytes = 0;
  }
  state.counters.messages_sent += batch.messages.size();
  if (!batch.messages.empty()) state.emit(std::move(batch));
  link.out.clear();
}

StatusTold status_of(const State& state) {
  StatusTold status;
  status.peers = state.fleet.peer_count();
  for (PeerIndex superpeer : state.fleet.superpeers()) {
    const PeerRow& row = state.fleet.peer(superpeer);
    bool is_there = !row.is_leaving && row.session != kNoSession &&
                    state.sessions[row.session].connection.has_value();
    if (!is_there || is_in_quarantine(state, superpeer)) continue;
    ++status.superpeers;
    if (lends_memory(state, superpeer)) ++status.superpeers_with_memory;
    uint32_t reads = state.config.origin_reads_per_superpeer;
    status.origin_reads_free += reads - std::min<uint32_t>(reads, row.downloads);
  }
  return status;
}

}  // namespace

uint32_t superpeers_for(const State& state, const Link& link, VersionIndex version) {
  bool is_memory = medium_now(state, version) == Medium::kMemory;
  return is_memory ? link.status.superpeers_with_memory : link.status.superpeers;
}

namespace {

enum class Change : uint8_t { kAny, kMuch };
void tell_status(State& state, Change least) {
  Cluster& cluster = state.cluster;
  StatusTold status = status_of(state);
  // How many peers there are is what others wait for when this tracker is lost.
  bool is_much = status.superpeers != cluster.told.superpeers ||
                 status.superpeers_with_memory != cluster.told.superpeers_with_memory ||
                 (status.peers != cluster.told.peers && state.now - cluster.told_at >= kTellPeers);
  if (status == cluster.told || (least == Change::kMuch && !is_much)) return;
  cluster.told = status;
  cluster.told_at = state.now;
  for (auto& [id, link] : cluster.links) tell_member(state, id, status);
}

// What was known of copies does not hold for these members: nothing is leased before it does again.
// Who was asked, and is not the one to be asked any more, is given up.
void note_change(State& state) {
  state.cluster.changed_at = state.now;
  expire_wishes(state);
  move_permits(state);
  leave_budgets(state);
  mark_all_desks(state);
  wake_cluster(state, state.now + kLookEvery);
}

// The group's chunks whose directory is another one now are announced to that.
void sync_all(State& state) {
  for (auto& [id, link] : state.cluster.links)
    if (link.is_up) begin_sync(state, link);
}

void add_member(State& state, const Member& member) {
  Link& link = state.cluster.links[member.id];
  link.member = member;
  note_run(state, member);
  if (member.id == state.cluster.self) link.is_up = true;
}

void remove_member(State& state, MemberId member) {
  if (state.cluster.is_up(member)) link_down(state, member);
  state.cluster.links.erase(member);
}

void become_several(State& state) {
  state.holdings.watch(&state.cluster.edges);
  for (uint32_t v = 0; v < state.versions.size(); ++v) note_copies(state, VersionIndex(v));
  state.cluster.stand_in = state.fleet.add_foreign();
  state.fleet.refer(state.cluster.stand_in);
}

}  // namespace

bool have_all_announced(const State& state) {
  const Cluster& cluster = state.cluster;
  uint64_t now = fingerprint(cluster.members);
  return std::all_of(cluster.links.begin(), cluster.links.end(), [&](const auto& entry) {
    return entry.second.is_up && entry.second.synced == now;
  });
}

void wake_cluster(State& state, Instant due) {
  due = std::max(due, state.now + Duration::milliseconds(1));
  if (due >= state.cluster.due) return;
  state.cluster.due = due;
  state.timers.set({due, TimerKind::kCluster, 0});
}

void change_members(State& state, const MembersChanged& input) {
  Cluster& cluster = state.cluster;
  bool was_several = cluster.is_several();
  std::vector<MemberId> gone;
  for (const auto& [id, link] : cluster.links) {
    bool is_still = std::any_of(input.members.members.begin(), input.members.members.end(),
                                [other = id](const Member& member) { return member.id == other; });
    if (!is_still) gone.push_back(id);
  }
  cluster.self = input.self;
  for (MemberId id : gone) remove_member(state, id);
  cluster.members = input.members;
  for (const Member& member : input.members.members) add_member(state, member);
  if (cluster.links.size() > 1) cluster.is_on = true;
  if (!cluster.is_several()) return;
  if (!was_several) become_several(state);
  note_change(state);
  sync_all(state);
}

void change_directories(State& state) {
  if (!state.cluster.is_several()) return;
  for (auto& [id, link] : state.cluster.links) link.synced = 0;
  note_change(state);
  sync_all(state);
}

void link_up(State& state, const LinkUp& input) {
  auto it = state.cluster.links.find(input.member);
  if (it == state.cluster.links.end() || input.member == state.cluster.self) return;
  if (it->second.is_up) link_down(state, input.member);
  Link& link = it->second;
  Member member = link.member;
  link = Link{};
  link.member = member;
  link.member.epoch = input.epoch;
  link.version = input.version;
  note_run(state, link.member);
  link.is_up = true;
  state.cluster.ghosts.erase(input.member);
  state.cluster.lost.erase(input.member);
  forget_member(state, input.member);
  tell_member(state, input.member, status_of(state));
  note_change(state);
  begin_sync(state, link);
  tell_moves(state, link.member);
  tell_permits(state, input.member);
}

void link_down(State& state, MemberId member) {
  auto it = state.cluster.links.find(member);
  if (it == state.cluster.links.end() || !it->second.is_up || member == state.cluster.self) return;
  it->second.is_up = false;
  it->second.out.clear();
  it->second.described.clear();
  it->second.sync_next = kNone;
  it->second.synced = 0;
  state.cluster.ghosts[member] = {.until = state.now + kGhostTime,
                                  .run = it->second.member.epoch,
                                  .peers = it->second.status.peers};
  it->second.status = {};
  state.cluster.lost[member] = state.now;
  lose_member(state, member);
  note_change(state);
}

void tell_member(State& state, MemberId to, ClusterMessage message) {
  if (to == state.cluster.self) return state.cluster.own.push_back(std::move(message));
  auto it = state.cluster.links.find(to);
  if (it != state.cluster.links.end() && it->second.is_up)
    it->second.out.push_back(std::move(message));
}

void tell_member(State& state, MemberId to, VersionIndex version, ClusterMessage message) {
  const VersionFactsRef& facts = state.versions[version].facts;
  if (facts == nullptr) return;
  if (to != state.cluster.self) {
    auto it = state.cluster.links.find(to);
    if (it == state.cluster.links.end() || !it->second.is_up) return;
    if (it->second.described.insert(version).second)
      it->second.out.push_back(VersionDescribed{*facts});
  }
  tell_member(state, to, std::move(message));
}

namespace {

uint64_t salt_of(const State& state, ChunkKey key) {
  const VersionRow& row = state.versions[key.version];
  bool is_limited =
      row.bucket != kNoBucket && !limits_of(state.policy(key.version).origin).is_none();
  return is_limited ? salt_of_bucket(state.buckets[row.bucket].config.name)
                    : salt_of_run(row.id, key.chunk);
}

}  // namespace

MemberId keeper_of(const State& state, BucketIndex bucket) {
  return first_ranked(state.cluster.members, salt_of_bucket(state.buckets[bucket].config.name));
}

MemberId directory_of(const State& state, VersionIndex version, uint32_t chunk) {
  return first_ranked(state.cluster.members, salt_of(state, {version, chunk}));
}

bool was_directory(const State& state, MemberId lost, ChunkKey key) {
  Members two;
  two.members.push_back({directory_of(state, key.version, key.chunk), {}, {}, {}});
  two.members.push_back({lost, {}, {}, {}});
  return first_ranked(two, salt_of(state, key)) == lost;
}

OriginLimits own_limits(const State& state, BucketIndex bucket) {
  const Policy& policy = state.buckets.policy(bucket);
  OriginLimits limits = limits_of(policy.origin);
  if (!state.cluster.is_several()) return limits;
  if (bucket != kNoBucket && needs_permits(state, bucket)) return {};
  auto n = static_cast<uint32_t>(state.cluster.links.size());
  auto part = [&](auto limit) {
    return limit == 0 ? limit : std::max<decltype(limit)>(1, limit / n);
  };
  return {part(limits.reads), part(limits.requests_per_s), part(limits.bytes_per_s)};
}

namespace {

// Who has been away for so long is not a member any more.
void forget_lost(State& state) {
  constexpr Duration kLostKept = Duration::seconds(3600);
  std::erase_if(state.cluster.lost,
                [&](const auto& entry) { return state.now - entry.second >= kLostKept; });
}

// What is to be done at once. True if anything was.
bool settle_messages(State& state) {
  Cluster& cluster = state.cluster;
  bool is_anything = false;
  end_duties(state);
  announce_edges(state);
  tell_arrivals(state);
  while (!cluster.own.empty() || !cluster.dirty_desks.empty() || cluster.is_grant_waiting) {
    is_anything = true;
    while (!cluster.own.empty()) {
      ClusterMessage message = std::move(cluster.own.front());
      cluster.own.pop_front();
      take_message(state, cluster.self, message);
    }
    settle_desks(state);
    if (std::exchange(cluster.is_grant_waiting, false)) serve_grants(state);
  }
  return is_anything;
}

}  // namespace

void begin_cluster(State& state) {
  if (!state.cluster.is_several()) return;
  tell_status(state, Change::kMuch);
  serve_crossings(state);
  settle_messages(state);
  if (!state.cluster.are_guests_due) return;
  if (!state.cluster.guests.empty()) serve_overdue(state, state.cluster.guests.front().since);
  serve_guests(state, GuestShare::kFair);
}

bool settle_cluster(State& state) {
  if (!state.cluster.is_several()) return false;
  if (settle_messages(state)) return true;
  if (!std::exchange(state.cluster.are_guests_due, false)) return false;
  serve_guests(state, GuestShare::kAll);
  return true;
}

void flush_cluster(State& state) {
  Cluster& cluster = state.cluster;
  if (!cluster.is_several()) return;
  for (auto& [id, link] : cluster.links)
    if (!link.out.empty()) send_batches(state, id, link);
}

void fire_cluster_timer(State& state) {
  Cluster& cluster = state.cluster;
  if (cluster.due > state.now) return;  // superseded
  cluster.due = Instant::never();
  if (!cluster.is_several()) return;
  tell_status(state, Change::kAny);
  forget_ghosts(state);
  forget_lost(state);
  expire_wishes(state);
  expire_exports(state);
  expire_desks(state);
  expire_permits(state);
  serve_budgets(state);
  expire_lookups(state);
  expire_last_copies(state);
  for (auto& [id, link] : cluster.links)
    if (link.is_up) sync_page(state, link);
  cluster.are_guests_due = !cluster.guests.empty();
  cluster.is_grant_waiting = true;
  wake_cluster(state, state.now + kLookEvery);
}

}  // namespace tyto::tracker
