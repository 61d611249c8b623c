#include "sim/report/series.h"

#include <algorithm>

#include "base/assert.h"

namespace tyto::sim {

void Series::add(const Sample& sample) {
  TYTO_ASSERT(sample.at == next());
  samples_.push_back(sample);
  if (samples_.size() == kSamplesMax) halve();
}

void Series::close(const Sample& sample) {
  if (samples_.empty() || sample.at > samples_.back().at) samples_.push_back(sample);
}

// What was busiest in the one that goes is so in the one that stays after it.
void Series::halve() {
  for (std::size_t i = 1; i * 2 < samples_.size(); ++i) {
    const Sample& gone = samples_[i * 2 - 1];
    Sample kept = samples_[i * 2];
    for (std::size_t group = 0; group < kLinkGroups; ++group) {
      uint16_t& most = kept.links[group].busiest_permille;
      most = std::max(most, gone.links[group].busiest_permille);
    }
    samples_[i] = kept;
  }
  samples_.resize(samples_.size() / 2 + 1);
  interval_ = interval_ * 2;
}

}  // namespace tyto::sim
