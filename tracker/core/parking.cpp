#include "tracker/core/parking.h"

#include <algorithm>

#include "base/assert.h"

namespace tyto::tracker {

void Parking::park(ReaderIndex reader, VersionIndex version, uint32_t rack, Priority priority) {
  if (links_.size() <= reader.value()) links_.resize(reader.value() + 1);
  Link& link = links_[reader.value()];
  TYTO_ASSERT(link.lot == kNoLot);
  link.ticket = priority == Priority::kUrgent ? 0 : ++tickets_;
  link.lot = find(version, rack);
  if (link.lot == kNoLot) link.lot = open(version, rack);
  Lot& lot = lots_[link.lot.value()];
  bool is_in_front = priority == Priority::kUrgent;
  link.next = is_in_front ? lot.first : kNoReader;
  link.previous = is_in_front ? kNoReader : lot.last;
  (link.next == kNoReader ? lot.last : links_[link.next.value()].previous) = reader;
  (link.previous == kNoReader ? lot.first : links_[link.previous.value()].next) = reader;
  ++lot.count;
  ++count_;
}

void Parking::leave(ReaderIndex reader) {
  if (!is_parked(reader)) return;
  Link& link = links_[reader.value()];
  LotIndex index = link.lot;
  Lot& lot = lots_[index.value()];
  (link.next == kNoReader ? lot.last : links_[link.next.value()].previous) = link.previous;
  (link.previous == kNoReader ? lot.first : links_[link.previous.value()].next) = link.next;
  link = Link{};
  --count_;
  if (--lot.count == 0 && !lot.is_woken) close(index);
}

void Parking::note_room(uint32_t rack) {
  if (count_ == 0) return;
  for (LotIndex lot = first_in(rack); lot != kNoLot; lot = lots_[lot.value()].next_in_rack)
    wake(lot);
}

void Parking::wake_all() {
  for (uint32_t lot = 0; lot < rows(); ++lot)
    if (is_used(LotIndex(lot))) wake(LotIndex(lot));
}

void Parking::wake(LotIndex lot) {
  if (lot == kNoLot || lots_[lot.value()].is_woken) return;
  lots_[lot.value()].is_woken = true;
  woken_.push_back(lot);
}

std::optional<LotIndex> Parking::take_woken() {
  if (next_woken_ == woken_.size()) {
    woken_.clear();
    next_woken_ = 0;
    return std::nullopt;
  }
  if (next_woken_ == 0) {
    std::sort(woken_.begin(), woken_.end(), [&](LotIndex a, LotIndex b) {
      uint64_t first = ticket_of(a);
      uint64_t second = ticket_of(b);
      return first != second ? first < second : a < b;
    });
  }
  return woken_[next_woken_++];
}

uint64_t Parking::ticket_of(LotIndex lot) const {
  ReaderIndex first = lots_[lot.value()].first;
  return first == kNoReader ? 0 : links_[first.value()].ticket;
}

void Parking::begin_look(LotIndex lot) {
  lots_[lot.value()].is_woken = false;
  lots_[lot.value()].is_unfinished = false;
  if (lots_[lot.value()].count == 0) close(lot);
}

LotIndex Parking::find(VersionIndex version, uint32_t rack) const {
  LotIndex lot = first_in(rack);
  while (lot != kNoLot && lots_[lot.value()].version != version)
    lot = lots_[lot.value()].next_in_rack;
  return lot;
}

LotIndex Parking::open(VersionIndex version, uint32_t rack) {
  LotIndex lot(rows());
  if (free_.empty()) {
    lots_.emplace_back();
  } else {
    lot = free_.back();
    free_.pop_back();
  }
  Lot& row = lots_[lot.value()];
  row.version = version;
  row.rack = rack;
  row.next_in_rack = first_in(rack);
  first_of_rack_.erase(rack);
  first_of_rack_.insert(rack, lot.value());
  return lot;
}

void Parking::close(LotIndex lot) {
  const Lot row = lots_[lot.value()];
  LotIndex first = first_in(row.rack);
  if (first == lot) {
    first_of_rack_.erase(row.rack);
    if (row.next_in_rack != kNoLot) first_of_rack_.insert(row.rack, row.next_in_rack.value());
  } else {
    LotIndex before = first;
    while (lots_[before.value()].next_in_rack != lot) before = lots_[before.value()].next_in_rack;
    lots_[before.value()].next_in_rack = row.next_in_rack;
  }
  lots_[lot.value()] = Lot{};
  free_.push_back(lot);
}

}  // namespace tyto::tracker
