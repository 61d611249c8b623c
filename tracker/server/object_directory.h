// Which buckets, policies and names there are, in order: for listings and look-ups by people and
// tools.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/names.h"
#include "schema/messages/bucket.h"
#include "schema/messages/common.h"
#include "tracker/server/bucket_policy.h"

namespace tyto::tracker {

// A mirror, in memory, of the catalog's buckets, their present policies, and names, with what the
// core has found at origins since. The core itself keeps no order by name.
//
// Purity:  pure.
// Threads: confined to its loop.
// Bounds:  Options of the constructor; names beyond are not listed (they work all the same).
class ObjectDirectory {
 public:
  struct Entry {
    VersionFactsRef facts;
    bool is_published = false;
  };
  explicit ObjectDirectory(std::size_t names_max) : names_max_(names_max) {}

  // Makes the bucket of this name, or replaces it.
  void put_bucket(BucketConfig bucket, BucketPolicy policy);
  // Null if there is none.
  const BucketConfig* bucket(const std::string& name) const;
  const BucketPolicy* policy(const std::string& name) const;
  const std::map<std::string, BucketConfig>& buckets() const { return buckets_; }

  // Makes a name stand for a version. What was found at an origin does not replace what was
  // published. False if the directory is full.
  bool put(const ObjectName& name, Entry entry);
  const Entry* find(const ObjectName& name) const;
  std::size_t size() const { return names_.size(); }

  struct Query {
    std::string bucket;
    std::string prefix;  // of the key; empty: all
    std::string after;   // keys behind this one only; empty: from the first
    std::size_t limit = 100;
  };
  // Visits the names that match, in the order of their bytes. True if there are more.
  bool list(const Query& query,
            const std::function<void(const ObjectName& name, const Entry& entry)>& visit) const;

 private:
  const std::size_t names_max_;
  std::map<std::string, BucketConfig> buckets_;
  std::map<std::string, BucketPolicy> policies_;  // one for each bucket
  std::map<ObjectName, Entry> names_;
};

}  // namespace tyto::tracker
