#include "tracker/core/tracker_core.h"

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
  BucketIndex bucket = state.buckets.put(input.bucket, input.policy);
  for (uint32_t v = 0; v < state.versions.size(); ++v) {
    VersionRow& row = state.versions[VersionIndex(v)];
    if (row.facts != nullptr && row.facts->bucket_name == input.bucket.name) row.bucket = bucket;
    if (row.bucket == bucket) state.mark_dirty(VersionIndex(v));
  }
  mark_origin_dirty(state, bucket);
}

void load_version(State& state, VersionLoaded& input) {
  VersionIndex index = state.versions.intern(input.facts->id, input.facts->chunking);
  VersionRow& row = state.versions[index];
  if (row.chunking != input.facts->chunking) return;
  TYTO_ASSERT(input.roots.empty() || input.roots.size() == row.chunk_count());
  state.set_facts(index, input.facts);
  if (!input.roots.empty()) row.roots = std::move(input.roots);
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
      case TimerKind::kName: fire_name_timer(state, NameIndex(timer.index)); break;
      case TimerKind::kRecovery:
        for (uint32_t v = 0; v < state.versions.size(); ++v) state.mark_dirty(VersionIndex(v));
        break;
      case TimerKind::kOrigin: fire_origin_timer(state, BucketIndex(timer.index)); break;
      case TimerKind::kTerms: fire_terms_timer(state); break;
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
  }
  return "unknown";
}

TrackerCore::TrackerCore(const Config& config) : state_(std::make_unique<State>(config)) {}
TrackerCore::~TrackerCore() = default;

void TrackerCore::apply(Instant now, Input input, Effects& effects) {
  State& state = *state_;
  TYTO_ASSERT(now >= state.now);
  state.now = now;
  state.effects = &effects;
  std::visit(
      Overloaded{
          [&](BucketLoaded& in) { load_bucket(state, in); },
          [&](VersionLoaded& in) { load_version(state, in); },
          [&](NameLoaded& in) { load_name(state, in); },
          [&](CatalogLoaded& in) { finish_loading(state, in); },
          [&](RegisterArrived& in) { register_peer(state, in.connection, std::move(in.request)); },
          [&](ConnectionLost& in) { lose_connection(state, in.connection); },
          [&](InventoryArrived& in) { take_inventory(state, in.session, in.page); },
          [&](ExchangeArrived& in) {
            take_exchange(state, in.session, in.token, std::move(in.up));
          },
          [&](TimePassed&) { fire_timers(state); },
      },
      input);
}

void TrackerCore::decide(Instant now, Effects& effects) {
  State& state = *state_;
  TYTO_ASSERT(now >= state.now);
  state.now = now;
  state.effects = &effects;
  do {
    while (auto item = state.work.pop()) {
      if (const auto* version = std::get_if<VersionIndex>(&*item)) {
        schedule_waiting(state, *version);
      } else if (auto reader = std::get<ReaderIndex>(*item); state.readers[reader].is_dirty) {
        schedule(state, reader);
      }
    }
  } while (serve_origin_lines(state));
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

const VersionFacts* TrackerCore::find(const std::string& bucket, const std::string& key) const {
  auto name = state_->names.find({bucket, key});
  if (!name || !state_->names[*name].version) return nullptr;
  return state_->versions[*state_->names[*name].version].facts.get();
}

}  // namespace tyto::tracker
