#include "peer/engine/transfer_desk.h"

#include <algorithm>
#include <utility>

#include "peer/transfer/failure.h"

namespace tyto::peer {
namespace {

// Whether the blocks that came before are of use to the next source.
bool leaves_partial_usable(FailureKind kind) {
  return kind != FailureKind::kNoSpace && kind != FailureKind::kInternal;
}

}  // namespace

TransferDesk::TransferDesk(io::Loop& loop, ChunkStore& store, ChunkClient& client,
                           OriginReader& origins, std::function<void(Input)> report)
    : loop_(loop), store_(store), client_(client), origins_(origins), report_(std::move(report)) {}

TransferEvents TransferDesk::events_of(TransferId transfer) {
  TransferEvents events;
  events.progressed = [this, transfer](uint8_t quarter) {
    report_(TransferProgressed{transfer, quarter});
  };
  events.done = [this, transfer](const Digest& root, uint32_t bytes) {
    done(transfer, root, bytes);
  };
  events.failed = [this, transfer](FailureKind kind, uint32_t bytes, std::string detail) {
    failed(transfer, kind, bytes, std::move(detail));
  };
  return events;
}

void TransferDesk::done(TransferId transfer, const Digest& root, uint32_t bytes) {
  std::vector<TransferFailed> losers;
  auto it = running_.find(transfer);
  if (it != running_.end()) {
    ChunkId chunk = it->second.chunk;
    auto partial = std::move(ways_[chunk].partial);  // outlives the losers, so that they know
    end(transfer);
    losers = end_others(chunk);
  }
  report_(TransferDone{transfer, root, true, bytes});
  for (auto& loser : losers) report_(std::move(loser));
}

std::vector<TransferFailed> TransferDesk::end_others(const ChunkId& chunk) {
  std::vector<TransferId> others;
  for (const auto& [id, running] : running_)
    if (running.chunk == chunk) others.push_back(id);
  std::vector<TransferFailed> ended;
  for (TransferId id : others) {
    uint32_t in_vain = client_.cancel(running_.at(id).handle);
    end(id);
    ended.push_back({id, FailureKind::kCancelled, in_vain, "another source was faster"});
  }
  return ended;
}

void TransferDesk::failed(TransferId transfer, FailureKind kind, uint32_t bytes,
                          std::string detail) {
  TransferFailed failure{transfer, kind, bytes, std::move(detail)};
  auto it = running_.find(transfer);
  if (it != running_.end()) {
    ChunkId chunk = it->second.chunk;
    end(transfer);
    auto way = ways_.find(chunk);
    if (way != ways_.end() && way->second.transfers == 0) {
      const PartialChunk* partial = way->second.partial.get();
      failure.is_partial_kept = leaves_partial_usable(kind) && partial != nullptr &&
                                partial->is_usable() && partial->has_leaves();
      if (!failure.is_partial_kept) ways_.erase(way);
    }
  }
  report_(std::move(failure));
}

void TransferDesk::refuse(const StartTransfer& order, FailureKind kind, std::string why) {
  report_(TransferFailed{order.transfer, kind, 0, std::move(why)});
}

// What is kept in part makes room for what is wanted now.
Result<std::unique_ptr<ChunkWriter>> TransferDesk::begin(const ChunkId& chunk,
                                                         Placement placement) {
  for (;;) {
    auto writer = store_.begin_placed(chunk.version, chunk.index, placement);
    if (writer.ok() || writer.error().code != ErrorCode::kNoSpace) return writer;
    if (!drop_oldest_kept(medium_of(placement))) return writer;
  }
}

bool TransferDesk::drop_oldest_kept(Medium medium) {
  auto oldest = ways_.end();
  for (auto it = ways_.begin(); it != ways_.end(); ++it) {
    if (it->second.transfers > 0 || it->second.medium != medium) continue;
    if (oldest == ways_.end() || it->second.kept_since < oldest->second.kept_since) oldest = it;
  }
  if (oldest == ways_.end()) return false;
  ways_.erase(oldest);
  return true;
}

void TransferDesk::start(const StartTransfer& order, std::optional<Digest> root,
                         const std::string& ticket) {
  ChunkId chunk{order.facts->id, order.chunk};
  if (order.source.kind == SourceKind::kPeer && !root)
    return refuse(order, FailureKind::kInternal,
                  "the chunk's root is not known, and a peer is not to be trusted for it");
  Running running{chunk, order.source.kind == SourceKind::kOrigin, 0};
  if (running.is_origin) {
    drop_partial(chunk);  // from the origin it is read anew
    auto writer = begin(chunk, order.placement);
    if (!writer.ok())
      return refuse(order, failure_of_assembly(writer.error()), writer.error().message);
    running.handle = start_origin(order, root, std::move(*writer));
  } else {
    auto partial = partial_for(order, root);
    if (!partial.ok())
      return refuse(order, failure_of_assembly(partial.error()), partial.error().message);
    running.handle = start_peer(order, root, ticket, *partial);
    ways_[chunk].partial = *partial;
  }
  running_[order.transfer] = running;
  ++ways_[chunk].transfers;
  ways_[chunk].medium = medium_of(order.placement);
  if (auto askers = asking_.find(chunk); askers != asking_.end())
    for (Asker& asker : askers->second) asker.is_expecting = false;
}

uint64_t TransferDesk::start_origin(const StartTransfer& order, std::optional<Digest> root,
                                    std::unique_ptr<ChunkWriter> writer) {
  OriginFetch fetch{order.facts, order.chunk, root, order.patience, order.run};
  return origins_.fetch(std::move(fetch), std::move(writer), events_of(order.transfer));
}

uint64_t TransferDesk::start_peer(const StartTransfer& order, std::optional<Digest> root,
                                  const std::string& ticket,
                                  std::shared_ptr<PartialChunk> partial) {
  FetchRequest request;
  request.facts = order.facts;
  request.chunk = order.chunk;
  request.source = order.source;
  request.root = root;
  request.patience = order.patience;
  request.ticket = ticket;
  request.without_tracker = order.without_tracker;
  request.is_fallback = order.is_fallback;
  return client_.start(std::move(request), std::move(partial), events_of(order.transfer));
}

// What there is of the chunk, unless it is of another root or in the other medium; or else a new
// one.
Result<std::shared_ptr<PartialChunk>> TransferDesk::partial_for(const StartTransfer& order,
                                                                std::optional<Digest> root) {
  ChunkId chunk{order.facts->id, order.chunk};
  if (auto way = ways_.find(chunk); way != ways_.end() && way->second.partial) {
    bool is_same = way->second.partial->is_usable() &&
                   way->second.medium == medium_of(order.placement) &&
                   (!root || way->second.partial->root() == root);
    if (is_same) return way->second.partial;
    drop_partial(chunk);
  }
  auto writer = begin(chunk, order.placement);
  if (!writer.ok()) return writer.error();
  auto partial = std::make_shared<PartialChunk>(loop_, order.facts->chunking, order.chunk, root,
                                                std::move(*writer));
  partial->on_leaves([this, chunk] { answer_askers(chunk); });
  return partial;
}

void TransferDesk::cancel(TransferId transfer) {
  auto it = running_.find(transfer);
  if (it == running_.end()) return;
  ChunkId chunk = it->second.chunk;
  if (it->second.is_origin) {
    origins_.cancel(it->second.handle);
  } else {
    client_.cancel(it->second.handle);
  }
  end(transfer);
  drop_partial(chunk);
}

void TransferDesk::drop_partial(const ChunkId& chunk) {
  auto way = ways_.find(chunk);
  if (way != ways_.end() && way->second.transfers == 0) ways_.erase(way);
}

void TransferDesk::end(TransferId transfer) {
  auto it = running_.find(transfer);
  if (it == running_.end()) return;
  auto way = ways_.find(it->second.chunk);
  --way->second.transfers;
  if (way->second.transfers == 0) {
    way->second.kept_since = ++kept_count_;
    if (!way->second.partial) ways_.erase(way);
  }
  running_.erase(it);
}

bool TransferDesk::is_on_its_way(const ChunkId& chunk) const {
  auto way = ways_.find(chunk);
  return way != ways_.end() && way->second.transfers > 0;
}

std::shared_ptr<RelayedChunk> TransferDesk::relayed(const ChunkId& chunk) const {
  auto way = ways_.find(chunk);
  return way == ways_.end() || !way->second.partial ? nullptr : way->second.partial->relayed();
}

void TransferDesk::wait_for(const ChunkServerHooks::Waiting& waiting,
                            ChunkServerHooks::Answer answer) {
  bool is_on_way = is_on_its_way(waiting.chunk);
  if (!is_on_way && !waiting.is_expected) return answer(store_.find(waiting.chunk) != nullptr);
  asking_[waiting.chunk].push_back({waiting.asker, !is_on_way, std::move(answer)});
}

void TransferDesk::answer_askers(const ChunkId& chunk) {
  auto node = asking_.extract(chunk);
  if (node.empty()) return;
  bool is_here = store_.find(chunk) != nullptr || relayed(chunk) != nullptr;
  for (auto& asker : node.mapped()) asker.answer(is_here);
}

void TransferDesk::settle() {
  std::vector<ChunkId> over;
  for (auto it = asking_.begin(); it != asking_.end();) {
    auto& askers = it->second;
    std::erase_if(askers, [](const Asker& asker) { return asker.who.expired(); });
    bool is_expecting = std::any_of(askers.begin(), askers.end(),
                                    [](const Asker& asker) { return asker.is_expecting; });
    if (!askers.empty() && !is_expecting && !is_on_its_way(it->first)) over.push_back(it->first);
    it = askers.empty() ? asking_.erase(it) : std::next(it);
  }
  for (const ChunkId& chunk : over) answer_askers(chunk);
}

}  // namespace tyto::peer
