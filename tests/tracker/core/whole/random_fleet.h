// A fleet to which everything happens that can happen to one, by lot, around a whole tracker core.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/tracker/core/whole/order_watch.h"

namespace tyto::tracker {

class RandomFleet {
 public:
  explicit RandomFleet(uint64_t seed);

  // One thing happens; what the core orders because of it is held against its policies.
  void happen();
  // Nothing fails from now on, and everybody does as told, until nothing is left to do. Those whose
  // read has come to an end close it.
  void calm_down();
  // Reads that did not come to their end, for people.
  std::string unfinished() const;

  uint64_t orders() const { return watch_.orders(); }
  uint64_t reads() const { return watch_.reads(); }
  uint64_t late_results() const { return late_results_; }

 private:
  struct Handle {
    std::string key;
    std::optional<VersionId> version;
    bool is_stream = false;
    bool is_ended = false;
    uint32_t first = 0;
    uint32_t count = 0;
  };
  using Copy = std::pair<VersionId, uint32_t>;
  struct Host {  // a peer's machine, which survives its process
    std::string name;
    std::string location;
    uint32_t uploads_max = 0;
    uint32_t room = 0;         // chunks
    uint32_t memory_room = 0;  // besides, for chunks in memory only
    bool is_up = false;
    // It came back with copies: what it was sent for before it told of them was not counted.
    bool was_known = false;
    std::size_t seen = 0;              // commands
    std::map<OpenId, Handle> handles;  // of its process
    std::set<Copy> store;              // on disk and in memory
    std::set<Copy> in_memory;          // of these; gone with the process
    std::set<Copy> unbooked;           // of these, brought by a lease that was lost
    std::vector<Assign> lost;          // cancelled, and perhaps on their way all the same
    std::vector<Evict> evictions;      // not carried out yet
    std::vector<Resolve> look_ups;
  };

  // --- what can happen (random_fleet.cpp) ---
  void change_policy(const std::string& bucket);
  Policy draw_policy();
  OriginPolicy draw_origin();
  void join(Host& host);
  void crash(Host& host);
  void leave(Host& host);
  void open(Host& host);
  void close(Host& host);
  void move_window(Host& host);
  void pin();
  void unpin();
  void advance(Duration span);
  // --- what peers do as they are told (fleet_work.cpp) ---
  void finish(Host& host, std::size_t at);
  void progress(Host& host);
  void fail(Host& host);
  void go_on(Host& host);  // to a fall-back
  void tell_late(Host& host);
  void drop(Host& host);
  void resolve(Host& host);
  void close_finished(Host& host);
  void park_all();
  void settle();  // takes all new commands
  void take_commands(Host& host);
  void check_store(const Host& host);
  // Keeps a chunk where it was ordered, or leaves it where it is. Returns where that is.
  static Medium store(Host& host, const Assign& order);
  static void forget(Host& host, const Copy& copy);

  Host& any() { return hosts_[rng_.below(static_cast<uint32_t>(hosts_.size()))]; }
  bool is_read_out(const Host& host, const Handle& handle) const;
  static uint32_t chunks_of(const std::string& key);
  TrackerDriver::Peer& peer(const Host& host) { return t_[host.name]; }

  Rng rng_;
  TrackerDriver t_;
  OrderWatch watch_;
  std::vector<Host> hosts_;
  std::vector<std::string> keys_;
  std::map<ObjectName, Instant> pinned_;
  std::map<std::string, Policy> policies_;
  std::map<std::string, uint64_t> quotas_;  // of a peer's store, by bucket; they stay
  std::map<std::string, Duration> terms_;   // likewise
  bool is_calm_ = false;
  uint64_t late_results_ = 0;
};

}  // namespace tyto::tracker
