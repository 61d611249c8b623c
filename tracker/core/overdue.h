// Versions whose readers get nothing, since others keep all that have it busy.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/time.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// Who reports that a chunk has come is looked at first, and would take the upload that this frees
// each time, until it has all that it lacks: readers of another version that is at the same source
// would get nothing meanwhile. So a version whose first waiting reader was sent for nothing for
// long is overdue, and is looked at before those who report.
//
// Purity: pure.
// Bounds: the versions that have readers.
class Overdue {
 public:
  // `since`: when its first waiting reader was last sent for something.
  void put(VersionIndex version, Instant since) {
    remove(version);
    since_.emplace(version, since);
    by_age_.emplace(since, version);
  }
  void remove(VersionIndex version) {
    auto known = since_.find(version);
    if (known == since_.end()) return;
    by_age_.erase({known->second, version});
    since_.erase(known);
  }
  // Nothing if it is not overdue.
  std::optional<Instant> since(VersionIndex version) const {
    auto known = since_.find(version);
    return known == since_.end() ? std::nullopt : std::optional(known->second);
  }
  // Those that have waited longest, `most` of them.
  template <class Visit>
  void visit(std::size_t most, Visit visit) const {
    for (auto it = by_age_.begin(); it != by_age_.end() && most > 0; ++it, --most)
      visit(it->second);
  }

 private:
  std::set<std::pair<Instant, VersionIndex>> by_age_;
  std::map<VersionIndex, Instant> since_;
};

}  // namespace tyto::tracker
