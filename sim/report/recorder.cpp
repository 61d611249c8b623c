#include "sim/report/recorder.h"

#include <set>
#include <unordered_map>

#include "sim/report/link_meter.h"
#include "sim/report/series.h"

namespace tyto::sim {
namespace {

class Recorder final : public Checker {
 public:
  Recorder(Measured& out, const RecorderOptions& options) : out_(out), options_(options) {}
  std::string_view name() const override { return "recorder"; }

  Instant on_time(World& world) override;
  void on_end(World& world) override;
  void on_transfer_ended(World& world, const Transfer& transfer, TransferEnd how) override;
  void on_arrived(World& world, NodeId node, const VersionFacts& facts, ChunkIndex chunk,
                  const ByteCounts& useful) override;
  void on_delivered(World& world, NodeId node, uint32_t read, const ChunkId& chunk,
                    ContentTag content) override;
  void on_exchange_down(World& world, NodeId node, const ExchangeDown& down) override;
  void on_fault(World& world, const FaultSpec& fault, FaultPhase phase) override;

 private:
  void begin(World& world);
  void look(World& world);
  void count(const World& world, const Transfer& transfer, uint64_t moved);
  void add_edge(const World& world, const Transfer& transfer, TransferEnd how);

  Measured& out_;
  RecorderOptions options_;
  std::optional<LinkMeter> links_;
  Series series_;
  Sample sample_;  // as far as it has come
  std::optional<ChunkId> chunk_;
  std::unordered_map<uint64_t, uint64_t> moved_;  // by transfers under way, when last looked at
  std::set<std::pair<NodeId, ChunkId>> fetched_;  // and not taken by a reader yet
};

SourceClass class_of(const World& world, const Transfer& transfer) {
  if (transfer.is_origin()) return SourceClass::kOrigin;
  bool is_superpeer = transfer.source && world.node(*transfer.source).role() == Role::kSuperpeer;
  return is_superpeer ? SourceClass::kSuperpeer : SourceClass::kPeer;
}

Duration since_start(const World& world, Instant at) {
  return at - world.start_time();
}

void Recorder::begin(World& world) {
  out_ = Measured{.is_recorded = true};
  links_.emplace(world.scenario());
  out_.links = links_->sizes();
  const OriginModel& origin = world.data().origin();
  if (options_.object >= origin.object_count()) return;
  const VersionFactsRef& facts = origin.current(options_.object);
  uint32_t count = facts->chunking.chunk_count();
  if (count == 0) return;
  chunk_ = ChunkId{facts->id, ChunkIndex(std::min(options_.chunk.value_or(count / 2), count - 1))};
  out_.tree.object = facts->bucket_name + "/" + facts->key;
  out_.tree.chunk = chunk_->index.value();
  out_.tree.bytes = facts->chunking.length_of(chunk_->index);
}

// Brings the sample up to now.
void Recorder::look(World& world) {
  for (const auto& [key, transfer] : world.data().transfers())
    count(world, transfer, world.data().moved(transfer));
  Duration at = since_start(world, world.now());
  links_->take(at - sample_.at, sample_.links);
  sample_.at = at;
  sample_.bytes_wasted = world.data().bytes().wasted;
  sample_.decisions = out_.decisions.total();
  sample_.reads_open = 0;
  sample_.reads_done = 0;
  for (const ReadState& read : world.reads()) {
    bool is_open = read.phase == ReadPhase::kOpening || read.phase == ReadPhase::kReading;
    sample_.reads_open += is_open ? 1 : 0;
    sample_.reads_done += read.phase == ReadPhase::kDone ? 1 : 0;
  }
  sample_.transfers = static_cast<uint32_t>(world.data().transfers().size());
  sample_.superpeer_chunks = 0;
  for (uint32_t i = 0; i < world.scenario().fleet.superpeers; ++i)
    sample_.superpeer_chunks += world.node(NodeId(i)).store().chunk_count();
}

Instant Recorder::on_time(World& world) {
  if (!out_.is_recorded) begin(world);
  look(world);
  series_.add(sample_);
  return world.start_time() + series_.next();
}

void Recorder::on_end(World& world) {
  if (!out_.is_recorded) begin(world);
  look(world);
  series_.close(sample_);
  out_.interval = series_.interval();
  out_.samples = series_.samples();
}

// --- bytes ---

void Recorder::count(const World& world, const Transfer& transfer, uint64_t moved) {
  uint64_t& before = moved_[transfer.key];
  uint64_t bytes = moved - std::min(moved, before);
  before = moved;
  if (bytes == 0) return;
  sample_.bytes_by_source[static_cast<std::size_t>(class_of(world, transfer))] += bytes;
  Tier tier = tier_between(world, transfer.source, transfer.reader);
  sample_.bytes_by_tier[static_cast<std::size_t>(tier)] += bytes;
  links_->note(world, transfer.source, transfer.reader, bytes);
}

void Recorder::on_transfer_ended(World& world, const Transfer& transfer, TransferEnd how) {
  count(world, transfer, transfer.moved);
  moved_.erase(transfer.key);
  switch (how) {
    case TransferEnd::kDone: ++out_.transfers.done; break;
    case TransferEnd::kFailed: ++out_.transfers.failed[transfer.failure]; break;
    case TransferEnd::kCancelled: ++out_.transfers.cancelled; break;
    case TransferEnd::kDied: ++out_.transfers.died; break;
  }
  if (transfer.chunk() == chunk_) add_edge(world, transfer, how);
}

void Recorder::add_edge(const World& world, const Transfer& transfer, TransferEnd how) {
  if (out_.tree.edges.size() >= kTreeEdgesMax) {
    ++out_.tree.left_out;
    return;
  }
  out_.tree.edges.push_back({.reader = transfer.reader.value(),
                             .source = transfer.source ? transfer.source->value() : kNoNode,
                             .kind = class_of(world, transfer),
                             .started = since_start(world, transfer.since),
                             .ended = since_start(world, world.now()),
                             .how = how,
                             .bytes = transfer.useful,
                             .generation = transfer.order.source.generation.value()});
}

void Recorder::on_arrived(World& world, NodeId node, const VersionFacts& facts, ChunkIndex chunk,
                          const ByteCounts& useful) {
  BucketTraffic& bucket = out_.buckets[facts.bucket_name];
  if (world.node(node).role() == Role::kSuperpeer) {
    bucket.superpeers_from_origin += useful.from_origin;
    return;
  }
  bucket.from_peers += useful.from_peers;
  bucket.from_superpeers += useful.from_superpeers;
  bucket.from_origin += useful.from_origin;
  fetched_.insert({node, {facts.id, chunk}});
}

void Recorder::on_delivered(World& world, NodeId node, uint32_t read, const ChunkId& chunk,
                            ContentTag) {
  if (fetched_.erase({node, chunk}) > 0) return;
  const VersionFacts& facts = *world.read(read).facts;
  out_.buckets[facts.bucket_name].from_own_store += facts.chunking.length_of(chunk.index);
}

// --- decisions and faults ---

void Recorder::on_exchange_down(World&, NodeId, const ExchangeDown& down) {
  ++sample_.exchanges;
  Decisions& decisions = out_.decisions;
  for (const Command& command : down.commands) {
    if (auto* assign = std::get_if<Assign>(&command)) {
      ++decisions.assignments[assign->reason.choice];
      if (assign->is_hedge) ++decisions.hedges;
    } else if (auto* evict = std::get_if<Evict>(&command)) {
      ++decisions.evictions[evict->reason.choice];
    } else if (std::holds_alternative<Cancel>(command)) {
      ++decisions.cancels;
    } else if (std::holds_alternative<Opened>(command)) {
      ++decisions.opens;
    } else if (std::holds_alternative<OpenEnded>(command)) {
      ++decisions.opens_ended;
    } else if (std::holds_alternative<Resolve>(command)) {
      ++decisions.resolves;
    }
  }
}

void Recorder::on_fault(World& world, const FaultSpec& fault, FaultPhase phase) {
  if (out_.faults.size() >= kFaultMarksMax) return;
  out_.faults.push_back({since_start(world, world.now()), std::string(fault_kind_name(fault.kind)),
                         fault.target, phase});
}

}  // namespace

std::unique_ptr<Checker> record_into(Measured& out, const RecorderOptions& options) {
  return std::make_unique<Recorder>(out, options);
}

}  // namespace tyto::sim
