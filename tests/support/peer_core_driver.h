// Drives one peer core in tests: builds its inputs, plays the tracker's side of the exchange, and
// renders what the core does as short texts, so that a test reads as a table.
//
// The language of did():
//   connect N [at HOST] [avoids ID] [moves N] [resume ID]
//   inventory v1:#.#       exchange parked|pressing [EVENT; EVENT]
//   start t1 v1/0 from p7 [root] [fallback] [alone]  cancel t1      remember v1    drop v1 0+2
//   drop-partial v1/0
//   opened 1 v1               failed 1 CODE          ready v1/0 SOURCE-KIND
//   ensured 5 yes|no          resolve 1 KEY          ticket b1      limits 4
//   tracker connected|lost|connecting                left
// of its events:
//   open 1 b/k [pinned v1] [window 0+4]  window 1 0+4  closed 1  progress a1 2
//   verified a1 v1/0 p7 [root] [unstored]  source-failed a1 v1/0 p7 KIND
//   assignment-failed a1 v1/0 p7 KIND  dropped v1 0+2  deferred v1 0+2  resolved 1 ok|CODE
//   leaving
// Sources: p7 is peer 7, s7 superpeer 7, "origin" the origin. Versions and assignments go by small
// numbers; a0 stands for "no assignment".
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "peer/core/peer_core.h"

namespace tyto::peer {

// --- values ---
VersionId version_id(uint8_t n);
// Version `n` of `chunks` chunks of 256 KiB: bucket 1 "b", key "k<n>", learned from an origin.
VersionFacts facts_of(uint8_t n, uint32_t chunks);
VersionFactsRef shared(VersionFacts facts);
Source peer_source(uint64_t id, uint16_t generation = 0);
Source superpeer_source(uint64_t id);
Source origin();
Digest root_of(uint8_t n);
AssignmentId assignment_id(uint64_t n);
// "#.#": the chunks marked are held.
InventoryEntry inventory(uint8_t version, const std::string& held);

// Trackers by the names of their hosts: without ids; and with the ids 1, 2, ...
TrackerListRef found_trackers(const std::vector<std::string>& hosts);
TrackerListRef listed_trackers(const std::vector<std::string>& hosts);

// --- commands ---
Command describe(uint8_t version, uint32_t chunks);
Command opened(uint64_t open, uint8_t version);
Command open_ended(uint64_t open, ErrorCode code);
Command evict(uint8_t version, uint32_t first, uint32_t count);
Command cancel(uint64_t assignment);
Command resolve(uint64_t id, const std::string& key);
Assign assignment(uint64_t n, uint8_t version, uint32_t chunk, Source source,
                  std::vector<Source> fallbacks = {});

// --- texts ---
std::string text_of(const Effect& effect);
std::string text_of(const Event& event);

// A core, the time, and a tracker that answers as told.
//
// did() lists what happened since the last call of did(), start and answers included.
class PeerCoreDriver {
 public:
  explicit PeerCoreDriver(const Policy& policy = {}, uint64_t seed = 1);

  // --- inputs ---
  void start(StoreLoaded loaded = {});
  // Any input. Effects are kept for did(), and exchanges noted for answer().
  void give(Input input);
  // A tracker begins a session with this answer: numbers start anew.
  void register_with(RegisterReply reply);
  // A registration that starts anew, or goes on; both number as the protocol wants it. The epoch
  // grows with each new session.
  void register_anew(std::vector<SuperpeerListed> superpeers = {});
  void register_resumed();
  // start() and register_anew(), an inventory confirmed, and the first effects forgotten.
  void connect(StoreLoaded loaded = {}, std::vector<SuperpeerListed> superpeers = {});
  void lose_tracker();
  // Answers the oldest open exchange, acknowledging all events seen.
  void answer(std::vector<Command> commands = {});
  void open(uint64_t id, const std::string& key = "k1");
  void open_stream(uint64_t id, uint32_t first, uint32_t count);
  // Asks for version 1 of `chunks` chunks and lets the tracker open it; forgets the effects.
  void open_whole(uint64_t id, uint32_t chunks);
  void done(uint64_t transfer, bool stored = true);
  void fail(uint64_t transfer, FailureKind kind);
  // Lets time pass, waking the core at each of its deadlines; fails after 100,000 of them.
  void pass(Duration span);

  // --- outcomes ---
  // All that was done since the last call, but `exchange` without events and `limits` are left
  // out, and `find trackers`: most tests are not about them.
  std::vector<std::string> did();
  // The same with nothing left out.
  std::vector<std::string> did_all();
  // Only what begins with `verb`.
  std::vector<std::string> did(const std::string& verb);
  // Events sent since the last call of any of these.
  std::vector<std::string> told();
  // Everything since the last call, as values.
  Effects take_effects();

  uint32_t exchanges_open() const { return exchanges_open_; }
  Instant now() const { return now_; }
  PeerCore& core() { return core_; }

 private:
  void note(const SendExchange& exchange);

  PeerCore core_;
  Instant now_ = Instant::from_ns(1'000'000'000);
  Effects effects_;
  uint32_t exchanges_open_ = 0;
  uint64_t events_seen_ = 0;
  uint64_t commands_sent_ = 0;
  uint64_t epoch_ = 0;
};

using Texts = std::vector<std::string>;

}  // namespace tyto::peer
