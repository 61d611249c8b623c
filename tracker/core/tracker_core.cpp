#include "tracker/core/tracker_core.h"

#include "tracker/core/caching/fleet_quota.h"
#include "tracker/core/look_ahead.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// What the policy that was replaced held back may go now.
void load_bucket(State& state, const BucketLoaded& input) {
  auto known = state.buckets.find(input.bucket.name);
  bool was_limited = known && !limits_of(state.buckets.policy(*known).origin).is_none();
  BucketIndex bucket = state.buckets.put(input.bucket, input.policy);
  for (uint32_t v = 0; v < state.versions.size(); ++v) {
    VersionRow& row = state.versions[VersionIndex(v)];
    if (row.facts != nullptr && row.facts->bucket_name == input.bucket.name) row.bucket = bucket;
    if (row.bucket == bucket) state.mark_dirty(VersionIndex(v));
  }
  state.parking.wake_all();
  mark_origin_dirty(state, bucket);
  look_at_fleet_quota(state, bucket);
  bool is_limited = !limits_of(state.buckets.policy(bucket).origin).is_none();
  if (was_limited != is_limited) change_directories(state);
}

void load_version(State& state, VersionLoaded& input) {
  VersionIndex index = state.versions.intern(input.facts->id, input.facts->chunking);
  VersionRow& row = state.versions[index];
  if (row.chunking != input.facts->chunking) return;
  TYTO_ASSERT(input.roots.empty() || input.roots.size() == row.chunk_count());
  state.set_facts(index, input.facts);
  for (uint32_t c = 0; c < input.roots.size(); ++c) row.learn(c, input.roots[c]);
  note_copies(state, index);
  row.is_origin_gone = false;
  state.mark_dirty(index);
}

void load_name(State& state, NameLoaded& input) {
  auto version = state.versions.find(input.version);
  if (!version) return;
  NameRow& name = state.names[state.names.intern({input.bucket, input.key})];
  name.version = *version;
  name.is_published = input.is_published;
  name.checked_at.reset();
}

// What waits for room may get it now.
void remove_pin(State& state, const PinRemoved& input) {
  state.pins.remove(input.name);
  if (auto bucket = state.buckets.find(input.name.bucket)) look_at_fleet_quota(state, *bucket);
  for (uint32_t v = 0; v < state.versions.size(); ++v) state.mark_dirty(VersionIndex(v));
}

Error no_such_bucket(const ObjectName& name) {
  return {ErrorCode::kNotFound, "there is no bucket '" + name.bucket +
                                    "'; make it with: tyto "
                                    "bucket create " +
                                    name.bucket};
}

// The version that is to be pinned: the one named, or what the name stands for. Null: unknown.
const VersionFacts* find_facts(const State& state, const PinAsked& asked) {
  if (asked.version) {
    auto version = state.versions.find(*asked.version);
    const VersionFacts* facts = version ? state.versions[*version].facts.get() : nullptr;
    bool is_of_name =
        facts != nullptr && facts->bucket_name == asked.name.bucket && facts->key == asked.name.key;
    return is_of_name ? facts : nullptr;
  }
  auto name = state.names.find(asked.name);
  if (!name || !state.names[*name].version) return nullptr;
  return state.versions[*state.names[*name].version].facts.get();
}

void finish_loading(State& state, const CatalogLoaded& input) {
  state.epoch = input.epoch;
  state.is_loaded = true;
  if (input.is_first_run) return;
  state.recovered_at = state.now + state.config.recovery;
  state.timers.set({state.recovered_at, TimerKind::kRecovery, 0});
}

void fire_timers(State& state) {
  Timer timer;
  while (state.timers.take_due(state.now, timer)) {
    switch (timer.kind) {
      case TimerKind::kSession: fire_session_timer(state, SessionIndex(timer.index)); break;
      case TimerKind::kParked: fire_parked_timer(state); break;
      case TimerKind::kTail: fire_tail_timer(state, ReaderIndex(timer.index)); break;
      case TimerKind::kName: fire_name_timer(state, NameIndex(timer.index)); break;
      case TimerKind::kRecovery:
        for (uint32_t v = 0; v < state.versions.size(); ++v) state.mark_dirty(VersionIndex(v));
        break;
      case TimerKind::kOrigin: fire_origin_timer(state, BucketIndex(timer.index)); break;
      case TimerKind::kTerms: fire_terms_timer(state); break;
      case TimerKind::kCluster: fire_cluster_timer(state); break;
      case TimerKind::kHomes: fire_homes_timer(state); break;
      case TimerKind::kCrossing: fire_crossing_timer(state, BucketIndex(timer.index)); break;
      case TimerKind::kFleetQuota: fire_fleet_quota_timer(state, BucketIndex(timer.index)); break;
      case TimerKind::kVersion: {
        VersionRow& version = state.versions[VersionIndex(timer.index)];
        if (version.recheck_at > state.now) break;  // superseded
        version.recheck_at = Instant::never();
        state.mark_dirty(VersionIndex(timer.index));
        break;
      }
    }
  }
}

}  // namespace

std::string_view notice_kind_name(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::kPeerRegistered: return "peer_registered";
    case NoticeKind::kPeerResumed: return "peer_resumed";
    case NoticeKind::kPeerLost: return "peer_lost";
    case NoticeKind::kPeerLeft: return "peer_left";
    case NoticeKind::kSourceCorrupt: return "source_corrupt";
    case NoticeKind::kSourceStalled: return "source_stalled";
    case NoticeKind::kSourceQuarantined: return "source_quarantined";
    case NoticeKind::kRootConflict: return "root_conflict";
    case NoticeKind::kOriginChanged: return "origin_changed";
    case NoticeKind::kOriginFailed: return "origin_failed";
    case NoticeKind::kStoreFull: return "store_full";
    case NoticeKind::kProtocolBroken: return "protocol_broken";
    case NoticeKind::kVersionUnknown: return "version_unknown";
    case NoticeKind::kLeaseLost: return "lease_lost";
    case NoticeKind::kMemberIncoherent: return "member_incoherent";
  }
  return "unknown";
}

TrackerCore::TrackerCore(const Config& config) : state_(std::make_unique<State>(config)) {}
TrackerCore::~TrackerCore() = default;

void TrackerCore::apply(Instant now, Input input, Effects& effects) {
  State& state = *state_;
  TYTO_ASSERT(now >= state.now);
  state.now = now;
  state.holdings.set_now(now);
  state.effects = &effects;
  std::visit(
      Overloaded{
          [&](BucketLoaded& in) { load_bucket(state, in); },
          [&](VersionLoaded& in) { load_version(state, in); },
          [&](NameLoaded& in) { load_name(state, in); },
          [&](PinSet& in) {
            state.pins.forget_expired(state.now);
            state.pins.put(in.name, {in.version, in.object_bytes, in.until, in.expires});
          },
          [&](PinRemoved& in) { remove_pin(state, in); },
          [&](CatalogLoaded& in) { finish_loading(state, in); },
          [&](RegisterArrived& in) { register_peer(state, in.connection, std::move(in.request)); },
          [&](ConnectionLost& in) { lose_connection(state, in.connection); },
          [&](InventoryArrived& in) { take_inventory(state, in.session, in.page); },
          [&](ExchangeArrived& in) {
            take_exchange(state, in.session, in.token, std::move(in.up));
          },
          [&](MembersChanged& in) {
            change_members(state, in);
            change_homes(state, in);
          },
          [&](LinkUp& in) { link_up(state, in); },
          [&](LinkDown& in) { link_down(state, in.member); },
          [&](ClusterArrived& in) { take_cluster(state, in); },
          [&](TimePassed&) { fire_timers(state); },
      },
      input);
}

void TrackerCore::decide(Instant now, Effects& effects) {
  State& state = *state_;
  TYTO_ASSERT(now >= state.now);
  state.now = now;
  state.holdings.set_now(now);
  state.effects = &effects;
  begin_cluster(state);
  do {
    while (auto item = state.next_work()) {
      tracker::look_ahead(state);
      if (const auto* version = std::get_if<VersionIndex>(&*item)) {
        schedule_waiting(state, *version);
      } else if (const auto* lot = std::get_if<LotIndex>(&*item)) {
        schedule_lot(state, *lot);
      } else if (auto reader = std::get<ReaderIndex>(*item); state.readers[reader].is_dirty) {
        schedule(state, reader);
      }
    }
  } while (serve_origin_lines(state) || serve_fleet_quotas(state) || settle_cluster(state));
  flush_cluster(state);
  answer_touched_sessions(state);
}

Instant TrackerCore::next_deadline() const {
  return state_->timers.next();
}

RootsPage TrackerCore::roots(const VersionId& id, uint32_t first) const {
  RootsPage page{id, first, {}};
  auto version = state_->versions.find(id);
  if (!version) return page;
  const auto& roots = state_->versions[*version].roots;
  for (std::size_t i = first; i < roots.size() && page.roots.size() < kRootsPerPageMax; ++i)
    page.roots.push_back(roots[i]);
  return page;
}

const Counters& TrackerCore::counters() const {
  return state_->counters;
}
uint32_t TrackerCore::session_count() const {
  return state_->sessions.count();
}

Result<PinSet> TrackerCore::plan_pin(const PinAsked& asked) const {
  const std::string text = asked.name.text();
  auto bucket = state_->buckets.find(asked.name.bucket);
  if (!bucket) return no_such_bucket(asked.name);
  const VersionFacts* facts = find_facts(*state_, asked);
  if (facts == nullptr)
    return {ErrorCode::kNotFound,
            "the tracker does not know " + text +
                (asked.version ? " in version " + asked.version->short_hex() : "") +
                "; publish it, or read it once, and pin it then"};
  Instant now = asked.now;
  uint64_t bytes = facts->chunking.object_bytes;
  uint64_t quota = state_->buckets.policy(*bucket).caching.pinned_bytes;
  uint64_t others = state_->pins.bytes(asked.name, now);
  if (quota != 0 && others + bytes > quota)
    return {ErrorCode::kNoSpace, text + " has " + std::to_string(bytes) + " bytes, and of the " +
                                     std::to_string(quota) +
                                     " bytes that may be pinned of bucket '" + asked.name.bucket +
                                     "' (caching.pinned_max) " + std::to_string(others) +
                                     " are; unpin something, or raise the limit"};
  if (state_->pins.count(asked.name, now) >= Pins::kPinsMax)
    return {ErrorCode::kOverloaded, "there are " + std::to_string(Pins::kPinsMax) +
                                        " pins, the most there may be; unpin something"};
  return PinSet{asked.name, facts->id, bytes, asked.until, asked.expires};
}

void TrackerCore::visit_pins(Instant now, const std::function<void(const PinSet&)>& visit) const {
  state_->pins.visit([&](const ObjectName& name, const Pin& pin) {
    if (pin.until > now) visit({name, pin.version, pin.bytes, pin.until, pin.expires});
  });
}

const VersionFacts* TrackerCore::find(const std::string& bucket, const std::string& key) const {
  auto name = state_->names.find({bucket, key});
  if (!name || !state_->names[*name].version) return nullptr;
  return state_->versions[*state_->names[*name].version].facts.get();
}

}  // namespace tyto::tracker
