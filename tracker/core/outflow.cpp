// How many uploads and downloads a host is worth: adapted, within its caps, to what those were seen
// to do.
#include <algorithm>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kSlotsMin = 4;
// A source of the last resort for what others hold as well has this share of its slots kept free
// for what nobody else has.
constexpr uint32_t kReservedShare = 2;

// What one of a reader's transfers gets if all of them get the same.
uint32_t fair_kib_per_s(const State& state, const VersionRow& version) {
  return version.reader_kib_per_s / std::max(1u, state.config.assignments_per_peer);
}

void note_reader_rate(VersionRow& version, uint32_t kib_per_s) {
  version.reader_kib_per_s =
      std::max(kib_per_s, version.reader_kib_per_s - version.reader_kib_per_s / 256);
}

}  // namespace

uint32_t upload_slots(const State& state, const HostRow& host) {
  uint32_t slots = host.slots != 0 ? host.slots : state.config.assignments_per_peer;
  return std::min<uint32_t>(slots, host.uploads_max);
}

bool is_slow(const State& state, const VersionRow& version, PeerIndex peer) {
  uint32_t rate = state.fleet.host(state.fleet.peer(peer).host).received.kib_per_s();
  return rate != 0 && uint64_t{rate} * 3 < version.reader_kib_per_s;
}

uint32_t download_slots(const State& state, const VersionRow& version, PeerIndex peer) {
  uint32_t most = state.config.assignments_per_peer;
  if (!is_slow(state, version, peer)) return most;
  uint32_t rate = state.fleet.host(state.fleet.peer(peer).host).received.kib_per_s();
  uint64_t share = uint64_t{most} * rate / version.reader_kib_per_s;
  return static_cast<uint32_t>(std::clamp<uint64_t>(share + 1, std::min(kSlotsMin, most), most));
}

bool is_reserved(const State& state, const VersionRow& version, PeerIndex superpeer) {
  bool is_being_read = !version.leases.empty() || version.chunks_held < version.chunk_count();
  const HostRow& host = state.fleet.host(state.fleet.peer(superpeer).host);
  return is_being_read && uint32_t{host.uploads} * kReservedShare >= upload_slots(state, host);
}

void observe_transfer(State& state, const TransferRow& row, uint32_t bytes, Duration took) {
  HostRow& receiver = state.fleet.host(state.fleet.peer(row.receiver).host);
  receiver.received.add(state.now, bytes);
  if (row.source == kNoPeer) return;
  VersionRow& version = state.versions[row.version];
  note_reader_rate(version, receiver.received.kib_per_s());
  uint32_t fair = fair_kib_per_s(state, version);
  if (fair == 0 || took <= Duration{}) return;
  HostRow& source = state.fleet.host(state.fleet.peer(row.source).host);
  uint64_t flow = uint64_t{bytes} * 1'000'000'000 / kKiB / static_cast<uint64_t>(took.ns());
  uint32_t slots = upload_slots(state, source);
  // Faster than the reader needed: the source can serve more at once. Slower, and not because the
  // source was itself waiting for the bytes: it serves too many.
  if (flow * 8 > uint64_t{fair} * 9 && source.uploads >= slots) {
    source.slots = static_cast<uint16_t>(std::min<uint32_t>(slots + 1, source.uploads_max));
  } else if (flow * 8 < uint64_t{fair} * 7 && row.source_generation == 0) {
    source.slots = static_cast<uint16_t>(
        std::min<uint32_t>(std::max(slots - 1, kSlotsMin), source.uploads_max));
  }
}

}  // namespace tyto::tracker
