// A peer's state machine: does as its tracker says, and knows what to do when there is none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "peer/core/effects.h"
#include "peer/core/inputs.h"

namespace tyto::peer {

// What distinguishes kinds of peers; `superpeer/core` has the superpeer's.
struct Policy {
  Role role = Role::kPeer;
  // Gets chunks from the origin for readers that have lost their tracker.
  bool serves_orphans = false;
  // Waits between attempts to reach a tracker: doubles from min to max, with jitter.
  Duration reconnect_min = Duration::milliseconds(100);
  Duration reconnect_max = Duration::seconds(5);
  // Without a tracker for this long, a reader goes on by itself.
  Duration orphan_after = Duration::seconds(2);
  // Chunks fetched at once without a tracker.
  uint32_t orphan_transfers = 4;
  // Direct origin reads of an orphan: at most this many bytes a second, one at a time.
  uint64_t orphan_origin_bytes_per_s = 20'000'000;
  Duration orphan_patience = Duration::seconds(5);
  // Rounds through all sources for one chunk before the open fails.
  uint32_t orphan_rounds_max = 5;
  // An open that gets no answer at all, with a tracker or without, fails after this long.
  Duration open_timeout = Duration::seconds(30);
  // Asked of the tracker for exchanges without news.
  Duration park = Duration::seconds(20);
  // Results wait at most this long for company before they are sent.
  Duration report_within = Duration::milliseconds(10);
  // The same while so many transfers are under way that none of their links waits for the tracker:
  // an exchange costs as much as some blocks do.
  Duration report_within_busy = Duration::milliseconds(25);
  uint32_t transfers_plenty = 8;
  // A result waits no longer than a quarter of what its transfer took, and less the fewer others
  // are under way, or fast links would idle; but for this long it may.
  Duration report_apart = Duration::milliseconds(1);
  // Progress of transfers is told once they have been under way for this long.
  Duration progress_after = Duration::seconds(1);
  // What a failed transfer has brought is kept for the next one this long.
  Duration partial_kept = Duration::seconds(10);
  // A tracker that owes an answer (to a registration or inventory, to a second exchange, to a
  // parked one whose time is up) for this long counts as lost.
  Duration answer_within = Duration::seconds(2);
  Duration register_within = Duration::seconds(5);
  // The same where another tracker can be asked instead: then it is.
  Duration move_within = Duration::milliseconds(1'200);
  // A tracker that could not be reached, or passed this peer on, is left alone for this long at
  // least; doubles up to 16 times that, with as much again by lot.
  Duration avoid_for = Duration::seconds(30);
  // A peer whose home is another tracker goes there within this of being told; by then also while
  // it reads from an origin.
  Duration go_jitter = Duration::seconds(1);
  Duration go_within = Duration::seconds(30);
  // A reader that waits and has heard nothing for this long asks whether its tracker still lives.
  Duration probe_after = Duration::seconds(1);
  // An open handle that lacks something and gets no assignment and no byte for this long fails.
  Duration stuck_timeout = Duration::seconds(60);
  // Chunks read from the origin at once for readers that have lost their tracker.
  uint32_t orphans_served_at_once = 8;
};

struct CoreState;

// Drives the downloads, the cache and the control session of one process.
//
// Purity:    pure. Time only as `now`, randomness only from `seed`.
// Threads:   confined to its loop.
// Bounds:    kUnheardEventsMax events that the tracker has not acknowledged (see core_state.h); for
//            one object of 256 chunks at most 4 KiB besides shared facts with 4 assignments under
//            way, and up to 9 KB with 16.
// Errors:    a tracker that breaks the protocol is disconnected from (RegisterFailed's back-off
//            applies); nothing that arrives can abort the process.
class PeerCore {
 public:
  PeerCore(const Policy& policy, uint64_t seed);
  // The same with settings that many cores share. Requires: `policy` is not null.
  PeerCore(std::shared_ptr<const Policy> policy, uint64_t seed);
  ~PeerCore();
  PeerCore(const PeerCore&) = delete;
  PeerCore& operator=(const PeerCore&) = delete;

  // Requires: `now` never goes back; the first input is StoreLoaded.
  void handle(Instant now, Input input, Effects& effects);
  // When TimePassed is to be handed in next; Instant::never() if there is nothing to wait for.
  Instant next_deadline() const;

  bool holds(const ChunkId& chunk) const;
  // Fetches into the caches what handle() looks at, for hosts of very many cores, whose turns are
  // known ahead: the state, and then, when that has come, its lists. Changes nothing.
  enum class Ahead : uint8_t { kState, kLists };
  void look_ahead(Ahead what) const;
  // Bytes of memory of this core's own, besides shared facts and settings.
  std::size_t memory_bytes() const;

 private:
  std::unique_ptr<CoreState> state_;
};

}  // namespace tyto::peer
