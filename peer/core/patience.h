// How long a source of a chunk may be silent before its reader goes elsewhere.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/limits.h"
#include "base/time.h"

namespace tyto::peer {

// Below this no silence says anything: schedulers, queues and retransmissions take as long.
inline constexpr Duration kSilenceMin = Duration::milliseconds(500);
// A source whose own source may be at fault is asked after kSilenceMin whether it lives, and has
// this long for its answer.
inline constexpr Duration kProbeWithin = Duration::milliseconds(300);

// Before a source has sent so much, it has no rate.
inline constexpr uint64_t kPaceBytesMin = 4 * kBlockBytes;

// What a source has sent so far: so many bytes, the last of them so long after the first.
struct SourcePace {
  uint64_t bytes = 0;
  Duration span;
};

// The silence after which a source that holds the whole chunk counts as stalled: the time that 16
// blocks take at its own rate so far, at least kSilenceMin, never more than `patience`. As long as
// it has no rate, the patience alone counts.
//
// Purity: pure.
inline Duration silence_max(const SourcePace& pace, Duration patience) {
  if (pace.bytes < kPaceBytesMin) return patience;
  auto ns = static_cast<unsigned __int128>(pace.span.ns()) * (16 * kBlockBytes) / pace.bytes;
  auto patience_ns = static_cast<unsigned __int128>(patience.ns());
  Duration promised = Duration::nanoseconds(static_cast<int64_t>(std::min(ns, patience_ns)));
  return std::min(std::max(promised, kSilenceMin), patience);
}

enum class SilenceVerdict : uint8_t { kWait, kProbe, kStalled };

// What a reader does about a source that has been silent for `silent`, and last showed a sign of
// life, a byte or an answer to a probe, `unproven` ago. A copy in flight may be silent because its
// own source is; it is asked whether it lives, again and again, and waited for up to `patience`.
//
// Purity: pure.
enum class SourceCopy : uint8_t { kWhole, kInFlight };
inline SilenceVerdict judge_silence(SourceCopy copy, Duration silent, Duration unproven,
                                    const SourcePace& pace, Duration patience) {
  if (silent >= patience) return SilenceVerdict::kStalled;
  if (copy == SourceCopy::kInFlight)
    return unproven >= kSilenceMin ? SilenceVerdict::kProbe : SilenceVerdict::kWait;
  return silent >= silence_max(pace, patience) ? SilenceVerdict::kStalled : SilenceVerdict::kWait;
}

// How long after the last byte (or sign of life) it is time to judge again.
inline Duration judge_after(SourceCopy copy, const SourcePace& pace, Duration patience) {
  return copy == SourceCopy::kInFlight ? std::min(kSilenceMin, patience)
                                       : silence_max(pace, patience);
}

}  // namespace tyto::peer
