// Versions that are not evicted, until a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>

#include "base/ids.h"
#include "base/names.h"
#include "base/time.h"
#include "schema/messages/common.h"

namespace tyto::tracker {

// A pin of a name: holds one version, the one that the name stood for when it was pinned.
struct Pin {
  VersionId version;
  uint64_t bytes = 0;  // of the whole object, which is what the bucket's quota is charged
  Instant until;
  WallTime expires;  // the same, for people
};

// Bounds: kPinsMax in force (a further one is for the caller to refuse), and those that ran out
//         since forget_expired().
class Pins {
 public:
  static constexpr std::size_t kPinsMax = 10'000;

  // In place of the name's pin, if it has one.
  void put(const ObjectName& name, const Pin& pin);
  void remove(const ObjectName& name);
  // Those that have run out go. Cost: all pins.
  void forget_expired(Instant now);
  // Whether a pin of the version is in force. Cost: constant.
  bool holds(const VersionId& version, Instant now) const {
    if (until_.empty()) return false;
    auto it = until_.find(version);
    return it != until_.end() && it->second > now;
  }
  // What other pins of the name's bucket take of its quota. Cost: all pins.
  uint64_t bytes(const ObjectName& besides, Instant now) const;
  // Other pins in force, of all buckets. Cost: all pins.
  std::size_t count(const ObjectName& besides, Instant now) const;
  // In the order of names.
  void visit(const std::function<void(const ObjectName&, const Pin&)>& visit) const {
    for (const auto& [name, pin] : pins_) visit(name, pin);
  }

 private:
  std::map<ObjectName, Pin> pins_;
  std::unordered_map<VersionId, Instant> until_;  // the latest of the version's pins
};

}  // namespace tyto::tracker
