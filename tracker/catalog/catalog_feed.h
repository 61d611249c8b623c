// Tells a tracker what others have written to the catalog that it shares with them.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/names.h"
#include "tracker/catalog/catalog.h"
#include "tracker/catalog/postgres_catalog.h"
#include "tracker/catalog/wake_fd.h"

namespace tyto::tracker {

struct LoadedBucket {
  BucketConfig bucket;
  PolicyRevision policy;
};
struct LoadedVersion {
  VersionFactsRef facts;
  std::vector<Digest> roots;  // as CatalogReader's
};
struct LoadedName {
  ObjectName name;
  VersionId version;
  bool is_published = false;
};
struct LoadedPin {
  SetPin pin;
};
struct LostPin {
  ObjectName name;
};
using CatalogItem = std::variant<LoadedBucket, LoadedVersion, LoadedName, LoadedPin, LostPin>;

// What is in the catalog now, in the order of Catalog::load().
struct CatalogUpdate {
  enum class Kind : uint8_t {
    kChanges,  // what was changed
    kWhole,    // all there is: changes were missed, or the catalog was put back to an older copy
  };
  Kind kind = Kind::kChanges;
  std::vector<CatalogItem> items;
};

// A reader that collects items; `items` must outlive it.
CatalogReader collect_items(std::vector<CatalogItem>& items);

// A connection and a thread of their own. A notification is the sign to read all that is newer than
// the last change seen; so is a new connection, and, should a sign ever be lost, the passing of
// `look_again`. Its own tracker's changes are told of as well, since what the catalog holds last
// counts; but for facts found on the way, which nobody contradicts.
//
// Threads:   synchronised; `deliver` and `health` are called on its thread.
// Bounds:    one update at a time is in memory here.
class CatalogFeed {
 public:
  struct Options {
    CatalogPosition since;  // as of the load() that the tracker began with
    TrackerEpoch own;
    Duration look_again = Duration::seconds(10);
    Duration retry = Duration::seconds(1);  // between attempts to connect
    Duration timeout = Duration::seconds(5);
  };
  using Deliver = std::function<void(CatalogUpdate)>;
  // With why the catalog can't be read, and with success when it can again; not for each attempt.
  using HealthChanged = std::function<void(Result<void>)>;

  CatalogFeed(io::PostgresAddress address, const Options& options, Deliver deliver,
              HealthChanged health_changed);
  // Ends within a few `timeout`, at once as a rule.
  ~CatalogFeed();
  CatalogFeed(const CatalogFeed&) = delete;
  CatalogFeed& operator=(const CatalogFeed&) = delete;

  bool is_failing() const { return is_failing_; }

 private:
  void run();
  Result<void> look();
  Result<void> read_changes();
  void set_health(const Result<void>& state);

  const io::PostgresAddress address_;
  const Options options_;
  const Deliver deliver_;
  const HealthChanged health_changed_;
  CatalogPosition seen_;
  std::unique_ptr<PostgresCatalog> catalog_;
  std::atomic<bool> is_failing_ = false;
  std::atomic<bool> is_stopping_ = false;
  WakeFd wake_;
  std::thread thread_;
};

}  // namespace tyto::tracker
