// Holds what a tracker orders against what its policies allow, for tests of the whole core.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {

// Told of each order and result as they come; knows nothing of the core but its pictures.
//
// Ownership: the driver must outlive it.
class OrderWatch {
 public:
  explicit OrderWatch(TrackerDriver& t) : t_(t) {}

  // What was ordered before ends as it began.
  void set_policy(const std::string& bucket, const Policy& policy);
  void set_host(PeerId peer, const std::string& host, uint32_t uploads_max);
  void pin(const ObjectName& name, const VersionId& version, Instant until);
  void unpin(const ObjectName& name);

  // --- as they happen ---
  void ordered(const std::string& receiver, const Assign& order);
  void ordered(const Evict& order);
  void progressed(const Assign& order);  // a result counts too
  void read_well(const Assign& order);   // what came from the origin was sound
  void moved_on(const Assign& order);    // to a fall-back

  // After each step, when all that was ordered was told.
  void check();

  uint64_t orders() const { return orders_; }
  uint64_t reads() const { return reads_; }
  // Those under way, by their numbers.
  std::set<uint64_t> under_way() const;

 private:
  struct Bucket {
    Policy policy;
    std::optional<Instant> began;  // the read begun last
    uint64_t bytes = 0;            // of that
    uint32_t begun = 0;            // in this step
  };
  struct Read {
    std::string holder;
    std::string bucket;
    Instant progressed;
    int losses = 0;  // the most in a row that were known while it was under way
  };
  struct Pin {
    VersionId version;
    Instant until;
  };

  static std::string bucket_of(const ChunkId& chunk);
  void begin_read(const std::string& holder, const Assign& order);
  void check_caps(const Assign& order);
  void check_terms();
  void count_losses();
  int& losses_of(const VersionId& version) { return losses_[version]; }

  TrackerDriver& t_;
  std::map<std::string, Bucket> buckets_;
  std::map<PeerId, std::pair<std::string, uint32_t>> hosts_;
  std::map<ObjectName, Pin> pins_;
  std::map<uint64_t, Read> under_way_;  // reads of origins, by assignment
  std::set<uint64_t> moved_;
  std::map<VersionId, int> losses_;  // of leases, in a row
  std::size_t notices_ = 0;
  uint64_t orders_ = 0;
  uint64_t reads_ = 0;
};

}  // namespace tyto::tracker
