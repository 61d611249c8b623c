#include "tracker/core/look_ahead.h"

#include <algorithm>

namespace tyto::tracker {
namespace {

// Of a session, what every exchange looks at: it stands first.
constexpr std::size_t kSessionBytes = 320;
constexpr std::size_t kEventsAhead = 4;  // of an exchange

// The steps to all that a reader's turn looks at.
enum class Step : uint8_t { kReader, kPeer, kHost, kRack, kRackRows, kRackTables };
constexpr std::size_t kSteps = 6;

void look_at_rack(const State& state, VersionIndex index, uint32_t rack, Step step) {
  const VersionRow& version = state.versions[index];
  if (step == Step::kRack) {
    version.group_of_rack.look_ahead(rack);
    return version.demand_of_rack.look_ahead(rack);
  }
  const RackGroup* group = version.group(rack);
  const RackDemand* demand = version.demand(rack);
  if (step == Step::kRackRows) {
    if (group != nullptr) fetch(*group);
    if (demand != nullptr) fetch(*demand);
    return;
  }
  if (group != nullptr) {
    fetch(group->holders.data(), group->holders.size() * sizeof(Holder));
    fetch(group->held.data(), 1);
  }
  if (demand == nullptr) return;
  fetch(demand->receivers.data(), demand->receivers.size() * sizeof(Receiver));
  fetch(demand->relays.data(), demand->relays.size() * sizeof(uint64_t));
  fetch(demand->coming.data(), 1);
}

void look_at_reader(const State& state, ReaderIndex index, Step step) {
  const Reader& reader = state.readers[index];
  if (step == Step::kReader) return fetch(reader);
  if (reader.peer == kNoPeer) return;
  const PeerRow& peer = state.fleet.peer(reader.peer);
  if (step == Step::kPeer) {
    fetch(peer);
    fetch(reader.in_flight.words().data(), 1);
    return state.holdings.look_ahead(reader.holding);
  }
  if (step == Step::kHost) {
    fetch(state.fleet.host(peer.host));
    state.sessions.look_ahead(peer.session);
    return state.holdings.look_ahead_chunks(reader.holding);
  }
  if (step == Step::kRack && peer.session != kNoSession)
    fetch(&state.sessions[peer.session], kSessionBytes);
  look_at_rack(state, reader.version, state.fleet.host(peer.host).place.rack, step);
}

void look_at_lot(const State& state, LotIndex index, Step step) {
  if (step == Step::kReader) return state.parking.look_ahead(index);
  const Lot& lot = state.parking[index];
  if (lot.rack == kNone) return;
  // The first of its readers is a step behind.
  if (lot.first != kNoReader && step <= Step::kRackRows)
    look_at_reader(state, lot.first, static_cast<Step>(static_cast<int>(step) - 1));
  if (step >= Step::kRack) look_at_rack(state, lot.version, lot.rack, step);
}

// A chunk that has come, of the transfers under way.
const TransferRow* transfer_of(const State& state, const Event& event) {
  const auto* verified = std::get_if<ChunkVerified>(&event);
  TransferIndex index =
      verified == nullptr ? kNoTransfer : state.transfers.find(verified->assignment.n);
  return index == kNoTransfer ? nullptr : &state.transfers[index];
}

// What an exchange will look at for the sake of its events.
void look_at_events(const State& state, const ExchangeUp& up, PeerIndex peer, InputStep step) {
  for (std::size_t i = 0; i < std::min(up.events.size(), kEventsAhead); ++i) {
    if (step == InputStep::kSession) {
      if (const auto* verified = std::get_if<ChunkVerified>(&up.events[i]))
        state.transfers.look_ahead(Transfers::index_of(verified->assignment.n));
      continue;
    }
    const TransferRow* row = transfer_of(state, up.events[i]);
    if (row == nullptr) continue;
    if (step == InputStep::kPeer) {
      if (row->source != kNoPeer) fetch(state.fleet.peer(row->source));
      state.readers.look_ahead(peer, row->version);
      state.holdings.look_ahead(row->version, peer);
    } else {
      if (row->source != kNoPeer) fetch(state.fleet.host(state.fleet.peer(row->source).host));
      if (ReaderIndex reader = state.readers.find(peer, row->version); reader != kNoReader)
        fetch(state.readers[reader]);
    }
  }
}

}  // namespace

void look_ahead(const State& state) {
  for (std::size_t s = 0; s < kSteps; ++s) {
    std::optional<Worklist::Item> item = state.work.ahead((kSteps - s) * kAheadBy);
    if (!item) continue;
    auto step = static_cast<Step>(s);
    if (const auto* lot = std::get_if<LotIndex>(&*item))
      look_at_lot(state, *lot, step);
    else if (const auto* reader = std::get_if<ReaderIndex>(&*item))
      look_at_reader(state, *reader, step);
  }
}

void look_ahead_to_answer(const State& state, std::size_t place) {
  auto at = [&](std::size_t steps) -> const SessionIndex* {
    std::size_t ahead = place + steps * kAheadBy;
    return ahead < state.touched_sessions.size() ? &state.touched_sessions[ahead] : nullptr;
  };
  if (const SessionIndex* third = at(3)) state.sessions.look_ahead(*third);
  if (const SessionIndex* second = at(2)) fetch(&state.sessions[*second], kSessionBytes);
  const SessionIndex* next = at(1);
  if (next == nullptr) return;
  const Session& session = state.sessions[*next];
  fetch(session.staged.data(), session.staged.size() * sizeof(Command));
  fetch(session.pending.data(), 1);
}

void TrackerCore::look_ahead(const Input& input, InputStep step) const {
  const auto* exchange = std::get_if<ExchangeArrived>(&input);
  if (exchange == nullptr) return;
  const State& state = *state_;
  const ExchangeUp& up = exchange->up;
  if (step == InputStep::kMessage) {
    state.sessions.look_ahead(exchange->session);
    return fetch(up.events.data(), std::min(up.events.size(), kEventsAhead) * sizeof(Event));
  }
  SessionIndex index = state.sessions.find(exchange->session);
  if (index == kNoSession) return;
  if (step == InputStep::kSlot) return state.sessions.look_ahead(index);
  const Session& session = state.sessions[index];
  if (step == InputStep::kSession) {
    fetch(&session, kSessionBytes);
    return look_at_events(state, up, kNoPeer, step);
  }
  if (step == InputStep::kPeer) {
    fetch(state.fleet.peer(session.peer));
    fetch(session.downloads.data(), session.downloads.size() * sizeof(Download));
    fetch(session.outbox.items().data(), 1);
  } else {
    fetch(state.fleet.host(state.fleet.peer(session.peer).host));
  }
  look_at_events(state, up, session.peer, step);
}

}  // namespace tyto::tracker
