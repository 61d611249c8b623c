// Which chunks in a store's memory are copies of what it has on disk as well.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "schema/messages/exchange.h"

namespace tyto::peer {

// A list of them in the order of their last use. It holds no bytes itself.
//
// Threads: synchronised. Bounds: as many as its owner adds.
class MemoryCopies {
 public:
  // Used now. Requires: it is not listed.
  void add(const ChunkId& chunk, uint32_t bytes);
  // Used now, if it is listed. Returns whether it is.
  bool touch(const ChunkId& chunk);
  bool contains(const ChunkId& chunk) const;
  // Takes off the list what was used longest ago.
  std::optional<ChunkId> take_oldest();
  // Takes off what is listed of [first, first + count).
  std::vector<ChunkId> take(const VersionId& version, uint32_t first, uint32_t count);

  struct Sum {
    uint64_t bytes = 0;
    uint64_t chunks = 0;
  };
  Sum sum() const;

 private:
  using Key = std::pair<VersionId, uint32_t>;
  struct Copy {
    Key key;
    uint32_t bytes = 0;
  };
  using Order = std::list<Copy>;
  static Key key_of(const ChunkId& chunk) { return {chunk.version, chunk.index.value()}; }
  ChunkId remove(std::map<Key, Order::iterator>::iterator at);

  mutable std::mutex mutex_;
  Order order_;  // the longest unused first
  std::map<Key, Order::iterator> places_;
  uint64_t bytes_ = 0;
};

}  // namespace tyto::peer
