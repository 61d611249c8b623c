// A tracker core with a fleet of made-up peers around it, in the midst of downloads.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "base/rng.h"
#include "tracker/core/tracker_core.h"

namespace tyto::bench {

// Ranks by Zipf's law with exponent 1, through a table of the cumulated weights.
class Zipf {
 public:
  explicit Zipf(uint32_t count);
  uint32_t draw(Rng& rng) const;

 private:
  std::vector<double> sums_;
};

struct FleetSize {
  uint32_t peers = 1'000'000;
  uint32_t versions = 1'000;
  uint32_t explain_records = tracker::ExplainConfig{}.records;  // kept by the journal
};

inline constexpr uint32_t kChunks = 256;  // of each version

// The peers and versions that all fleets of this benchmark are made of.
VersionFacts facts_of(uint32_t version);
// The bucket, its versions, their roots and names, and that all is loaded.
std::vector<tracker::Input> catalog_of(uint32_t versions);
// The peer stands in a rack of 40, a zone of 25,000 and a region of 250,000.
RegisterRequest registration_of(uint32_t peer);
// One version by the law, half of them all of it and half of them 192 chunks.
InventoryPage drawn_holding(const Zipf& zipf, Rng& rng);

// What some exchanges came to, handed in together and decided on at once.
struct Turn {
  uint64_t exchanges = 0;
  uint64_t decisions = 0;  // assignments sent
  double us = 0;           // spent inside the core
};

enum class Clock : uint8_t {
  kProcessor,  // of this thread; takes part of a microsecond to read
  kWall,       // for what is shorter than that
};

// Peers in racks of 40 that hold versions of 256 chunks by Zipf's law, half of them complete. One
// in ten reads another one, by the same law, and has a random share of it when the fleet begins.
// Half of the peers have one upload slot, so that about half of those who could serve are busy.
// Each reader reports two chunks an exchange, one exchange a reader in turn, while another exchange
// of its waits: as real downloads do. No sockets, one thread.
//
// Purity: pure, but for turn(), which reads a clock.
class Fleet {
 public:
  static constexpr uint32_t kReportsMax = 24;

  explicit Fleet(const FleetSize& size);
  // In this order: versions are published, peers register and park an exchange, tell what they
  // hold, and readers open.
  void publish();
  void join();
  void hold();
  void open();
  // The next `exchanges` readers report what they have done.
  Turn turn(uint32_t exchanges, Clock clock);
  // Whether readers have reported so much that what is left says little of a download.
  bool is_spent() const { return reports_ > uint64_t{readers()} * kReportsMax; }

  uint32_t readers() const { return static_cast<uint32_t>(readers_.size()); }
  uint64_t peer_chunks() const { return peer_chunks_; }
  // Of those looked at that hold the chunk, the share that was busy, so far.
  double busy_share() const;
  // What the fleet itself keeps of a peer.
  static std::size_t own_bytes() { return sizeof(Peer); }

 private:
  // An assignment that is being carried out.
  struct Doing {
    AssignmentId assignment;
    ChunkIndex chunk;
    SourceKind kind = SourceKind::kPeer;
    PeerId source;
    Instant since;
  };
  struct Peer {
    SessionId session;
    uint64_t next_event = 1;
    uint64_t applied = 0;
    uint32_t reader = 0;  // its number among readers
  };
  struct Reader {
    uint32_t peer = 0;
    uint32_t version = 0;
    std::deque<Doing> doing;
  };

  void park(uint32_t peer, std::vector<Event> events);
  tracker::ExchangeArrived exchange(uint32_t peer, std::vector<Event> events);
  std::vector<Event> results(Reader& reader);
  void take();
  void take_order(Reader& reader, const Assign& order);

  const FleetSize size_;
  tracker::TrackerCore core_;
  tracker::Effects effects_;
  Zipf zipf_;
  Rng rng_{1};
  Instant now_ = Instant::from_ns(1);
  std::vector<Peer> peers_;
  std::vector<Reader> readers_;
  std::size_t next_reader_ = 0;
  uint64_t peer_chunks_ = 0;
  uint64_t reports_ = 0;
  uint64_t decided_ = 0;
  uint64_t busy_ = 0;
  uint64_t able_ = 0;
};

}  // namespace tyto::bench
