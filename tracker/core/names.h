// What the names in buckets stand for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/names.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

using NameIndex = Strong<struct NameIndexTag, uint32_t>;

// An open that waits for a name to be looked up at the origin.
struct NameWaiter {
  SessionId session;
  OpenId open;
};

struct NameRow {
  ObjectName name;
  std::optional<VersionIndex> version;
  bool is_published = false;
  std::optional<Instant> checked_at;  // by this tracker run
  std::optional<VersionIndex> gone;   // that it stood for, and its origin does not have any more
  std::vector<NameWaiter> waiters;
  // A look-up under way: one at a time.
  SessionId resolver;  // zero: none
  ResolveId resolve;
  Instant resolve_by;
  uint16_t resolve_tries = 0;
};

// Bounds: names up to Config::max_versions.
class Names {
 public:
  NameIndex intern(const ObjectName& name);
  std::optional<NameIndex> find(const ObjectName& name) const;
  NameRow& operator[](NameIndex index) { return rows_[index.value()]; }
  const NameRow& operator[](NameIndex index) const { return rows_[index.value()]; }
  uint32_t size() const { return static_cast<uint32_t>(rows_.size()); }

 private:
  struct Hash {
    std::size_t operator()(const ObjectName& name) const {
      return std::hash<std::string>{}(name.bucket) * 31 + std::hash<std::string>{}(name.key);
    }
  };
  std::vector<NameRow> rows_;
  std::unordered_map<ObjectName, NameIndex, Hash> by_name_;
};

// The URL of a key below a bucket's origin: the prefix, a '/' if it has none, and the key
// percent-encoded but for its slashes (RFC 3986, unreserved characters stay).
std::string origin_url(const std::string& prefix, const std::string& key);

}  // namespace tyto::tracker
