#include "sim/world/world.h"

#include "sim/world/hash_messages.h"

namespace tyto::sim {
namespace {

constexpr Duration kTick = Duration::milliseconds(100);
constexpr Duration kLookupTimeout = Duration::seconds(10);
constexpr uint64_t kEventsAtOnceMax = 1'000'000;  // more at one instant: something runs in circles

}  // namespace

std::string_view event_kind_name(EventKind kind) {
  switch (kind) {
    case EventKind::kFlow: return "flow";
    case EventKind::kPeerTimer: return "peer_timer";
    case EventKind::kTrackerTimer: return "tracker_timer";
    case EventKind::kPeerMail: return "peer_mail";
    case EventKind::kTrackerMail: return "tracker_mail";
    case EventKind::kConnectTimeout: return "connect_timeout";
    case EventKind::kCutTimeout: return "cut_timeout";
    case EventKind::kRequest: return "request";
    case EventKind::kBody: return "body";
    case EventKind::kRefusal: return "refusal";
    case EventKind::kPatience: return "patience";
    case EventKind::kLookup: return "lookup";
    case EventKind::kNodeStart: return "node_start";
    case EventKind::kRead: return "read";
    case EventKind::kFault: return "fault";
    case EventKind::kFaultEnd: return "fault_end";
    case EventKind::kCalm: return "calm";
    case EventKind::kTick: return "tick";
    case EventKind::kTrackerFree: return "tracker_free";
    case EventKind::kWindow: return "window";
    case EventKind::kWholeRead: return "whole_read";
    case EventKind::kClusterMail: return "cluster_mail";
    case EventKind::kTrackerLink: return "tracker_link";
    case EventKind::kTrackerMembers: return "tracker_members";
  }
  return "unknown";
}

World::World(const Scenario& scenario, std::vector<std::unique_ptr<Checker>>& checkers)
    : scenario_(scenario),
      checkers_(checkers),
      start_(kStart),
      now_(start_),
      peer_ids_(make_stream(scenario.seed, Stream::kPeerIds)),
      peer_seeds_(make_stream(scenario.seed, Stream::kPeerSeeds)),
      latency_(make_stream(scenario.seed, Stream::kLookups)),
      tracker_addresses_(sim::tracker_addresses(scenario.trackers)),
      control_(std::make_unique<ControlPlane>(*this, scenario)),
      data_(std::make_unique<DataPlane>(*this, scenario)),
      touched_(scenario.fleet.size()),
      is_zone_cut_(scenario.fleet.zones),
      reads_(scenario.reads.size()),
      faults_over_(start_) {
  for (uint32_t i = 0; i < scenario.fleet.size(); ++i)
    nodes_.push_back(std::make_unique<PeerNode>(*this, scenario, NodeId(i), HostId(i + 1)));
  for (uint32_t i = 0; i < scenario.objects.size(); ++i) {
    if (scenario.objects[i].is_published) control_->publish(data_->origin().current(i));
  }
  control_->start_trackers();
  for (uint32_t i = 0; i < scenario.fleet.size(); ++i)
    schedule(start_ + between(latency_, Duration(), Duration::milliseconds(20)),
             EventKind::kNodeStart, i);
  for (uint32_t i = 0; i < scenario.reads.size(); ++i)
    schedule(start_ + scenario.reads[i].at, EventKind::kRead, i);
  for (uint32_t i = 0; i < scenario.faults.size(); ++i) {
    const FaultSpec& fault = scenario.faults[i];
    schedule(start_ + fault.at, EventKind::kFault, i);
    faults_over_ = std::max(faults_over_, start_ + fault.at);
    if (fault.lasts == Duration::forever()) continue;
    schedule(start_ + fault.at + fault.lasts, EventKind::kFaultEnd, i);
    faults_over_ = std::max(faults_over_, start_ + fault.at + fault.lasts);
  }
  if (scenario.calm_at > Duration()) {
    schedule(start_ + scenario.calm_at, EventKind::kCalm);
    faults_over_ = start_ + scenario.calm_at;
  }
  schedule(start_ + kTick, EventKind::kTick);
}

// Calls those who asked for times up to `at`.
void World::show_time_until(Instant at) {
  while (on_time_next_ <= at) {
    now_ = on_time_next_;
    on_time_next_ = Instant::never();
    for (std::size_t i = 0; i < checkers_.size(); ++i) {
      if (on_time_at_[i] <= now_) on_time_at_[i] = checkers_[i]->on_time(*this);
      TYTO_ASSERT(on_time_at_[i] > now_);
      on_time_next_ = std::min(on_time_next_, on_time_at_[i]);
    }
  }
}

void World::run(Duration until) {
  Instant end = start_ + until;
  on_time_at_.assign(checkers_.size(), now_);
  on_time_next_ = now_;
  while (!queue_.empty() && queue_.next_time() <= end && !is_finished() && !is_stuck_) {
    auto entry = queue_.pop();
    events_now_ = entry.at == now_ ? events_now_ + 1 : 0;
    show_time_until(entry.at);
    now_ = entry.at;
    ++events_;
    ++events_by_kind_[static_cast<std::size_t>(entry.payload.kind)];
    hash_.add(now_);
    hash_.add(static_cast<uint64_t>(entry.payload.kind));
    hash_.add(entry.payload.a);
    hash_.add(entry.payload.b);
    dispatch(entry.payload);
    data_->arm();
    if (events_now_ > kEventsAtOnceMax) {
      violated("events follow one another and no time passes");
      is_stuck_ = true;
    }
    if (violations_.size() >= kViolationsMax) is_stuck_ = true;
  }
  if (!is_finished() && !is_stuck_)
    violated("the run did not end within " + std::to_string(until.s()) + " s");
  tell_checkers([&](Checker& c) { c.on_end(*this); });
}

void World::dispatch(const WorldEvent& event) {
  auto node_of = [&]() -> PeerNode& { return *nodes_[event.a]; };
  auto tracker_of = [&] { return static_cast<uint32_t>(event.a); };
  switch (event.kind) {
    case EventKind::kFlow: return data_->on_flow();
    case EventKind::kPeerTimer: return node_of().on_timer(event.b);
    case EventKind::kTrackerTimer: return control_->on_tracker_timer(tracker_of());
    case EventKind::kPeerMail: return control_->on_peer_mail(event.a);
    case EventKind::kTrackerMail: return control_->on_tracker_mail(event.a);
    case EventKind::kConnectTimeout: return control_->on_connect_timeout(node_of().id(), event.b);
    case EventKind::kCutTimeout: return control_->on_cut_timeout(node_of().id(), event.b);
    case EventKind::kRequest: return data_->on_request(event.a);
    case EventKind::kBody: return data_->on_body(event.a);
    case EventKind::kRefusal: return data_->on_refusal(event.a, static_cast<FailureKind>(event.b));
    case EventKind::kPatience: return data_->on_patience(event.a, event.b);
    case EventKind::kLookup: return answer_lookup(event.a);
    case EventKind::kNodeStart: return node_of().start();
    case EventKind::kRead: return ask(static_cast<uint32_t>(event.a));
    case EventKind::kFault: return apply_fault(scenario_.faults[event.a]);
    case EventKind::kFaultEnd: return end_fault(scenario_.faults[event.a]);
    case EventKind::kCalm: return be_calm();
    case EventKind::kTick: return tick();
    case EventKind::kTrackerFree: return control_->on_tracker_free(tracker_of());
    case EventKind::kWindow: return data_->on_window(event.a);
    case EventKind::kWholeRead: return data_->on_whole_read(event.a);
    case EventKind::kClusterMail: return control_->links().on_mail(event.a);
    case EventKind::kTrackerLink: return control_->links().on_link(event.a, event.b);
    case EventKind::kTrackerMembers: return control_->links().on_members(tracker_of(), event.b);
  }
}

void World::tick() {
  tell_checkers([&](Checker& c) { c.on_tick(*this); });
  schedule(now_ + kTick, EventKind::kTick);
  if (now_ < faults_over_) return;
  for (uint32_t i = 0; i < reads_.size(); ++i) {
    const PeerNode& node = *nodes_[scenario_.reads[i].node.value()];
    bool is_lost = reads_[i].phase == ReadPhase::kInterrupted && !node.is_alive();
    if (!reads_[i].is_over() && !is_lost) {
      over_since_ = Instant::never();
      return;
    }
  }
  if (over_since_.is_never()) over_since_ = now_;
}

bool World::is_finished() {
  return now_ >= over_since_ + scenario_.settle;
}

std::optional<NodeId> World::find(const Endpoint& address) const {
  for (const auto& node : nodes_) {
    if (node->is_here(address)) return node->id();
  }
  return std::nullopt;
}

// --- reads ---

void World::ask(uint32_t index) {
  ReadState& read = reads_[index];
  PeerNode& node = *nodes_[scenario_.reads[index].node.value()];
  if (read.attempts == 0) read.asked = now_;
  read.asked_last = now_;
  if (!node.is_alive() || node.is_leaving) {
    read.phase = ReadPhase::kInterrupted;
    if (read.attempts == 0) read.attempts = 1;
    return;
  }
  ++read.attempts;
  read.phase = ReadPhase::kOpening;
  tell_checkers([&](Checker& c) { c.on_read_asked(*this, index); });
  node.open(index);
}

void World::read_ended(uint32_t index, ReadPhase how) {
  ReadState& read = reads_[index];
  PeerNode& node = *nodes_[scenario_.reads[index].node.value()];
  read.ended = now_;
  read.phase = how;
  TYTO_ASSERT(scenario_.bug != PlantedBug::kAborts || how != ReadPhase::kDone);
  if (how == ReadPhase::kFailed && node.is_leaving) read.phase = ReadPhase::kInterrupted;
  tell_checkers([&](Checker& c) { c.on_read_ended(*this, index); });
  bool was_asked_before_calm = read.asked_last < start_ + scenario_.calm_at;
  if (read.phase == ReadPhase::kFailed && is_calm_ && scenario_.readers == Readers::kAskAgain &&
      (read.error.code == ErrorCode::kConflict || was_asked_before_calm)) {
    schedule(now_ + Duration::milliseconds(100), EventKind::kRead, index);
    read.phase = ReadPhase::kInterrupted;
  }
}

// --- the origin's names ---

void World::look_up(NodeId node, const Resolve& resolve) {
  uint64_t id = next_lookup_++;
  bool is_heard = !this->node(node).is_data_cut && !is_apart(node, std::nullopt) &&
                  data_->origin().mode() != OriginModel::Mode::kSilent;
  lookups_[id] = {node, nodes_[node.value()]->peer(), resolve.resolve, resolve.key, !is_heard};
  Duration delay = is_heard
                       ? data_->origin().draw_latency() + scenario_.latency.sample(latency_) * 2
                       : kLookupTimeout;
  schedule(now_ + delay, EventKind::kLookup, id);
}

void World::answer_lookup(uint64_t id) {
  Lookup lookup = std::move(lookups_.at(id));
  lookups_.erase(id);
  PeerNode& node = *nodes_[lookup.node.value()];
  if (node.peer() != lookup.peer) return;
  peer::ResolveDone done{.resolve = lookup.resolve};
  VersionFactsRef facts = data_->origin().find(lookup.key);
  if (lookup.is_lost) {
    done.error = {ErrorCode::kTimedOut, "the origin did not answer"};
  } else if (data_->origin().mode() == OriginModel::Mode::kRefusing) {
    done.error = {ErrorCode::kUnavailable, "the origin answered 503"};
  } else if (facts == nullptr) {
    done.error = {ErrorCode::kNotFound, "the origin answered 404"};
  } else {
    done.facts = *facts;
  }
  node.deliver(std::move(done));
}

// --- notes ---

void World::violated(std::string what, std::string_view who) {
  if (violations_.size() >= kViolationsMax) return;
  std::string name(watching_ != nullptr ? watching_->name() : who);
  violations_.push_back({now_, std::move(name), std::move(what)});
}

void World::noticed(const tracker::Notice& notice) {
  ++notices_[notice.kind];
}

}  // namespace tyto::sim
