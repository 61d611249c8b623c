// How many uploads and downloads a host is worth: adapted, within its caps, to what those were seen
// to do.
#include <algorithm>

#include "tracker/core/selection/selection.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kSlotsMin = 4;
// A source of the last resort for what others hold as well has this share of its slots kept free
// for what nobody else has.
constexpr uint32_t kReservedShare = 2;

// What one of a reader's transfers gets if all of them get the same.
uint32_t fair_kib_per_s(const VersionRow& version) {
  return version.reader_kib_per_s / std::max(1u, version.assignments_max);
}

// Of the host's cap, the part that readers of the version have of the assignments they may have at
// most: to serve more at once makes slower what is short anyway.
uint32_t slots_max(const State& state, const HostRow& host, const VersionRow& version) {
  return host.uploads_max * version.assignments_max /
         std::max(1u, state.config.assignments_per_peer);
}

constexpr Duration kFastestKept = Duration::seconds(2);

// Readers are held against the fastest of the moment, so that they are not all slow when all are
// held up by the same thing.
void note_reader_rate(VersionRow& version, PeerIndex reader, uint32_t kib_per_s, Instant now) {
  if (kib_per_s == 0) return;
  bool is_it = version.fastest_reader == reader;
  bool is_silent = now - version.fastest_at > kFastestKept;
  if (!is_it && !is_silent && kib_per_s <= version.reader_kib_per_s) return;
  version.fastest_reader = reader;
  version.fastest_at = now;
  version.reader_kib_per_s = kib_per_s;
}

}  // namespace

uint32_t upload_slots(const State& state, const HostRow& host) {
  return state.fleet.upload_slots(host);
}

bool is_slow(const State& state, PeerIndex peer) {
  return state.fleet.host(state.fleet.peer(peer).host).is_slow != 0;
}

uint32_t download_slots(const State& state, VersionIndex index, PeerIndex peer) {
  const VersionRow& version = state.versions[index];
  bool are_alone = selection_for(state, index).origin_route() == OriginRoute::kEveryReader;
  uint32_t most = are_alone ? state.config.assignments_per_peer : version.assignments_max;
  if (!is_slow(state, peer) || version.reader_kib_per_s == 0) return most;
  uint32_t rate = state.fleet.host(state.fleet.peer(peer).host).received.kib_per_s();
  // Half more than its rate seems to be worth: what only lacked transfers is soon not slow any
  // more.
  uint64_t share = uint64_t{most} * rate / version.reader_kib_per_s;
  share += share / 2 + 1;
  return static_cast<uint32_t>(std::clamp<uint64_t>(share, std::min(kSlotsMin, most), most));
}

bool is_reserved(const State& state, const VersionRow& version, PeerIndex superpeer) {
  bool is_being_read = !version.leases.empty() || version.chunks_held < version.chunk_count();
  const HostRow& host = state.fleet.host(state.fleet.peer(superpeer).host);
  return is_being_read && uint32_t{host.uploads} * kReservedShare >= upload_slots(state, host);
}

namespace {

// So many slow flows in a row, from whatever sources, are the receiver's doing.
constexpr uint8_t kSlowFlowsMax = 4;

// Its uplink is taken to be slow as well. If it is not, its uploads will show it.
void mark_slow(State& state, HostIndex index, const VersionRow& version, uint64_t kib_per_s) {
  HostRow& host = state.fleet.host(index);
  host.is_slow = 1;
  uint64_t share = upload_slots(state, host) * kib_per_s / version.reader_kib_per_s;
  share = std::min<uint64_t>(std::max<uint64_t>(share, kSlotsMin), host.uploads_max);
  host.slots = static_cast<uint16_t>(share);
  state.fleet.note_uploads(index);
}

// How one transfer went.
struct Flow {
  bool is_slow = false;         // less than half of the fair share
  bool is_source_good = false;  // not slow, and it had all of the chunk
};

// A host that gets little, and little even from sources that are fast and have all of the chunk,
// or from one source after another, has a slow link. One that gets little for want of good sources
// has not.
void judge_receiver(State& state, HostIndex index, const VersionRow& version, Flow flow) {
  HostRow& receiver = state.fleet.host(index);
  receiver.slow_flows =
      flow.is_slow ? std::min<uint8_t>(receiver.slow_flows + 1, kSlowFlowsMax) : uint8_t{0};
  uint64_t rate = receiver.received.kib_per_s();
  bool gets_little = rate != 0 && rate * 2 < version.reader_kib_per_s;
  bool is_its_link = (flow.is_slow && flow.is_source_good) || receiver.slow_flows == kSlowFlowsMax;
  if (!gets_little) receiver.is_slow = 0;
  if (gets_little && is_its_link && receiver.is_slow == 0) mark_slow(state, index, version, rate);
}

}  // namespace

void observe_transfer(State& state, const TransferRow& row, uint32_t bytes, Duration took) {
  HostRow& receiver = state.fleet.host(state.fleet.peer(row.receiver).host);
  receiver.received.add(state.now, bytes);
  if (row.source == kNoPeer || took <= Duration{}) return;
  VersionRow& version = state.versions[row.version];
  note_reader_rate(version, row.receiver, receiver.received.kib_per_s(), state.now);
  uint64_t fair = fair_kib_per_s(version);
  if (fair == 0) return;
  HostRow& source = state.fleet.host(state.fleet.peer(row.source).host);
  uint64_t flow = uint64_t{bytes} * 1'000'000'000 / kKiB / static_cast<uint64_t>(took.ns());
  bool is_whole = row.source_generation == 0;
  judge_receiver(state, state.fleet.peer(row.receiver).host, version,
                 {flow * 2 < fair, is_whole && source.is_slow == 0});
  // Faster than the reader needed: the source can serve more at once. Slower, and not because the
  // source was itself waiting for the bytes, or the reader is slow: it serves too many.
  uint32_t slots = upload_slots(state, source);
  bool may_grow = source.uploads >= slots && slots < slots_max(state, source, version);
  if (flow * 8 > fair * 9 && may_grow) ++slots;
  if (flow * 8 < fair * 7 && is_whole && receiver.is_slow == 0)
    slots = std::max(slots - 1, kSlotsMin);
  source.slots = static_cast<uint16_t>(std::min<uint32_t>(slots, source.uploads_max));
  state.fleet.note_uploads(state.fleet.peer(row.source).host);
}

}  // namespace tyto::tracker
