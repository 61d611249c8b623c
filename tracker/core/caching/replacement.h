// Which of a peer's copies makes room: one policy per bucket, each in a file of its own.
#pragma once

#include <cstdint>
#include <span>

#include "base/rng.h"
#include "schema/messages/reason.h"
#include "tracker/core/policy.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// A holding that could give up a chunk.
struct Candidate {
  HoldingIndex holding = kNoHolding;
  VersionIndex version{kNone};
  BucketIndex bucket = kNoBucket;
  uint32_t chunk = 0;        // the first that may go
  uint32_t copies = 0;       // of that chunk, in the fleet
  Duration unused_for;       // to about a second
  bool is_hot = false;       // its object is opened often, in the whole fleet
  bool is_consumed = false;  // its reader has passed that chunk
  bool is_by_lot = false;    // seen because its turn had come, not for its age
};

// What a policy wants to see.
enum class Sight : uint8_t {
  kOldest,  // the least recently used one is enough
  kMany,    // several of the least recently used, and as many others
};

struct Nomination {
  std::size_t place = 0;  // among the candidates
  Choice why = Choice::kEvictLru;
};

// Chooses what goes, among candidates of one bucket.
//
// Purity:  pure; integers only.
// Threads: immutable.
class Replacement {
 public:
  virtual ~Replacement() = default;
  virtual Sight sight() const = 0;
  // Requires: `candidates` is not empty, the least recently used first.
  virtual Nomination nominate(std::span<const Candidate> candidates, Rng& rng) const = 0;
};

const Replacement& lru_replacement();
const Replacement& least_rare_replacement();
const Replacement& hybrid_replacement();
const Replacement& ttl_replacement();
const Replacement& random_replacement();

// The policy of that kind.
const Replacement& replacement(ReplacementKind kind);

}  // namespace tyto::tracker
