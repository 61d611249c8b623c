// Chunks on their way: what of them is verified, who reads along, what is kept when a transfer
// ends.
#include <algorithm>

#include "sim/world/data_plane.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

uint64_t sum(const ByteCounts& counts) {
  return counts.from_peers + counts.from_superpeers + counts.from_origin;
}

}  // namespace

Arriving* DataPlane::arriving(const Place& place) {
  auto found = arriving_.find(place);
  return found == arriving_.end() ? nullptr : &found->second;
}

bool DataPlane::is_under_way(const Place& place) {
  const Arriving* coming = arriving(place);
  return coming != nullptr && !coming->transfers.empty();
}

// What comes from the origin is served only once it is whole and verified.
bool DataPlane::is_relayable(const Place& place) {
  const Arriving* coming = arriving(place);
  if (coming == nullptr) return false;
  auto is_from_peer = [&](uint64_t key) { return !transfers_.at(key).is_origin(); };
  return coming->verified > 0 ||
         std::any_of(coming->transfers.begin(), coming->transfers.end(), is_from_peer);
}

// Where in its chunk a transfer is.
uint64_t DataPlane::position(const Transfer& transfer) {
  if (transfer.flow == FlowId()) return transfer.from;
  if (transfer.has_flow_ended) return transfer.flow_end;
  return transfer.from + network_.moved(world_.now(), transfer.flow);
}

// The transfer that brings verified blocks and has brought most; null if there is none.
Transfer* DataPlane::leader(const Arriving& coming) {
  Transfer* ahead = nullptr;
  for (uint64_t key : coming.transfers) {
    Transfer& transfer = transfers_.at(key);
    if (transfer.is_origin() || transfer.flow == FlowId() || !is_right(transfer)) continue;
    if (ahead == nullptr || position(transfer) > position(*ahead)) ahead = &transfer;
  }
  return ahead;
}

// What came since is to the credit of the transfer that is ahead.
void DataPlane::advance(Arriving& coming) {
  Transfer* ahead = leader(coming);
  if (ahead == nullptr) return;
  uint64_t at = position(*ahead);
  if (at <= coming.verified) return;
  ahead->useful += at - coming.verified;
  coming.verified = at;
}

// A transfer has ended before the chunk was whole: its last block, if cut, is of no use.
// Requires: it is no longer among those under way, and advance() was called.
void DataPlane::keep(Arriving& coming, Transfer& ended) {
  if (coming.is_whole) return;
  uint64_t length = coming.facts->chunking.length_of(ended.order.chunk);
  uint64_t kept = whole_blocks(std::min(coming.verified, length - 1));
  if (Transfer* other = leader(coming)) kept = std::max(kept, position(*other));
  if (kept >= coming.verified) return;
  ended.useful -= std::min(ended.useful, coming.verified - kept);
  coming.verified = kept;
}

// The chunk came from the origin, all of it: what peers had brought was in vain.
void DataPlane::replace(Arriving& coming, Transfer& ended) {
  bytes_.wasted += sum(coming.useful);
  coming.useful = {};
  for (uint64_t key : coming.transfers) transfers_.at(key).useful = 0;
  ended.useful = coming.facts->chunking.length_of(ended.order.chunk);
}

// Room in the store for the chunk; what is kept of others gives way, the oldest first.
bool DataPlane::make_room(const Place& place, Arriving& coming) {
  if (coming.is_reserved) return true;
  Store& store = world_.node(place.first).store();
  while (!store.reserve(coming.facts, place.second.index, coming.medium)) {
    const Place* oldest = nullptr;
    for (const auto& [at, other] : arriving_) {
      bool is_kept = at.first == place.first && other.transfers.empty() && other.is_reserved &&
                     other.medium == coming.medium;
      if (!is_kept || store.is_full(coming.medium)) continue;
      if (oldest == nullptr || other.paused_at < arriving_.at(*oldest).paused_at) oldest = &at;
    }
    if (oldest == nullptr) return false;
    Place given_up = *oldest;
    drop_partial(given_up);
    wake(given_up);
  }
  coming.is_reserved = true;
  return true;
}

// Nothing is under way any more. What there is of the chunk waits for the next transfer, and so do
// those who read along.
void DataPlane::pause(const Place& place) {
  Arriving& coming = arriving_.at(place);
  if (coming.verified == 0 && coming.is_reserved) {
    world_.node(place.first).store().release(coming.facts, place.second.index, coming.medium);
    coming.is_reserved = false;
  }
  coming.paused_at = world_.now();
}

// Requires: nothing is under way there.
void DataPlane::drop_partial(const Place& place) {
  auto found = arriving_.find(place);
  if (found == arriving_.end()) return;
  const Arriving& coming = found->second;
  TYTO_ASSERT(coming.transfers.empty());
  if (coming.is_reserved)
    world_.node(place.first).store().release(coming.facts, place.second.index, coming.medium);
  bytes_.wasted += sum(coming.useful);
  arriving_.erase(found);
}

// --- who reads along ---

// How far a relay may go now.
void DataPlane::feed(Transfer& relay) {
  Place place{*relay.source, relay.chunk()};
  if (world_.node(place.first).store().holds(place.second)) {
    relay.is_relay = false;
    relays_[place].erase(relay.key);
    take_view(relay);
    if (!relay.is_in_flow()) return;
    network_.unlimit(world_.now(), relay.flow);
    if (is_reachable(relay)) set_heard(relay);
    return;
  }
  Arriving* coming = arriving(place);
  if (!relay.is_in_flow() || coming == nullptr) return;
  advance(*coming);
  uint64_t length = coming->facts->chunking.length_of(place.second.index);
  bool is_all_here = coming->verified == length;
  FlowLimit limit{.floor = is_all_here ? length : whole_blocks(coming->verified)};
  const Transfer* ahead = leader(*coming);
  if (ahead != nullptr && ahead->is_in_flow()) {
    if (position(*ahead) >= coming->verified) limit.floor = ahead->from;
    limit.upstream = ahead->flow;
    limit.lag = kBlockBytes;
  }
  network_.limit(world_.now(), relay.flow, limit);
}

void DataPlane::feed_relays(const Place& place) {
  auto found = relays_.find(place);
  if (found == relays_.end()) return;
  std::vector<uint64_t> keys(found->second.begin(), found->second.end());
  for (uint64_t key : keys) feed(transfers_.at(key));
}

}  // namespace tyto::sim
