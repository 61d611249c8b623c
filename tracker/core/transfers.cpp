#include "tracker/core/transfers.h"

#include "base/assert.h"

namespace tyto::tracker {
namespace {

// A number is a serial over the row's place, so that it is never used twice and found at once.
constexpr uint32_t kIndexBits = 24;

}  // namespace

TransferIndex Transfers::start(const TransferRow& row, const Reason& reason) {
  TransferIndex index(rows());
  if (free_.empty()) {
    TYTO_ASSERT(rows() < (1u << kIndexBits));
    rows_.emplace_back();
    reasons_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  TransferRow& mine = rows_[index.value()] = row;
  reasons_[index.value()] = reason;
  mine.n = ++serial_ << kIndexBits | index.value();
  VersionRow& version = versions_[row.version];
  mine.position = static_cast<uint32_t>(version.transfers.size());
  version.transfers.push_back(index);
  ++version.in_flight[row.chunk];
  link(version, index);
  book_demand(mine, +1);
  if (row.is_lease) version.leases.push_back(row.chunk);
  ++fleet_.peer(row.receiver).downloads;
  book_upload(row.source, +1);
  for (PeerIndex fallback : row.fallbacks)
    if (fallback != kNoPeer) fleet_.refer(fallback);
  return index;
}

void Transfers::finish(TransferIndex index) {
  TransferRow& row = rows_[index.value()];
  TYTO_ASSERT(row.n != 0);
  VersionRow& version = versions_[row.version];
  TransferIndex last = version.transfers.back();
  version.transfers[row.position] = last;
  rows_[last.value()].position = row.position;
  version.transfers.pop_back();
  TYTO_ASSERT(version.in_flight[row.chunk] > 0);
  --version.in_flight[row.chunk];
  unlink(version, index);
  book_demand(row, -1);
  if (row.is_lease) std::erase(version.leases, row.chunk);
  --fleet_.peer(row.receiver).downloads;
  book_upload(row.source, -1);
  for (PeerIndex fallback : row.fallbacks)
    if (fallback != kNoPeer) fleet_.release(fallback);
  row = TransferRow{};
  free_.push_back(index);
}

void Transfers::move_to(TransferIndex index, PeerIndex source, uint16_t source_generation) {
  TransferRow& row = rows_[index.value()];
  book_upload(source, +1);
  book_demand(row, -1);
  book_upload(row.source, -1);
  row.source = source;
  row.is_moved = 1;
  book_demand(row, +1);
  row.source_generation = source_generation;
  row.quarters = 0;
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

void Transfers::book_demand(const TransferRow& row, int change) {
  VersionRow& version = versions_[row.version];
  uint32_t rack = fleet_.place_of(row.receiver).rack;
  bool is_inbound = row.source == kNoPeer || fleet_.place_of(row.source).rack != rack;
  RackDemand& demand = version.demand_of_rack[rack];
  if (demand.transfers == 0) demand.coming.resize(version.chunk_count());
  demand.transfers = static_cast<uint32_t>(static_cast<int>(demand.transfers) + change);
  if (is_inbound) demand.inbound = static_cast<uint32_t>(static_cast<int>(demand.inbound) + change);
  auto& coming = demand.coming[row.chunk];
  coming = static_cast<uint16_t>(coming + change);
  if (demand.transfers == 0) version.demand_of_rack.erase(rack);
}

void Transfers::book_upload(PeerIndex source, int change) {
  if (source == kNoPeer) return;
  HostRow& host = fleet_.host(fleet_.peer(source).host);
  TYTO_ASSERT(change > 0 || host.uploads > 0);
  host.uploads = static_cast<uint16_t>(host.uploads + change);
  if (change > 0) {
    fleet_.refer(source);
  } else {
    fleet_.release(source);
  }
}

TransferIndex Transfers::find(uint64_t n) const {
  TransferIndex index(static_cast<uint32_t>(n & ((1u << kIndexBits) - 1)));
  if (n == 0 || index.value() >= rows() || (*this)[index].n != n) return kNoTransfer;
  return index;
}

std::size_t Transfers::bytes() const {
  return rows_.capacity() * sizeof(TransferRow) + reasons_.capacity() * sizeof(Reason) +
         free_.capacity() * sizeof(TransferIndex);
}

}  // namespace tyto::tracker
