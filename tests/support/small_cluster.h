// A tracker in this process over a folder of files, for tests of the peer library.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"

namespace tyto::support {

// Runs a real tracker on a thread of its own, with one bucket "b" over a folder of this test's.
class SmallCluster {
 public:
  SmallCluster();
  ~SmallCluster();

  // "host:port" of the tracker.
  const std::string& tracker() const { return tracker_; }
  const std::string& folder() const { return folder_.path(); }
  // Puts an object into the origin; its bytes follow from `seed`.
  std::vector<std::byte> put(const std::string& key, std::size_t bytes, uint64_t seed = 1);
  // One of the tracker's counters, as its /metrics has it.
  uint64_t counter(const std::string& metric) const;
  // Ends the tracker, for good.
  void stop_tracker();

 private:
  struct Running;
  TempFolder folder_;
  std::string tracker_;
  std::string http_;
  std::unique_ptr<Running> running_;
};

}  // namespace tyto::support
