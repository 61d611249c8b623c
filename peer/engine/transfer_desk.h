// Carries out the core's transfers: from peers or from the origin, into the store.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "peer/core/effects.h"
#include "peer/origin/origin_reader.h"
#include "peer/store/chunk_store.h"
#include "peer/transfer/chunk_client.h"
#include "peer/transfer/chunk_server.h"
#include "peer/transfer/partial_chunk.h"

namespace tyto::peer {

// Starts and ends transfers under the core's numbers, and knows which chunks are on their way. What
// a failed transfer from a peer has brought is kept, for the next one to go on from there, until
// the core says that there will be none.
//
// Purity:    shell.
// Threads:   confined to the loop.
// Ownership: store, client and origins must outlive it.
// Bounds:    as many transfers as the core starts, and as many partial chunks as it keeps.
class TransferDesk {
 public:
  // `report` takes TransferProgressed, TransferDone and TransferFailed; it is never called from
  // within start(), except for a store that cannot take the chunk.
  TransferDesk(io::Loop& loop, ChunkStore& store, ChunkClient& client, OriginReader& origins,
               std::function<void(Input)> report);

  // `root` and `ticket` in place of what the effect leaves open.
  void start(const StartTransfer& order, std::optional<Digest> root, const std::string& ticket);
  // What the transfer brought is dropped, unless others receive the same chunk.
  void cancel(TransferId transfer);
  // Gives up what was kept of a chunk that no transfer receives. Others are left alone.
  void drop_partial(const ChunkId& chunk);

  // Calls back when something of the chunk can be relayed, it is whole, or it is no longer on its
  // way. A chunk that is neither on its way nor expected is answered at once.
  void wait_for(const ChunkServerHooks::Waiting& waiting, ChunkServerHooks::Answer answer);
  // What can be relayed of a chunk that is on its way or kept in part, or null.
  std::shared_ptr<RelayedChunk> relayed(const ChunkId& chunk) const;
  // Answers those who wait for chunks that are not on their way any more. Called by the engine
  // once the core has had its say on what ended, since it may have started anew.
  void settle();

 private:
  struct Running {
    ChunkId chunk;
    bool is_origin = false;
    uint64_t handle = 0;
  };
  // A chunk that is on its way, or that a part of is kept.
  struct Way {
    int transfers = 0;
    Medium medium = Medium::kDisk;
    std::shared_ptr<PartialChunk> partial;  // null: from the origin
    uint64_t kept_since = 0;                // counts up; of those without a transfer
  };
  struct Asker {
    std::weak_ptr<const void> who;
    bool is_expecting = false;  // for a chunk that was not on its way yet
    ChunkServerHooks::Answer answer;
  };
  using Ways = std::map<ChunkId, Way>;

  TransferEvents events_of(TransferId transfer);
  void done(TransferId transfer, const Digest& root, uint32_t bytes);
  std::vector<TransferFailed> end_others(const ChunkId& chunk);
  void failed(TransferId transfer, FailureKind kind, uint32_t bytes, std::string detail);
  void end(TransferId transfer);
  void refuse(const StartTransfer& order, FailureKind kind, std::string why);
  Result<std::unique_ptr<ChunkWriter>> begin(const ChunkId& chunk, Placement placement);
  bool drop_oldest_kept(Medium medium);
  uint64_t start_origin(const StartTransfer& order, std::optional<Digest> root,
                        std::unique_ptr<ChunkWriter> writer);
  uint64_t start_peer(const StartTransfer& order, std::optional<Digest> root,
                      const std::string& ticket, std::shared_ptr<PartialChunk> partial);
  Result<std::shared_ptr<PartialChunk>> partial_for(const StartTransfer& order,
                                                    std::optional<Digest> root);
  void answer_askers(const ChunkId& chunk);
  bool is_on_its_way(const ChunkId& chunk) const;

  io::Loop& loop_;
  ChunkStore& store_;
  ChunkClient& client_;
  OriginReader& origins_;
  std::function<void(Input)> report_;
  std::map<TransferId, Running> running_;
  Ways ways_;
  uint64_t kept_count_ = 0;
  std::map<ChunkId, std::vector<Asker>> asking_;
};

}  // namespace tyto::peer
