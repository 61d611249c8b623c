#include "sim/fleet/world.h"

#include <algorithm>
#include <map>

#include "sim/checkers/all.h"

namespace tyto::sim::fleet {
namespace {

constexpr Tick kReportEvery = 10;  // ticks

}  // namespace

Chunks World::lay_out(const Scenario& scenario, const OriginModel& origin) {
  Chunks chunks;
  for (uint32_t i = 0; i < scenario.objects.size(); ++i) chunks.add(origin.current(i));
  chunks.set_nodes(scenario.fleet.size());
  return chunks;
}

World::World(const Scenario& scenario, const Options& options)
    : scenario_(scenario),
      options_(options),
      start_(Instant() + Duration::seconds(1)),
      origin_(scenario.origin, scenario.bucket.id, scenario.bucket.name, scenario.objects),
      chunks_(lay_out(scenario, origin_)),
      network_(scenario, chunks_, options.refresh),
      control_(*this, scenario, options.tracker_per_decision),
      peers_(*this, scenario),
      wheel_(scenario.fleet.size()) {
  control_.start_trackers();
  plan();
  for (const ReadSpec& read : scenario.reads) bytes_wanted_ += scenario.objects[read.object].bytes;
}

// Starts, reads and faults, in their order.
void World::plan() {
  Rng starts = make_stream(scenario_.seed, Stream::kLookups);
  auto add = [&](Duration at, EventKind kind, std::size_t index) {
    planned_.push_back({std::max<Tick>(1, tick_of(at)), kind, static_cast<uint32_t>(index)});
  };
  for (uint32_t i = 0; i < scenario_.fleet.size(); ++i)
    add(between(starts, Duration(), Duration::milliseconds(20)), EventKind::kNodeStart, i);
  for (std::size_t i = 0; i < scenario_.reads.size(); ++i)
    add(scenario_.reads[i].at, EventKind::kRead, i);
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    const FaultSpec& fault = scenario_.faults[i];
    add(fault.at, EventKind::kFault, i);
    if (fault.lasts != Duration::forever()) add(fault.at + fault.lasts, EventKind::kFaultEnd, i);
  }
  std::stable_sort(planned_.begin(), planned_.end(),
                   [](const Planned& a, const Planned& b) { return a.at < b.at; });
}

void World::carry_out(const Planned& planned) {
  count(planned.kind);
  switch (planned.kind) {
    case EventKind::kNodeStart: return peers_.start(planned.index);
    case EventKind::kRead: return peers_.ask(planned.index);
    case EventKind::kFault: return apply_fault(scenario_.faults[planned.index]);
    default: return end_fault(scenario_.faults[planned.index]);
  }
}

void World::apply_fault(const FaultSpec& fault) {
  if (fault.kind == FaultKind::kPeerLeave) return peers_.leave(fault.target);
  bool is_empty = fault.kind == FaultKind::kPeerCrashEmpty;
  peers_.crash(fault.target, is_empty ? Peers::Disk::kLost : Peers::Disk::kKept);
}

void World::end_fault(const FaultSpec& fault) {
  peers_.start(fault.target);
}

// One tick: first what arrives at peers, then what is due at them, then the trackers.
void World::step() {
  ++tick_;
  hash_.add(uint64_t{tick_});
  control_.deliver(tick_);
  for (; next_planned_ < planned_.size() && planned_[next_planned_].at <= tick_; ++next_planned_)
    carry_out(planned_[next_planned_]);
  due_.clear();
  wheel_.take_due(tick_, due_);
  peers_.wake(due_);
  control_.run_trackers(tick_);
}

void World::run(Duration until, const std::function<void(const Progress&)>& report) {
  Tick end = tick_of(until);
  auto is_over = [&] {
    return next_planned_ == planned_.size() && peers_.reads_over() == peers_.reads().size();
  };
  while (!is_over() && tick_ < end) {
    step();
    if (report && tick_ % kReportEvery == 0) report(progress());
  }
  if (!is_over()) violated("the run did not end within " + std::to_string(until.s()) + " s");
  peers_.measure_cores();
}

Progress World::progress() const {
  uint64_t events = 0;
  for (uint64_t of_kind : events_) events += of_kind;
  return {.virtual_time = kTick * int64_t{tick_},
          .events = events,
          .reads_over = peers_.reads_over(),
          .bytes_wanted = bytes_wanted_,
          .bytes_delivered = peers_.bytes_delivered()};
}

// --- what came of it ---

void World::violated(std::string what) {
  violations_.push_back({now(), "fleet", std::move(what)});
}

void World::add_reads(RunResult& result) {
  // Readers differ by their groups' links only.
  std::map<std::pair<const ReaderGroup*, uint32_t>, Duration> limits;
  for (std::size_t i = 0; i < scenario_.reads.size(); ++i) {
    const ReadSpec& spec = scenario_.reads[i];
    const ReadRow& read = peers_.reads()[i];
    bool is_slow = scenario_.fleet.is_slow(spec.node);
    auto [limit, is_new] = limits.try_emplace({scenario_.fleet.group(spec.node), spec.object});
    if (is_new)
      limit->second = fluid_limit(scenario_, spec.node, scenario_.objects[spec.object].bytes);
    result.reads.push_back(
        {.node = spec.node,
         .phase = read.phase,
         .asked = read.attempts > 0 ? kTick * int64_t{read.asked} : Duration(),
         .took = read.is_over() ? kTick * (int64_t{read.ended} - read.asked) : Duration(),
         .fluid_limit = limit->second,
         .is_slow = is_slow,
         .attempts = read.attempts,
         .error = peers_.error(static_cast<uint32_t>(i))});
    if (read.phase != ReadPhase::kFailed || scenario_.expect.reads != Reads::kAllComplete) continue;
    if (violations_.size() < sim::World::kViolationsMax)
      violated("read " + std::to_string(i) + " failed: " + result.reads.back().error.message);
  }
}

void World::check_end(RunResult& result) {
  uint64_t allowed = scenario_.expect.amplification_permille_max;
  if (allowed > 0 && result.amplification_permille() > allowed)
    violated("chunks were read at the origin " + std::to_string(result.origin_chunks_read) +
             " times, and there are " + std::to_string(result.origin_chunks_distinct));
  for (std::string& what : racks_entered_too_often(result.bytes_into_rack, result.bytes_wanted,
                                                   scenario_.expect.rack_copies_permille_max))
    if (violations_.size() < sim::World::kViolationsMax) violated(std::move(what));
  result.violations = violations_;
}

RunResult World::result() {
  RunResult result;
  result.scenario = scenario_.name;
  result.seed = scenario_.seed;
  result.event_hash = hash_.value();
  result.events_by_kind = events_;
  for (uint64_t events : events_) result.events += events;
  result.virtual_time = kTick * int64_t{tick_};
  result.bytes = peers_.bytes();
  for (uint64_t sent : network_.traffic().sent_by_superpeer)
    result.bytes_from_superpeers_sent += sent;
  result.bytes_into_rack = network_.traffic().into_rack;
  std::vector<bool> is_read(scenario_.objects.size());
  for (const ReadSpec& read : scenario_.reads) is_read[read.object] = true;
  for (std::size_t i = 0; i < is_read.size(); ++i)
    if (is_read[i]) result.bytes_wanted += scenario_.objects[i].bytes;
  for (uint32_t times : peers_.origin_reads()) {
    result.origin_chunks_read += times;
    result.origin_chunks_distinct += times > 0 ? 1 : 0;
  }
  result.redundant_transfers = peers_.redundant();
  result.reader_core_bytes_max = peers_.core_bytes_max(Role::kPeer);
  result.superpeer_core_bytes_max = peers_.core_bytes_max(Role::kSuperpeer);
  result.tracker = control_.tracker(0).counters();
  result.trackers = control_.tracker_count();
  result.cluster_messages = control_.cluster_messages();
  result.cluster_deliveries = control_.cluster_deliveries();
  result.notices = control_.notices();
  add_reads(result);
  check_end(result);
  return result;
}

Result<RunResult> run(const Scenario& scenario, const Options& options,
                      const std::function<void(const Progress&)>& report) {
  if (auto supported = check_supported(scenario); !supported.ok()) return supported.error();
  World world(scenario, options);
  world.run(Duration::seconds(3600), report);
  return world.result();
}

}  // namespace tyto::sim::fleet
