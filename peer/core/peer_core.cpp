#include "peer/core/peer_core.h"

#include <algorithm>
#include <initializer_list>

#include "peer/core/cache.h"
#include "peer/core/commands.h"
#include "peer/core/core_state.h"
#include "peer/core/ensures.h"
#include "peer/core/exchange.h"
#include "peer/core/leave.h"
#include "peer/core/opens.h"
#include "peer/core/orphans.h"
#include "peer/core/partials.h"
#include "peer/core/session.h"
#include "peer/core/trackers.h"
#include "peer/core/transfers.h"

namespace tyto::peer {
namespace {

void take(Turn& turn, Registered in) {
  on_registered(turn, std::move(in.reply));
}
void take(Turn& turn, RegisterFailed in) {
  on_register_failed(turn, std::move(in.error), in.retry_after);
}
void take(Turn& turn, RegisterRedirected in) {
  on_redirected(turn, std::move(in.moved));
}
void take(Turn& turn, TrackersFound in) {
  on_trackers_found(turn, std::move(in));
}
void take(Turn& turn, Disconnected in) {
  on_disconnected(turn, std::move(in.error));
}
void take(Turn& turn, ExchangeAnswered in) {
  on_exchange_answered(turn, std::move(in.down));
}
void take(Turn& turn, ExchangeRefused in) {
  on_exchange_refused(turn, in.retry_after);
}
void take(Turn& turn, InventorySent) {
  on_inventory_sent(turn);
}
void take(Turn& turn, OpenAsked in) {
  on_open_asked(turn, std::move(in.request));
}
void take(Turn& turn, WindowAsked in) {
  on_window_asked(turn, in);
}
void take(Turn& turn, CloseAsked in) {
  on_close_asked(turn, in.open);
}
void take(Turn& turn, LeaveAsked in) {
  on_leave_asked(turn, in);
}
void take(Turn& turn, TransferProgressed in) {
  on_transfer_progressed(turn, in);
}
void take(Turn& turn, TransferDone in) {
  on_transfer_done(turn, in);
}
void take(Turn& turn, TransferFailed in) {
  on_transfer_failed(turn, std::move(in));
}
void take(Turn& turn, ChunksLost in) {
  on_chunks_lost(turn, in);
}
void take(Turn& turn, ResolveDone in) {
  on_resolve_done(turn, std::move(in));
}
void take(Turn& turn, EnsureAsked in) {
  on_ensure_asked(turn, in);
}
void take(Turn&, TimePassed) {}
void take(Turn& turn, StoreLoaded in) {
  if (turn.state.session.phase != SessionPhase::kNone || turn.state.leave.is_done) return;
  know_trackers(turn.state.trackers, in.location, std::move(in.trackers));
  load(turn.state, std::move(in));
  start_session(turn);
}

// After LeaveDone: only those who ask still get an answer.
void refuse(Turn& turn, const Input& input) {
  if (const auto* open = std::get_if<OpenAsked>(&input)) on_open_asked(turn, open->request);
  if (const auto* ensure = std::get_if<EnsureAsked>(&input)) on_ensure_asked(turn, *ensure);
}

// What follows from any input, and from time alone.
void settle(Turn& turn) {
  check_leave(turn);
  check_session(turn);
  check_opens(turn);
  check_orphans(turn);
  check_ensures(turn);
  check_partials(turn);
  trim_transfers(turn.state);
  flush(turn);
}

// --- memory ---

std::size_t heap_bytes(const std::string& text) {
  return text.capacity() > std::string().capacity() ? text.capacity() + 1 : 0;
}
std::size_t heap_bytes(const Bitmap& bits) {
  return bits.words().capacity() * sizeof(uint64_t);
}
template <class Item>
std::size_t own_bytes(const std::vector<Item>& items) {
  return items.capacity() * sizeof(Item);
}
std::size_t heap_bytes(const std::vector<Source>& sources) {
  std::size_t bytes = own_bytes(sources);
  for (const Source& source : sources) bytes += heap_bytes(source.address.host);
  return bytes;
}

std::size_t heap_bytes(const Version& version) {
  std::size_t bytes =
      heap_bytes(version.held) + own_bytes(version.roots) + heap_bytes(version.sources);
  if (version.in_memory) bytes += sizeof(Bitmap) + heap_bytes(*version.in_memory);
  if (version.evictions) {
    bytes += sizeof(Evictions) + heap_bytes(version.evictions->doomed) +
             heap_bytes(version.evictions->dropping);
  }
  return bytes;
}

std::size_t versions_bytes(const Versions& versions) {
  constexpr std::size_t kNodeBytes = 4 * sizeof(void*);  // colour, parent and children
  std::size_t bytes = 0;
  for (const VersionEntry& version : versions) {
    bytes += kNodeBytes + sizeof(VersionEntry) + heap_bytes(version.second);
  }
  return bytes;
}

}  // namespace

PeerCore::PeerCore(const Policy& policy, uint64_t seed)
    : PeerCore(std::make_shared<const Policy>(policy), seed) {}
PeerCore::PeerCore(std::shared_ptr<const Policy> policy, uint64_t seed)
    : state_(std::make_unique<CoreState>(std::move(policy), seed)) {}
PeerCore::~PeerCore() = default;

void PeerCore::handle(Instant now, Input input, Effects& effects) {
  Turn turn{*state_, now, effects};
  if (state_->leave.is_done) return refuse(turn, input);
  std::visit([&turn](auto&& in) { take(turn, std::move(in)); }, std::move(input));
  settle(turn);
}

Instant PeerCore::next_deadline() const {
  const CoreState& state = *state_;
  if (state.leave.is_done) return Instant::never();
  return std::min({state.leave.until, session_deadline(state), exchange_deadline(state),
                   opens_deadline(state), orphans_deadline(state), ensures_deadline(state),
                   partials_deadline(state)});
}

bool PeerCore::holds(const ChunkId& chunk) const {
  VersionEntry* version = find_version(*state_, chunk.version);
  return version != nullptr && is_held(version->second, chunk.index);
}

void PeerCore::look_ahead(Ahead what) const {
  auto fetch = [](const void* begin, std::size_t bytes) {
    constexpr std::size_t kLineBytes = 64;
    constexpr std::size_t kMost = 2048;  // more of a list is not fetched
    for (std::size_t at = 0; at < std::min(bytes, kMost); at += kLineBytes)
      __builtin_prefetch(static_cast<const char*>(begin) + at, 1);
  };
  const CoreState& state = *state_;
  if (what == Ahead::kState) return fetch(&state, sizeof(CoreState));
  fetch(state.transfers.data(), state.transfers.size() * sizeof(Transfer));
  fetch(state.session.events.items().data(), state.session.events.items().size() * sizeof(Event));
  fetch(state.opens.data(), state.opens.size() * sizeof(Open));
  if (!state.versions.empty()) fetch(&*state.versions.begin(), sizeof(VersionEntry));
}

std::size_t PeerCore::memory_bytes() const {
  const CoreState& state = *state_;
  std::size_t bytes =
      sizeof(CoreState) + versions_bytes(state.versions) + own_bytes(state.session.events.items()) +
      heap_bytes(state.session.last_error.message) + own_bytes(state.transfers) +
      own_bytes(state.opens) + own_bytes(state.cancelled) + own_bytes(state.partials) +
      own_bytes(state.origins) + own_bytes(state.resolves) + own_bytes(state.ensures) +
      own_bytes(state.superpeers) + own_bytes(state.orphans.fetches);
  bytes += own_bytes(state.trackers.tried) + own_bytes(state.trackers.avoided) +
           heap_bytes(state.trackers.region) + heap_bytes(state.trackers.current.address.host);
  for (const Transfer& transfer : state.transfers) {
    bytes += heap_bytes(transfer.source.address.host) + heap_bytes(transfer.fallbacks);
  }
  for (const CancelledTransfer& c : state.cancelled) bytes += heap_bytes(c.source.address.host);
  for (const SuperpeerListed& s : state.superpeers) bytes += heap_bytes(s.address.host);
  for (const Open& open : state.opens) {
    bytes += heap_bytes(open.request.bucket) + heap_bytes(open.request.key);
  }
  return bytes;
}

}  // namespace tyto::peer
