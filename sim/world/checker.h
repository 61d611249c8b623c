// Who watches a world.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "schema/messages/exchange.h"
#include "sim/models/content.h"
#include "sim/world/scenario.h"

namespace tyto::sim {

class World;
struct Transfer;
struct ByteCounts;

enum class FaultPhase : uint8_t { kBegins, kEnds };
enum class TransferEnd : uint8_t { kDone, kFailed, kCancelled, kDied };

// Sees what happens in a world and says what should not have. One property each.
//
// Ownership: borrows nothing; the world is handed in.
class Checker {
 public:
  virtual ~Checker() = default;
  virtual std::string_view name() const = 0;

  // A session began, went on, or its connection was lost: for people.
  virtual void on_session(World&, NodeId, std::string_view /*what*/) {}
  virtual void on_fault(World&, const FaultSpec&, FaultPhase) {}
  virtual void on_stored(World&, NodeId, const ChunkId&, ContentTag) {}
  // A chunk came to be whole: how many of its bytes which sources brought.
  virtual void on_arrived(World&, NodeId, const VersionFacts&, ChunkIndex, const ByteCounts&) {}
  // A reader took a chunk of the version that it has open.
  virtual void on_delivered(World&, NodeId, uint32_t /*read*/, const ChunkId&, ContentTag) {}
  virtual void on_read_asked(World&, uint32_t /*read*/) {}
  virtual void on_read_ended(World&, uint32_t /*read*/) {}
  virtual void on_transfer_started(World&, const Transfer&) {}
  virtual void on_transfer_ended(World&, const Transfer&, TransferEnd) {}
  // A source answers a reader: `content` of the transfer is what the source has, or receives.
  virtual void on_served(World&, const Transfer&) {}
  // A source began, or went on, with so many uploads at once under a cap (0: none).
  virtual void on_uploads(World&, NodeId, uint32_t /*active*/, uint32_t /*cap*/) {}
  virtual void on_exchanges_open(World&, NodeId, uint32_t) {}
  virtual void on_exchange_up(World&, NodeId, const ExchangeUp&) {}
  virtual void on_exchange_down(World&, NodeId, const ExchangeDown&) {}
  // Between two events, at the time that it answered last, and at first at the start. Answers when
  // next, which is later. The run must be the same with it and without.
  virtual Instant on_time(World&) { return Instant::never(); }
  // Ten times a second.
  virtual void on_tick(World&) {}
  virtual void on_end(World&) {}
};

}  // namespace tyto::sim
