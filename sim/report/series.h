// Samples at equal distances, never more than so many.
#pragma once

#include <vector>

#include "sim/report/measured.h"

namespace tyto::sim {

// Keeps samples taken each `interval()`. When it is full, every other one goes and the interval
// doubles, so that a run of any length is seen from its start to its end.
//
// Purity: pure.
// Bounds: kSamplesMax.
class Series {
 public:
  static constexpr std::size_t kSamplesMax = 513;  // odd: the last stays when every other one goes
  static constexpr Duration kIntervalMin = Duration::milliseconds(1);

  Duration interval() const { return interval_; }
  // When the next sample is to be taken, from the start.
  Duration next() const { return interval_ * static_cast<int64_t>(samples_.size()); }
  // Requires: sample.at == next().
  void add(const Sample& sample);
  // A last one, at any later time than the one before.
  void close(const Sample& sample);
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  void halve();

  Duration interval_ = kIntervalMin;
  std::vector<Sample> samples_;
};

}  // namespace tyto::sim
