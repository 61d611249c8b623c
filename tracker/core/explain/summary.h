// What a set of records says together: the answers to the questions that people have of a read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tracker/core/explain/pictures.h"

namespace tyto::tracker {

inline constexpr std::size_t kSummaryListMax = 5;  // of each list below

struct Amount {
  uint32_t chunks = 0;
  uint64_t bytes = 0;
};

// Why a transfer took longer than others.
enum class Fault : uint8_t {
  kSourceFailed,  // a source failed first
  kWasLate,       // it was late, and a second source was asked
  kOrigin,        // the origin was slow
  kDeepTree,      // its source was itself still receiving it
  kSource,        // so do others from the same source
  kReader,        // so do others to the same reader
  kUnknown,
};
std::string_view fault_name(Fault fault);

struct SlowTransfer {
  std::size_t record = 0;  // its place in the records
  Duration took;           // since the chunk was first ordered, failures included
  Fault fault = Fault::kUnknown;
  std::optional<std::size_t> cause;  // the record of the failure, or of the second assignment
};

// Orders to free chunks that follow on one another are one.
struct EvictionSeen {
  std::size_t record = 0;          // the first of them
  uint32_t count = 0;              // chunks, of all of them
  std::optional<Duration> unused;  // since the last delivery or open there that is on record
};

struct Summary {
  uint32_t readers = 0;  // peers that opened the object or received chunks of it
  Amount from_peers;     // what readers received
  Amount from_superpeers;
  Amount from_origin;
  Amount origin_by_superpeers;  // what superpeers read for all
  // Why the origin was read, in chunks.
  uint32_t nobody_held = 0;
  uint32_t holders_unusable = 0;
  uint32_t no_superpeer = 0;   // of the above: read by the reader itself, for want of a superpeer
  uint32_t by_policy = 0;      // by readers, as their bucket wants it, whoever held it
  uint32_t by_lot = 0;         // by readers of the shadow share, whoever held it
  uint32_t without_order = 0;  // by peers that no tracker told what to do
  Duration usual_took;         // between peers: the median
  Duration usual_origin_took;  // from the origin
  std::vector<std::size_t> waits;  // longest first
  std::vector<SlowTransfer> slow;  // slowest first: held up by a failure, or twice the usual time
  uint32_t failures = 0;
  std::vector<std::size_t> failed;  // newest last
  uint32_t evicted_chunks = 0;
  std::vector<EvictionSeen> evictions;  // newest last
  uint32_t refusals = 0;
  std::vector<std::size_t> refused;  // newest last
};

// Purity: pure. Requires: the records are in their order.
Summary summarise(const std::vector<RecordPicture>& records);

// A question, and what the records say to it.
struct Answer {
  std::string question;
  std::vector<std::string> lines;
};
std::vector<Answer> answers_of(const Summary& summary, const std::vector<RecordPicture>& records);

}  // namespace tyto::tracker
