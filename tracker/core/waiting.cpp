// Readers that found nothing: where they wait, and when they are looked at again.
#include <algorithm>

#include "tracker/core/picks.h"
#include "tracker/core/rack_view.h"

namespace tyto::tracker {
namespace {

constexpr int kMissesMax = 4;
// A reader that was sent for nothing for so long comes before those who report.
constexpr Duration kOverdueAfter = Duration::seconds(2);
// Of so many of a queue; all of it have their turn in front.
constexpr std::size_t kOverdueLooks = 16;
constexpr Duration kRecheck = Duration::milliseconds(500);
// Parked readers that are looked at when something has changed in their rack.
constexpr uint32_t kLooksPerLot = 64;
// Parked readers are told what they wait for by and by: a tenth of the lots in a tenth of a second.
constexpr uint32_t kLotShares = 10;
constexpr Duration kLotShareEvery = Duration::milliseconds(100);

// Whether there may be something for a parked reader now.
bool has_hope(const State& state, const Reader& reader, const RackView& rack) {
  HoldingIndex holding = state.holdings.find(reader.version, reader.peer, reader.holding);
  const VersionRow& version = state.versions[reader.version];
  bool is_open = rack.inbound() < version.assignments_max;
  const std::vector<uint64_t>& fresh = version.fresh;
  for (uint32_t word = 0; word < fresh.size(); ++word) {
    uint64_t needed = needed_word(state, reader, holding, word);
    uint64_t elsewhere = is_open ? ~rack.near(word) | fresh[word] : 0;
    if ((needed & (rack.offered(word) | elsewhere)) != 0) return true;
  }
  return false;
}

// Says whether the version is overdue, by those in front of its queue that wait for somebody busy.
void note_overdue(State& state, VersionIndex version) {
  Instant since = state.now;
  const auto& queue = state.versions[version].waiting;
  for (std::size_t i = 0; i < std::min(queue.size(), kOverdueLooks); ++i) {
    const Reader& reader = state.readers[queue[i]];
    if (reader.version != version || !reader.is_waiting) continue;
    const Reason& lack = reader.lack.reason;
    bool is_for_busy = lack.choice == Choice::kWaitForSource && lack.rejected_busy > 0;
    if (is_for_busy) since = std::min(since, reader.served_at);
  }
  if (state.now - since < kOverdueAfter)
    state.overdue.remove(version);
  else
    state.overdue.put(version, since);
}

void tell_lot(State& state, LotIndex lot) {
  ReaderIndex next = state.parking[lot].first;
  while (next != kNoReader) {
    ReaderIndex reader = next;
    next = state.parking.after(reader);
    if (!is_given_up(state, reader)) tell_waiting(state, reader);
  }
}

}  // namespace

// A reader that was brought nothing for as long as its bucket allows.
bool is_given_up(State& state, ReaderIndex index) {
  const Reader& reader = state.readers[index];
  Duration give_up = state.policy(reader.version).selection.give_up;
  if (give_up == Duration{}) return false;
  Instant due = reader.brought_at + give_up;
  if (state.now < due) {
    state.recheck(reader.version, due);
    return false;
  }
  end_reader(state, index,
             {ErrorCode::kTimedOut, "no chunk of " + state.subject_of(reader.version) +
                                        " came for as long as its bucket waits "
                                        "(selection.give_up); open it again, or raise it"});
  return true;
}

void wait(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  state.recheck(reader.version, state.now + kRecheck);
  if (reader.is_waiting) return;
  reader.is_waiting = true;
  auto& queue = state.versions[reader.version].waiting;
  if (reader.priority == Priority::kUrgent) {
    queue.push_front(index);
  } else {
    queue.push_back(index);
  }
}

void park(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  reader.is_waiting = false;
  state.parking.park(index, reader.version, state.fleet.place_of(reader.peer).rack,
                     reader.priority);
  if (state.is_parked_timer_set) return;
  state.is_parked_timer_set = true;
  state.timers.set({state.now + kLotShareEvery, TimerKind::kParked, 0});
}

void schedule_lot(State& state, LotIndex index) {
  const Lot lot = state.parking[index];
  if (state.work.is_anothers_turn(state.versions[lot.version].bucket)) return state.push_lot(index);
  state.parking.begin_look(index);
  std::optional<RackView> rack;
  ReaderIndex next = lot.first;
  for (uint32_t n = 0; n < lot.count && state.parking.lot_of(next) == index; ++n) {
    if (n == kLooksPerLot) return state.parking.set_unfinished(index);
    ReaderIndex reader = next;
    next = state.parking.after(reader);
    if (!rack) rack.emplace(state, lot.version, lot.rack);
    if (has_hope(state, state.readers[reader], *rack)) {
      schedule(state, reader);
      rack.reset();
    } else if (lot.count > kLooksPerLot) {  // those behind it come first the next time
      state.parking.leave(reader);
      state.parking.park(reader, lot.version, lot.rack, Priority::kNormal);
    }
  }
}

void fire_parked_timer(State& state) {
  state.is_parked_timer_set = false;
  if (state.parking.is_empty()) return;
  uint32_t lots = state.parking.rows();
  for (uint32_t n = lots / kLotShares + 1; n > 0; --n) {
    LotIndex lot(state.parked_cursor++ % lots);
    if (!state.parking.is_used(lot)) continue;
    if (state.parking[lot].is_unfinished) state.parking.wake(lot);
    tell_lot(state, lot);
  }
  state.is_parked_timer_set = true;
  state.timers.set({state.now + kLotShareEvery, TimerKind::kParked, 0});
}

void serve_overdue(State& state, Instant before) {
  std::vector<VersionIndex> older;
  state.overdue.visit(kOverdueLooks, [&](VersionIndex version) {
    if (state.versions[version].is_dirty && *state.overdue.since(version) < before)
      older.push_back(version);
  });
  for (VersionIndex version : older) schedule_waiting(state, version);
}

void schedule_waiting(State& state, VersionIndex version) {
  state.versions[version].is_dirty = false;
  int misses = 0;
  for (std::size_t n = state.versions[version].waiting.size(); n > 0 && misses < kMissesMax; --n) {
    auto& queue = state.versions[version].waiting;
    ReaderIndex index = queue.front();
    queue.pop_front();
    Reader& reader = state.readers[index];
    if (reader.version != version || !reader.is_waiting) continue;
    if (state.work.is_anothers_turn(state.versions[version].bucket)) {
      queue.push_front(index);
      return state.mark_dirty(version);
    }
    reader.is_waiting = false;
    uint16_t before = reader.active;
    schedule(state, index);
    bool is_served = !state.readers.is_used(index) || state.readers[index].active > before;
    bool is_missed = !is_served && state.readers[index].is_waiting;
    misses = is_served ? 0 : misses + (is_missed ? 1 : 0);
  }
  note_overdue(state, version);
  if (!state.versions[version].waiting.empty()) state.recheck(version, state.now + kRecheck);
  keep_origin_busy(state, version);
}

}  // namespace tyto::tracker
