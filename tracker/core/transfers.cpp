#include "tracker/core/transfers.h"

#include <algorithm>

#include "base/assert.h"
#include "tracker/core/policy.h"
#include "tracker/core/waking.h"

namespace tyto::tracker {
namespace {

// The rack's row, taken if nothing was on its way there.
RackDemand& demand_of(VersionRow& version, uint32_t rack) {
  uint32_t at = version.demand_of_rack.find(rack);
  if (at != IndexMap::kAbsent) return version.demands[at];
  if (version.free_demands.empty()) {
    at = static_cast<uint32_t>(version.demands.size());
    version.demands.emplace_back();
  } else {
    at = version.free_demands.back();
    version.free_demands.pop_back();
  }
  version.demand_of_rack.insert(rack, at);
  RackDemand& demand = version.demands[at];
  demand.newest.resize(version.chunk_count(), kNoTransfer);  // all are, if it was in use before
  demand.coming.resize(version.ready.size());
  return demand;
}

void note_receiver(RackDemand& demand, PeerIndex peer, HostIndex host) {
  uint32_t at = demand.receiver_of_peer.find(peer.value());
  if (at == IndexMap::kAbsent) {
    at = static_cast<uint32_t>(demand.receivers.size());
    demand.receiver_of_peer.insert(peer.value(), at);
    demand.receivers.push_back({peer, host, 0});
    demand.receives.resize(demand.receives.size() + demand.coming.size());
    demand.relays.resize(demand.receives.size());
  }
  ++demand.receivers[at].transfers;
}

// Takes a receiver's words out; the last one's move there.
void drop_words(std::vector<uint64_t>& of_receivers, std::size_t at, std::size_t words) {
  std::copy_n(of_receivers.end() - static_cast<std::ptrdiff_t>(words), words,
              of_receivers.begin() + static_cast<std::ptrdiff_t>(at * words));
  of_receivers.resize(of_receivers.size() - words);
}

// Where the row's receiver and chunk stand among RackDemand::receives and relays.
std::size_t word_of(const RackDemand& demand, const TransferRow& row) {
  uint32_t at = demand.receiver_of_peer.find(row.receiver.value());
  return at * demand.coming.size() + row.chunk / 64;
}

void forget_receiver(RackDemand& demand, PeerIndex peer) {
  uint32_t at = demand.receiver_of_peer.find(peer.value());
  if (--demand.receivers[at].transfers > 0) return;
  demand.receiver_of_peer.erase(peer.value());
  Receiver last = demand.receivers.back();
  demand.receivers.pop_back();
  drop_words(demand.receives, at, demand.coming.size());
  drop_words(demand.relays, at, demand.coming.size());
  if (last.peer == peer) return;
  demand.receivers[at] = last;
  demand.receiver_of_peer.erase(last.peer.value());
  demand.receiver_of_peer.insert(last.peer.value(), at);
}

}  // namespace

bool is_relay(const TransferRow& row) {
  return row.source != kNoPeer && row.generation <= kTreeDepthMax;
}

TransferIndex Transfers::start(const TransferRow& row, const Reason& reason,
                               TransferIndex upstream) {
  TransferIndex index(rows());
  if (free_.empty()) {
    TYTO_ASSERT(rows() < (1u << kIndexBits));
    rows_.emplace_back();
    reasons_.emplace_back();
    upstreams_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  TransferRow& mine = rows_[index.value()] = row;
  reasons_[index.value()] = reason;
  upstreams_[index.value()] = upstream;
  mine.n = ++serial_ << kIndexBits | index.value();
  VersionRow& version = versions_[row.version];
  if (row.is_shadow == 0) {
    ++version.in_flight[row.chunk];
    version.note_chunk(row.chunk);
    link(version, index);
    link_in_rack(version, index);
  }
  if (row.is_lease) version.leases.push_back(row.chunk);
  ++fleet_.peer(row.receiver).downloads;
  book_upload(row.source, version, +1);
  for (PeerIndex fallback : row.fallbacks)
    if (fallback != kNoPeer) fleet_.refer(fallback);
  return index;
}

void Transfers::finish(TransferIndex index) {
  TransferRow& row = rows_[index.value()];
  TYTO_ASSERT(row.n != 0);
  VersionRow& version = versions_[row.version];
  if (row.is_shadow == 0) {
    TYTO_ASSERT(version.in_flight[row.chunk] > 0);
    --version.in_flight[row.chunk];
    version.note_chunk(row.chunk);
    if (is_only_at_superpeers(version, row.chunk)) wake_all_of(parking_, row.version);
    unlink(version, index);
    unlink_in_rack(version, index);
  }
  if (row.is_lease) std::erase(version.leases, row.chunk);
  --fleet_.peer(row.receiver).downloads;
  book_upload(row.source, version, -1);
  for (PeerIndex fallback : row.fallbacks)
    if (fallback != kNoPeer) fleet_.release(fallback);
  row = TransferRow{};
  free_.push_back(index);
}

void Transfers::move_to(TransferIndex index, PeerIndex source, uint8_t source_generation) {
  TransferRow& row = rows_[index.value()];
  VersionRow& version = versions_[row.version];
  RackDemand& demand =
      version.demands[version.demand_of_rack.find(fleet_.place_of(row.receiver).rack)];
  book_upload(source, version, +1);
  if (is_inbound(row)) --demand.inbound;
  book_upload(row.source, version, -1);
  row.source = source;
  upstreams_[index.value()] = kNoTransfer;
  row.is_moved = 1;
  if (is_inbound(row)) ++demand.inbound;
  row.source_generation = source_generation;
  row.quarters = 0;
  parking_.note_change(row.version, fleet_.place_of(row.receiver).rack);
}

void Transfers::link(VersionRow& version, TransferIndex index) {
  TransferRow& row = (*this)[index];
  row.newer = kNoTransfer;
  row.older = version.newest_transfer[row.chunk];
  if (row.older != kNoTransfer) (*this)[row.older].newer = index;
  version.newest_transfer[row.chunk] = index;
}

void Transfers::unlink(VersionRow& version, TransferIndex index) {
  const TransferRow& row = (*this)[index];
  if (row.older != kNoTransfer) (*this)[row.older].newer = row.newer;
  (row.newer == kNoTransfer ? version.newest_transfer[row.chunk] : (*this)[row.newer].older) =
      row.older;
}

bool Transfers::is_inbound(const TransferRow& row) const {
  return row.source == kNoPeer ||
         fleet_.place_of(row.source).rack != fleet_.place_of(row.receiver).rack;
}

void Transfers::link_in_rack(VersionRow& version, TransferIndex index) {
  TransferRow& row = (*this)[index];
  RackDemand& demand = demand_of(version, fleet_.place_of(row.receiver).rack);
  ++demand.transfers;
  note_receiver(demand, row.receiver, fleet_.peer(row.receiver).host);
  if (is_inbound(row)) ++demand.inbound;
  row.newer_in_rack = kNoTransfer;
  row.older_in_rack = demand.newest[row.chunk];
  if (row.older_in_rack != kNoTransfer) (*this)[row.older_in_rack].newer_in_rack = index;
  demand.newest[row.chunk] = index;
  demand.coming[row.chunk / 64] |= uint64_t{1} << (row.chunk % 64);
  note_start(demand, row);
  if (is_relay(row) && fleet_.has_room(fleet_.peer(row.receiver).host))
    parking_.note_change(row.version, fleet_.place_of(row.receiver).rack);
}

void Transfers::note_start(RackDemand& demand, TransferRow& row) {
  std::size_t word = word_of(demand, row);
  uint64_t bit = uint64_t{1} << (row.chunk % 64);
  if ((demand.receives[word] & bit) != 0) note_doubles(demand, row.chunk, row.receiver);
  demand.receives[word] |= bit;
  if (is_relay(row)) demand.relays[word] |= bit;
}

// Requires: the row is out of the list of its chunk.
void Transfers::note_end(RackDemand& demand, const TransferRow& row) {
  std::size_t word = word_of(demand, row);
  uint64_t bit = uint64_t{1} << (row.chunk % 64);
  demand.receives[word] &= ~bit;
  demand.relays[word] &= ~bit;
  if (row.is_double == 0) return;
  for (TransferIndex other : note_doubles(demand, row.chunk, row.receiver)) {
    demand.receives[word] |= bit;
    if (is_relay((*this)[other])) demand.relays[word] |= bit;
  }
}

// Marks all that bring a receiver one chunk as one of several, or as the only one.
std::vector<TransferIndex> Transfers::note_doubles(const RackDemand& demand, uint32_t chunk,
                                                   PeerIndex receiver) {
  std::vector<TransferIndex> all;
  for (TransferIndex t = demand.newest[chunk]; t != kNoTransfer; t = (*this)[t].older_in_rack)
    if ((*this)[t].receiver == receiver) all.push_back(t);
  for (TransferIndex t : all) (*this)[t].is_double = all.size() > 1 ? 1 : 0;
  return all;
}

void Transfers::unlink_in_rack(VersionRow& version, TransferIndex index) {
  const TransferRow& row = (*this)[index];
  uint32_t rack = fleet_.place_of(row.receiver).rack;
  uint32_t at = version.demand_of_rack.find(rack);
  RackDemand& demand = version.demands[at];
  --demand.transfers;
  if (is_inbound(row)) --demand.inbound;
  if (row.older_in_rack != kNoTransfer)
    (*this)[row.older_in_rack].newer_in_rack = row.newer_in_rack;
  (row.newer_in_rack == kNoTransfer ? demand.newest[row.chunk]
                                    : (*this)[row.newer_in_rack].older_in_rack) = row.older_in_rack;
  if (demand.newest[row.chunk] == kNoTransfer)
    demand.coming[row.chunk / 64] &= ~(uint64_t{1} << (row.chunk % 64));
  note_end(demand, row);
  forget_receiver(demand, row.receiver);
  parking_.note_change(row.version, rack);
  if (demand.transfers > 0) return;
  version.free_demands.push_back(at);
  version.demand_of_rack.erase(rack);
}

void Transfers::book_upload(PeerIndex source, const VersionRow& version, int change) {
  if (source == kNoPeer) return;
  HostRow& host = fleet_.host(fleet_.peer(source).host);
  if (host.slots == 0) host.slots = static_cast<uint16_t>(version.assignments_max);
  TYTO_ASSERT(change > 0 || host.uploads > 0);
  host.uploads = static_cast<uint16_t>(host.uploads + change);
  fleet_.note_uploads(fleet_.peer(source).host);
  if (change > 0) {
    fleet_.refer(source);
  } else {
    fleet_.release(source);
  }
}

TransferIndex Transfers::find(uint64_t n) const {
  TransferIndex index = index_of(n);
  if (n == 0 || index.value() >= rows() || (*this)[index].n != n) return kNoTransfer;
  return index;
}

const TransferRow* Transfers::upstream(const TransferRow& row) const {
  TransferIndex index = upstreams_[index_of(row).value()];
  if (index == kNoTransfer) return nullptr;
  const TransferRow& above = (*this)[index];
  bool is_it = above.n != 0 && above.receiver == row.source && above.chunk == row.chunk &&
               above.version == row.version && above.is_shadow == 0;
  return is_it ? &above : nullptr;
}

void Transfers::look_ahead(TransferIndex index) const {
  if (index.value() >= rows()) return;
  __builtin_prefetch(&rows_[index.value()], 1);
  __builtin_prefetch(&upstreams_[index.value()]);
}

std::size_t Transfers::bytes() const {
  return rows_.capacity() * sizeof(TransferRow) + reasons_.capacity() * sizeof(Reason) +
         (free_.capacity() + upstreams_.capacity()) * sizeof(TransferIndex);
}

}  // namespace tyto::tracker
