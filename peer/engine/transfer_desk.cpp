#include "peer/engine/transfer_desk.h"

#include <utility>

#include "peer/transfer/failure.h"

namespace tyto::peer {

TransferDesk::TransferDesk(ChunkStore& store, ChunkClient& client, OriginReader& origins,
                           std::function<void(Input)> report)
    : store_(store), client_(client), origins_(origins), report_(std::move(report)) {}

TransferEvents TransferDesk::events_of(TransferId transfer) {
  TransferEvents events;
  events.progressed = [this, transfer](uint8_t quarter) {
    report_(TransferProgressed{transfer, quarter});
  };
  events.done = [this, transfer](const Digest& root, uint32_t bytes) {
    end(transfer);
    report_(TransferDone{transfer, root, true, bytes});
  };
  events.failed = [this, transfer](FailureKind kind, uint32_t bytes, std::string detail) {
    end(transfer);
    report_(TransferFailed{transfer, kind, bytes, std::move(detail)});
  };
  return events;
}

void TransferDesk::start(const StartTransfer& order, std::optional<Digest> root,
                         const std::string& ticket) {
  ChunkId chunk{order.facts->id, order.chunk};
  if (order.source.kind == SourceKind::kPeer && !root) {
    report_(
        TransferFailed{order.transfer, FailureKind::kInternal, 0,
                       "the chunk's root is not known, and a peer is not to be trusted for it"});
    return;
  }
  auto writer = store_.begin(chunk.version, chunk.index);
  if (!writer.ok()) {
    report_(TransferFailed{order.transfer, failure_of_assembly(writer.error()), 0,
                           writer.error().message});
    return;
  }
  Running running{chunk, order.source.kind == SourceKind::kOrigin, 0};
  if (running.is_origin) {
    OriginFetch fetch{order.facts, order.chunk, root, order.patience};
    running.handle =
        origins_.fetch(std::move(fetch), std::move(*writer), events_of(order.transfer));
  } else {
    FetchRequest request;
    request.facts = order.facts;
    request.chunk = order.chunk;
    request.source = order.source;
    request.root = root;
    request.patience = order.patience;
    request.ticket = ticket;
    request.without_tracker = order.without_tracker;
    request.is_fallback = order.is_fallback;
    running.handle =
        client_.start(std::move(request), std::move(*writer), events_of(order.transfer));
  }
  running_[order.transfer] = running;
  ++on_their_way_[chunk];
}

void TransferDesk::cancel(TransferId transfer) {
  auto it = running_.find(transfer);
  if (it == running_.end()) return;
  if (it->second.is_origin) {
    origins_.cancel(it->second.handle);
  } else {
    client_.cancel(it->second.handle);
  }
  end(transfer);
}

void TransferDesk::end(TransferId transfer) {
  auto it = running_.find(transfer);
  if (it == running_.end()) return;
  auto way = on_their_way_.find(it->second.chunk);
  if (--way->second == 0) on_their_way_.erase(way);
  running_.erase(it);
}

void TransferDesk::wait_for(const ChunkId& chunk, std::function<void(bool)> answer) {
  if (!on_their_way_.contains(chunk)) {
    answer(store_.find(chunk) != nullptr);
    return;
  }
  waiting_[chunk].push_back(std::move(answer));
}

void TransferDesk::settle() {
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (on_their_way_.contains(it->first)) {
      ++it;
      continue;
    }
    auto answers = std::move(it->second);
    bool is_here = store_.find(it->first) != nullptr;
    it = waiting_.erase(it);
    for (auto& answer : answers) answer(is_here);
  }
}

}  // namespace tyto::peer
