// Versions whose facts are known and that have no chunk.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>

#include "base/ids.h"

namespace tyto::peer {

// The order in which versions became idle, so that stores need not remember facts for ever.
//
// Purity: pure. Bounds: kIdleVersionsMax.
class IdleVersions {
 public:
  static constexpr std::size_t kIdleVersionsMax = 4096;
  // Returns a version that may be forgotten, if it has no chunks now: the one idle longest.
  std::optional<VersionId> add(const VersionId& version) {
    order_.push_back(version);
    if (order_.size() <= kIdleVersionsMax) return std::nullopt;
    VersionId oldest = order_.front();
    order_.pop_front();
    return oldest;
  }

 private:
  std::deque<VersionId> order_;
};

}  // namespace tyto::peer
