// Carries out the core's transfers: from peers or from the origin, into the store.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "peer/core/effects.h"
#include "peer/origin/origin_reader.h"
#include "peer/store/chunk_store.h"
#include "peer/transfer/chunk_client.h"

namespace tyto::peer {

// Starts and ends transfers under the core's numbers, and knows which chunks are on their way.
//
// Purity:    shell.
// Threads:   confined to the loop.
// Ownership: store, client and origins must outlive it.
// Bounds:    as many transfers as the core starts.
class TransferDesk {
 public:
  // `report` takes TransferProgressed, TransferDone and TransferFailed; it is never called from
  // within start(), except for a store that cannot take the chunk.
  TransferDesk(ChunkStore& store, ChunkClient& client, OriginReader& origins,
               std::function<void(Input)> report);

  // `root` and `ticket` in place of what the effect leaves open.
  void start(const StartTransfer& order, std::optional<Digest> root, const std::string& ticket);
  void cancel(TransferId transfer);

  // Calls back when the chunk is whole, or is no longer on its way. Requires: nothing; a chunk
  // that is not on its way is answered at once.
  void wait_for(const ChunkId& chunk, std::function<void(bool is_here)> answer);
  // Answers those who wait for chunks that are not on their way any more. Called by the engine
  // once the core has had its say on what ended, since it may have started anew.
  void settle();

 private:
  struct Running {
    ChunkId chunk;
    bool is_origin = false;
    uint64_t handle = 0;
  };
  TransferEvents events_of(TransferId transfer);
  void end(TransferId transfer);

  ChunkStore& store_;
  ChunkClient& client_;
  OriginReader& origins_;
  std::function<void(Input)> report_;
  std::map<TransferId, Running> running_;
  std::map<ChunkId, int> on_their_way_;
  std::map<ChunkId, std::vector<std::function<void(bool)>>> waiting_;
};

}  // namespace tyto::peer
