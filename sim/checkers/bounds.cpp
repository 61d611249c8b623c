#include <deque>
#include <set>
#include <string>
#include <utility>

#include "sim/checkers/all.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

constexpr uint32_t kTicksBetweenLooks = 10;

class BoundsChecker final : public Checker {
 public:
  std::string_view name() const override { return "bounds"; }

  void on_tick(World& world) override {
    if (++ticks_ % kTicksBetweenLooks == 0) look(world);
  }

  void on_end(World& world) override {
    look(world);
    const Scenario& scenario = world.scenario();
    bool is_whole = world.is_calm() || scenario.faults.empty();
    if (is_whole && !scenario.reads.empty()) look_at_end(world);
  }

 private:
  // What holds at any time, in proportion to who is there and what they do.
  void look(World& world) {
    uint64_t nodes = world.node_count();
    ControlRecords control = world.control().records();
    DataRecords data = world.data().records();
    // A tracker that is frozen takes no notice of those who gave up, however often they try.
    // It has not taken notice of all yet when it was thawed a moment ago.
    bool is_frozen = false;
    for (uint32_t i = 0; i < world.control().tracker_count(); ++i)
      is_frozen |= world.control().tracker(i) != nullptr && !world.control().is_up(i);
    bool is_upset = std::exchange(upsets_, world.control().upsets()) != world.control().upsets();
    if (!is_frozen && !is_upset) hold(world, "connections", control.connections, 8 * nodes);
    hold(world, "exchanges at the tracker", control.exchanges, 8 * nodes);
    hold(world, "look-ups", world.lookups(), 8 * nodes + 64);
    hold(world, "transfers", data.transfers, kTransfersPerNode * nodes);
    hold(world, "names of transfers", data.ids, data.transfers);
    hold(world, "flows", data.flows, data.transfers + data.wholes);
    hold(world, "reads of whole objects", data.wholes,
         nodes * world.data().origin().versions().size());
    hold(world, "requests that wait or read along", data.at_sources, data.transfers);
    hold(world, "views of chunks", data.views, data.transfers);
    hold(world, "chunks on their way", data.arriving, data.transfers + kKeptPerNode * nodes);
    hold(world, "events to come", world.events_to_come() - data.silences,
         kEventsPerNode * nodes + kEventsPerTransfer * data.transfers + world.fixed_events());
    look_at_silences(world, data);
    for (uint32_t i = 0; i < nodes; ++i) look_at_core(world, NodeId(i));
    for (uint32_t i = 0; i < world.control().tracker_count(); ++i)
      if (world.control().tracker(i) != nullptr) look_at_tracker(world, i);
  }

  // What is to end a silence stays until it is due, though the transfer is long over.
  void look_at_silences(World& world, const DataRecords& data) {
    started_.push_back(data.started);
    if (started_.size() > kLooksOfSilence) started_.pop_front();
    uint64_t of_late = data.transfers + (data.started - started_.front());
    hold(world, "silences", data.silences, kSilencesPerTransfer * of_late);
  }

  void look_at_core(World& world, NodeId id) {
    const PeerNode& node = world.node(id);
    if (!node.is_alive()) return;
    uint64_t chunks = 0;
    const auto& versions = world.data().origin().versions();
    for (const auto& [version, facts] : versions) chunks += facts->chunking.chunk_count();
    uint64_t limit =
        kCoreBytes + kCoreBytesPerVersion * versions.size() + kCoreBytesPerChunk * chunks;
    hold(world, "bytes of the core of " + text(id), node.core()->memory_bytes(), limit);
  }

  void look_at_tracker(World& world, uint32_t tracker) {
    uint64_t nodes = world.node_count();
    tracker::Records records = world.control().tracker(tracker)->records();
    uint64_t versions = world.data().origin().versions().size();
    uint64_t names = world.scenario().objects.size();
    hold(world, "sessions", records.sessions, 8 * nodes);
    hold(world, "the tracker's versions", records.versions, versions);
    hold(world, "the tracker's names", records.names, names);
    hold(world, "the tracker's holdings", records.holdings, records.sessions * versions);
    hold(world, "the tracker's readers", records.readers, records.sessions * versions);
    hold(world, "the tracker's transfers", records.transfers, kTransfersPerNode * nodes);
    hold(world, "the tracker's timers", records.timers,
         kTimersPerRow * (records.sessions + versions + names) + kTimersPerRow);
  }

  // All has been read, a while ago: nothing is under way, and nobody remembers that it was.
  void look_at_end(World& world) {
    uint64_t nodes = world.node_count();
    ControlRecords control = world.control().records();
    DataRecords data = world.data().records();
    hold(world, "connections in the end", control.connections, 2 * nodes);
    hold(world, "exchanges at the tracker in the end", control.exchanges,
         kExchangesOpenMax * nodes);
    hold(world, "look-ups in the end", world.lookups(), 0);
    hold(world, "transfers in the end", data.transfers, 0);
    hold(world, "reads of the origin in line in the end", data.at_gates, 0);
    hold(world, "chunks on their way in the end", data.arriving, kKeptPerNode * nodes);
    if (data.arriving == 0) {
      for (uint32_t i = 0; i < nodes; ++i)
        hold(world, "bytes reserved by " + text(NodeId(i)) + " in the end",
             world.node(NodeId(i)).store().reserved_bytes(), 0);
    }
    for (uint32_t i = 0; i < world.control().tracker_count(); ++i)
      if (world.control().tracker(i) != nullptr) look_at_tracker_in_end(world, i);
  }

  void look_at_tracker_in_end(World& world, uint32_t tracker) {
    tracker::Records records = world.control().tracker(tracker)->records();
    hold(world, "sessions in the end", records.sessions, world.node_count());
    hold(world, "the tracker's transfers in the end", records.transfers, 0);
    hold(world, "the tracker's readers in the end", records.readers, 0);
  }

  void hold(World& world, const std::string& what, uint64_t count, uint64_t limit) {
    if (count <= limit || !told_.insert(what).second) return;
    world.violated(std::to_string(count) + " " + what + ", where there may be " +
                   std::to_string(limit));
  }

  static constexpr uint64_t kTransfersPerNode = 256;
  static constexpr uint64_t kKeptPerNode = 8;  // of the core's kPartialsKept
  static constexpr uint64_t kEventsPerNode = 400;
  static constexpr uint64_t kEventsPerTransfer = 50;
  static constexpr uint64_t kSilencesPerTransfer = 8;
  static constexpr std::size_t kLooksOfSilence = 30;  // a second each: longer than any patience
  static constexpr uint64_t kTimersPerRow = 64;
  static constexpr uint64_t kCoreBytes = 64 * 1024;
  static constexpr uint64_t kCoreBytesPerVersion = 1024;
  static constexpr uint64_t kCoreBytesPerChunk = 64;
  uint32_t ticks_ = 0;
  uint64_t upsets_ = 0;              // of the tracker, at the last look
  std::deque<uint64_t> started_{0};  // transfers, at the last looks
  std::set<std::string> told_;
};

}  // namespace

std::unique_ptr<Checker> bounds_checker() {
  return std::make_unique<BoundsChecker>();
}

}  // namespace tyto::sim
