// When a peer's shell lets events gather rather than wake up for each.
#pragma once

#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto::peer {

// On slow links a wake-up brings a block, and costs more than the block does. With many transfers
// under way the next blocks are never far, so they are waited for a little; each is then passed on
// later by a small part of the time that it takes to arrive. Where much comes at once there is
// nothing to gain, and where little is under way somebody waits for each answer.
//
// Purity: pure. Asked with the present totals whenever the shell is about to look for events.
class Gathering {
 public:
  // How long to let events gather; zero: not at all. `transfers` are under way here, uploads
  // included, and `bytes` have come since the start.
  Duration pause(Instant now, uint32_t transfers, uint64_t bytes) {
    if (now - since_ >= kFor) {
      bytes_of_span_ = bytes - bytes_before_;
      bytes_before_ = bytes;
      since_ = now;
    }
    return transfers >= kTransfersMin && bytes_of_span_ < kBytesMax ? kFor : Duration{};
  }

 private:
  static constexpr uint32_t kTransfersMin = 6;
  static constexpr uint64_t kBytesMax = 128 * kKiB;  // in a span: 25 MB/s
  static constexpr Duration kFor = Duration::milliseconds(5);
  Instant since_;  // when the present span began
  uint64_t bytes_before_ = 0;
  uint64_t bytes_of_span_ = 0;  // of the last whole one
};

}  // namespace tyto::peer
