// Several trackers with their peers, in virtual time, for tests: peers do as they are told, and
// each transfer takes a fixed time; messages between trackers take theirs; links and trackers are
// lost.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tracker/core/tracker_core.h"

namespace tyto::tracker {

class TrackerCluster {
 public:
  struct Options {
    int trackers = 1;
    int regions = 1;  // by turns, each tracker with its peers
    uint64_t seed = 1;
    Policy policy;  // of the bucket "b"
    Config config;
    uint32_t cluster_version = kClusterVersion;  // that links speak
    uint32_t protocol_version = 2;               // that peers speak
    Duration message = Duration::milliseconds(1);
    Duration transfer = Duration::milliseconds(80);
    Duration origin_read = Duration::milliseconds(50);
    uint64_t store_bytes = 1 * kGiB;
  };
  struct Peer {
    RegisterRequest request;
    int home = 0;
    bool is_dead = false;
    bool is_busy = false;  // refuses to send anything
    SessionId session;
    ConnectionId connection;
    bool is_registered = false;
    uint64_t next_event = 1;
    uint64_t applied = 0;
    int calls_open = 0;
    std::map<VersionId, std::set<uint32_t>> held;
    std::map<AssignmentId, ChunkId> under_way;
    std::set<AssignmentId> reading;                 // of these, at the origin
    std::map<AssignmentId, Instant> waiting_since;  // for a source that is itself being sent it
    std::map<OpenId, OpenRequested> opens;
    std::map<OpenId, VersionId> versions;
    std::vector<Error> failures;
  };
  // How often each chunk was read at the origin, and came into each group from another one.
  struct Tally {
    std::map<ChunkId, int> origin;
    std::map<std::pair<int, ChunkId>, int> imports;
    // Of these, into each region from another one.
    std::map<std::pair<int, ChunkId>, int> region_imports;
    std::map<int, std::vector<Instant>> crossed;  // when, into each region
    std::map<std::string, int> lookups;
    // Reads of the origin: the most at once, by whom, and when each began.
    int reads_most = 0;
    std::map<std::string, int> reads_by;
    std::vector<Instant> reads_begun;
    int transfers = 0;
    int failures = 0;
  };

  explicit TrackerCluster(const Options& options);

  // --- the fleet ---
  // `region`: empty, that of its tracker.
  void join(const std::string& name, int home, Role role = Role::kPeer,
            const std::string& region = "");
  void publish(const std::string& key, uint32_t chunks);
  // Its facts, as a look-up at the origin finds them.
  static VersionFacts facts(const std::string& key, uint32_t chunks);
  void set_object(const std::string& key, uint32_t chunks) { objects_[key] = chunks; }
  void open(const std::string& name, const std::string& key);
  void have(const std::string& name, const std::string& key, uint32_t first, uint32_t count);

  // The bucket's policy is another one, at all trackers.
  void set_policy(const Policy& policy);

  // --- time and trouble ---
  void run(Duration span);
  // Until all opens of peers that live are complete or have failed. False if they are not in time.
  bool run_until_complete(Duration limit);
  void cut(int a, int b);
  void join_link(int a, int b);
  // The tracker dies: the others hear of it, its peers move to the next one after a second.
  void kill_tracker(int tracker);
  void kill_peer(const std::string& name);
  // The peer loses its connection, and comes to that tracker after a while.
  void move_peer(const std::string& name, int to, Duration after);
  // Members as one tracker sees them, whatever the others see.
  void set_members(int tracker, const std::vector<int>& members);
  void inject(int to, int from, std::vector<ClusterMessage> messages) {
    input(to, ClusterArrived{id_of(from), std::move(messages)});
  }

  TrackerCore& core(int tracker) { return *nodes_[static_cast<std::size_t>(tracker)].core; }
  bool is_complete(const std::string& name, const std::string& key) const;
  uint64_t messages() const;
  int notices(NoticeKind kind) const;
  void check_invariants();
  std::map<std::string, Peer> peers;
  Tally tally;
  std::vector<Notice> all_notices;
  bool is_origin_broken = false;
  FailureKind origin_failure = FailureKind::kOriginFailed;  // while it is broken
  Instant now = Instant::from_ns(1'000'000'000);

 private:
  struct Node {
    std::unique_ptr<TrackerCore> core;
    bool is_alive = true;
    uint64_t members_serial = 0;
    std::set<int> links;
  };
  static MemberId id_of(int tracker) { return MemberId(static_cast<uint64_t>(tracker) + 1); }
  static TrackerEpoch run_of(int tracker) {
    return TrackerEpoch(static_cast<uint64_t>(tracker) + 1);
  }
  static int tracker_of(MemberId id) { return static_cast<int>(id.value()) - 1; }
  std::string region_name(int tracker) const;
  int region_of(int tracker) const { return tracker % options_.regions; }
  static int region_of(const Peer& peer) {
    return std::stoi(peer.request.location.region.substr(1));
  }
  Node& node(int tracker) { return nodes_[static_cast<std::size_t>(tracker)]; }
  static Digest root(uint32_t chunk);
  void at(Instant when, std::function<void()> what);
  void input(int tracker, Input in);
  void carry_out(int tracker, Effect& effect);
  void register_at_home(const std::string& name);
  void go_to(const std::string& name, int to, Duration after);
  void send(const std::string& name, std::vector<Event> events);
  void take_command(const std::string& name, Command& command);
  void fetch(const std::string& name, const Assign& order);
  void finish(const std::string& name, const Assign& order);
  void fail(const std::string& name, const Assign& order, FailureKind kind);
  int reads_under_way() const;
  bool is_coming_to(const Peer* source, const Assign& order) const;
  void wait_for_source(const std::string& name, const Assign& order);
  Peer* find_peer(PeerId id);

  Options options_;
  std::vector<Node> nodes_;
  std::map<std::pair<Instant, uint64_t>, std::function<void()>> queue_;
  uint64_t serial_ = 0;
  uint64_t opens_ = 0;
  std::map<std::string, uint32_t> objects_;
  std::map<std::pair<int, ConnectionId>, std::string> by_connection_;
  std::map<ExchangeToken, std::string> by_token_;
};

}  // namespace tyto::tracker
