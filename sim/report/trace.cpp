#include "sim/report/trace.h"

#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class Trace final : public Checker {
 public:
  explicit Trace(std::FILE* out) : out_(out) {}
  std::string_view name() const override { return "trace"; }

  void on_read_asked(World& world, uint32_t read) override {
    line(world, world.scenario().reads[read].node, text_of_read(read) + " asked");
  }
  void on_read_ended(World& world, uint32_t read) override {
    const ReadState& state = world.read(read);
    bool is_done = state.phase == ReadPhase::kDone;
    line(world, world.scenario().reads[read].node,
         text_of_read(read) + (is_done ? " done" : " failed: " + state.error.message));
  }
  void on_session(World& world, NodeId node, std::string_view what) override {
    line(world, node, std::string(what));
  }
  void on_fault(World& world, const FaultSpec& fault, FaultPhase phase) override {
    line(world, NodeId(fault.target),
         (phase == FaultPhase::kBegins ? "FAULT " : "mended ") +
             std::string(fault_kind_name(fault.kind)));
  }
  void on_transfer_started(World& world, const Transfer& transfer) override {
    line(world, transfer.reader,
         "starts " + text(transfer.chunk()) + " from " + source(transfer.order.source) +
             (transfer.order.is_fallback ? ", a fall-back" : "") +
             (transfer.order.without_tracker ? ", without tracker" : "") + ", patience " +
             std::to_string(transfer.order.patience.ms()) + " ms");
  }
  void on_transfer_ended(World& world, const Transfer& transfer, TransferEnd how) override {
    static constexpr const char* kEnds[] = {"done", "failed", "cancelled", "died"};
    std::string why =
        how == TransferEnd::kFailed ? " " + std::string(failure_kind_name(transfer.failure)) : "";
    line(world, transfer.reader,
         kEnds[static_cast<int>(how)] + why + " " + text(transfer.chunk()) + " from " +
             source(transfer.order.source));
  }
  void on_exchange_up(World& world, NodeId node, const ExchangeUp& up) override {
    for (const Event& event : up.events) say_event(world, node, event);
  }
  void on_exchange_down(World& world, NodeId node, const ExchangeDown& down) override {
    for (const Command& command : down.commands) {
      if (auto* assign = std::get_if<Assign>(&command)) {
        line(world, node,
             "<- assign " + std::to_string(assign->assignment.n) + " " + text(assign->chunk) +
                 " from " + source(assign->source) + " -> generation " +
                 std::to_string(assign->generation.value()) + ", " +
                 std::to_string(assign->fallbacks.size()) + " fall-backs");
      } else if (auto* cancel = std::get_if<Cancel>(&command)) {
        line(world, node, "<- cancel " + std::to_string(cancel->assignment.n));
      } else if (auto* evict = std::get_if<Evict>(&command)) {
        line(world, node,
             "<- evict " + text(ChunkId{evict->version, ChunkIndex(evict->first)}) + " +" +
                 std::to_string(evict->count));
      } else if (auto* resolve = std::get_if<Resolve>(&command)) {
        line(world, node, "<- resolve " + resolve->key);
      } else if (auto* ended = std::get_if<OpenEnded>(&command)) {
        line(world, node, "<- open ended: " + ended->error.message);
      }
    }
  }

 private:
  static std::string source(const Source& source) {
    if (source.kind == SourceKind::kOrigin) return "the origin";
    return source.address.host + " (generation " + std::to_string(source.generation.value()) + ")";
  }

  void say_event(World& world, NodeId node, const Event& event) {
    if (auto* failed = std::get_if<SourceFailed>(&event)) {
      line(world, node,
           "-> source failed, of " + std::to_string(failed->assignment.n) + ": " +
               std::string(failure_kind_name(failed->kind)));
    } else if (auto* ended = std::get_if<AssignmentFailed>(&event)) {
      line(world, node,
           "-> assignment failed " + std::to_string(ended->assignment.n) + ": " +
               std::string(failure_kind_name(ended->kind)));
    } else if (auto* verified = std::get_if<ChunkVerified>(&event)) {
      line(world, node,
           "-> verified " + std::to_string(verified->assignment.n) + " " + text(verified->chunk));
    } else if (auto* asked = std::get_if<OpenRequested>(&event)) {
      line(world, node, "-> open " + asked->key);
    } else if (auto* resolved = std::get_if<NameResolved>(&event)) {
      line(world, node, std::string("-> name ") + (resolved->facts ? "resolved" : "unknown"));
    } else if (auto* dropped = std::get_if<ChunksDropped>(&event)) {
      line(world, node,
           "-> dropped " + text(ChunkId{dropped->version, ChunkIndex(dropped->first)}) + " +" +
               std::to_string(dropped->count));
    }
  }

  void line(World& world, NodeId node, const std::string& what) {
    std::fprintf(out_, "%10.4f node %-3u %s\n",
                 static_cast<double>((world.now() - world.start_time()).ns()) / 1e9, node.value(),
                 what.c_str());
  }

  std::FILE* out_;
};

}  // namespace

std::unique_ptr<Checker> trace_to(std::FILE* out) {
  return std::make_unique<Trace>(out);
}

}  // namespace tyto::sim
