// How far a run is, for who waits for it.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include "sim/world/checker.h"

namespace tyto::sim {

struct RunProgress {
  Duration virtual_time;
  uint64_t events = 0;
  uint32_t reads = 0;
  uint32_t reads_over = 0;
  uint64_t bytes_wanted = 0;     // of all reads
  uint64_t bytes_delivered = 0;  // to readers

  // Of the run's work, as the bytes and the reads say; 0 to 1.
  double share() const;
};

// Tells it: on a terminal by a line that is rewritten, elsewhere by a line now and then.
//
// Ownership: borrows the file.
class ProgressLine {
 public:
  enum class Output : uint8_t { kRewritten, kLines };
  // Seconds on a clock that goes on while the run does; its zero means nothing.
  using Clock = std::function<double()>;

  ProgressLine(std::FILE* out, Output output, std::string name, Clock clock);
  // Call as often as you like: it prints when its time has come.
  void update(const RunProgress& progress);
  // The run is over. Says how long it took, unless nothing was said before.
  void finish(const RunProgress& progress);

  // Without the name, as "41 % done, ...". `elapsed_s` is since the run's start.
  static std::string text(const RunProgress& progress, double elapsed_s);

 private:
  std::FILE* out_;
  Output output_;
  std::string name_;
  Clock clock_;
  double started_s_;
  double next_s_;
  bool has_printed_ = false;
};

// Watches a world and keeps `line` up to date. Checks nothing.
//
// Ownership: borrows the line.
std::unique_ptr<Checker> show_progress(ProgressLine& line);

}  // namespace tyto::sim
