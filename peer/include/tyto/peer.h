// Tyto's peer library: a process that reads large objects, and shares what it has read.
//
//   auto peer = tyto::Peer::connect({.trackers = {"tracker.example:7400"}});
//   if (!peer.ok()) return fail(peer.error().message);
//   auto object = peer->open("models", "llm/weights.bin");
//   if (!object.ok()) return fail(object.error().message);
//   auto saved = object->save("/var/lib/model/weights.bin");
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "tyto/object.h"

namespace tyto {

// How a peer takes part. The defaults suit a short-lived reader.
struct PeerOptions {
  // Where trackers are: "host:port" or "[v6]:port", each address of a name being a tracker, or
  // "srv:NAME" for the SRV records of _tyto._tcp.NAME. Any that answers names the others.
  std::vector<std::string> trackers = {"127.0.0.1:7400"};
  // For people, in logs and lists. Empty: the host's name and the process id.
  std::string name;
  // "region/zone/rack/host", from one to four parts from the right. Empty: the host's name alone.
  // Sources are chosen by nearness, and outflow caps count per host.
  std::string location;
  // Where chunks are served to others; port 0 takes any free one.
  std::string listen = "0.0.0.0:0";
  // As others reach that; empty: the address the tracker sees.
  std::string advertise_host;
  // Chunks are kept in this folder, over restarts. Empty: in memory.
  std::string store_dir;
  // The folder is this peer's alone and goes away with it: Object::save() then hands its file over
  // where it can, in place of a copy. The saved file must not be changed while the peer lives.
  bool is_store_scratch = false;
  // Lent to the fleet, in bytes. An object that is read in any order must fit.
  uint64_t store_bytes = 1 << 30;
  // Lent besides, in bytes of memory, for buckets that are kept in memory only: nothing of these
  // reaches a disk (unless the system swaps), and it is gone with the peer. 0: such a bucket's
  // objects cannot be read here.
  uint64_t memory_bytes = 0;
  // Uploads at once; 0: as the tracker says.
  uint32_t uploads_max = 0;
  // Bytes a second; 0: unlimited.
  uint64_t upload_bytes_per_s = 0;
  uint64_t download_bytes_per_s = 0;
  // Shown to the tracker.
  std::string credentials;
  // PEM file of certificates to trust for https origins, besides the system's.
  std::string origin_ca_file;
  // Gets log lines; called on the peer's own thread. Empty: nothing is logged.
  std::function<void(std::string_view line)> log;
};

// Totals since the peer was connected, in bytes unless said otherwise.
struct PeerStats {
  uint64_t bytes_from_peers = 0;
  uint64_t bytes_from_superpeers = 0;
  uint64_t bytes_from_origin = 0;
  uint64_t bytes_wasted = 0;    // received and thrown away
  uint64_t bytes_uploaded = 0;  // served to others
  uint64_t store_used_bytes = 0;
  uint64_t store_limit_bytes = 0;
  uint64_t memory_used_bytes = 0;  // of what is kept in memory only
  uint64_t memory_limit_bytes = 0;
  uint32_t uploads_now = 0;  // a number of transfers
  bool is_tracker_connected = false;
  std::string tracker_detail;  // why not, for people
};

// A member of the fleet: reads objects, keeps their chunks, and serves them for as long as it
// lives. Runs a thread of its own.
//
// Threads:   synchronised: any method from any thread. Callbacks say where they run.
// Ownership: objects that were opened keep what they need of it alive; destroying the Peer ends
//            them with kCancelled.
// Errors:    a tracker that cannot be reached is no error of connect(): opens then fail with
//            kUnavailable after their time-out, and reads under way go on without it.
class Peer {
 public:
  // Opens the store, starts serving, and begins to look for a tracker. Fails with
  // kInvalidArgument for options that make no sense, kConflict if another process uses store_dir,
  // kUnavailable if `listen` cannot be bound, and with the store's errors.
  static Result<Peer> connect(PeerOptions options);
  Peer(Peer&&) noexcept;
  Peer& operator=(Peer&&) noexcept;
  // As leave() with a short deadline.
  ~Peer();

  // Waits until the name is resolved, or fails: kNotFound, kDenied, kUnavailable (no tracker),
  // kTimedOut, kNoSpace (it does not fit the store; see OpenOptions::order), kInvalidArgument.
  Result<Object> open(std::string_view bucket, std::string_view key, OpenOptions options = {});

  PeerStats stats() const;
  // The port that chunks are served on.
  uint16_t port() const;
  // Says good-bye to the tracker and lets uploads end, within `deadline`. Nothing can be opened
  // afterwards.
  void leave(Duration deadline);

 private:
  friend class Object;
  explicit Peer(std::shared_ptr<class PeerRuntime> runtime);
  std::shared_ptr<class PeerRuntime> runtime_;
};

}  // namespace tyto
