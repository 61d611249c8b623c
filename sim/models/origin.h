// The storage that has every object, and its bad days.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "schema/messages/common.h"
#include "schema/messages/events.h"
#include "sim/engine/random.h"
#include "sim/models/content.h"

namespace tyto::sim {

struct OriginSpec {
  uint64_t bytes_per_s = 125'000'000;            // of its link
  uint32_t loss_ppm = 0;                         // packets of a million that its link loses
  uint32_t reads_max = 64;                       // at once; more wait in line
  Duration latency = Duration::milliseconds(5);  // to a look-up's answer or a read's first byte
  Duration jitter_max;                           // added to it, drawn from 0 to this
  uint32_t errors_permille = 0;                  // of the reads, that are answered with an error
  bool has_ranges = true;                        // false: whoever reads a chunk reads the object
};

// An object at the origin at one time. Its content, and so its version, may change.
struct ObjectSpec {
  std::string key;
  uint64_t bytes = 0;
  bool is_published = false;  // manifest known to the tracker from the start
  bool is_pinned = false;     // from the start to the end; of published objects only
};

// Answers look-ups and reads; which bytes move when is the world's business.
//
// Purity: pure. Bounds: the reads in line, one a transfer under way.
class OriginModel {
 public:
  enum class Mode : uint8_t {
    kGood,
    kRefusing,  // 503 for everything
    kCutting,   // connections break before the body's end
    kSilent,    // accepts and says nothing
  };
  enum class Admission : uint8_t { kServe, kWait, kFail };
  struct Answer {
    Admission admission = Admission::kServe;
    FailureKind failure = FailureKind::kOriginFailed;
  };

  OriginModel(const OriginSpec& spec, BucketId bucket, std::string bucket_name,
              const std::vector<ObjectSpec>& objects, uint64_t seed = 0);

  const OriginSpec& spec() const { return spec_; }
  Mode mode() const { return mode_; }
  void set_mode(Mode mode) { mode_ = mode; }
  // The object's content is another from now on.
  void change(uint32_t object);
  // The facts of what the object is now.
  const VersionFactsRef& current(uint32_t object) const { return objects_[object].facts; }
  uint32_t object_count() const { return static_cast<uint32_t>(objects_.size()); }
  // What a name stands for now; null: there is no such object.
  VersionFactsRef find(const std::string& key) const;
  // Whether the object is still the version that `facts` pins.
  bool is_current(const VersionFacts& facts) const;

  // How long the next answer takes, without what the way to and fro takes.
  Duration draw_latency();
  // A read of a chunk, or of an object, begins; kWait: it is in line, and next_waiting() will name
  // it.
  Answer admit(const VersionFacts& facts, uint64_t read);
  // A read that was served has ended, however it did.
  void release();
  // A read in line is of no interest any more.
  void forget(uint64_t read) { std::erase(waiting_, read); }
  // Takes the first in line if a place is free; 0 if not.
  uint64_t next_waiting();

  // Every version there ever was, for checks.
  const std::map<VersionId, VersionFactsRef>& versions() const { return versions_; }

 private:
  struct Object {
    ObjectSpec spec;
    uint32_t generation = 0;
    VersionFactsRef facts;
  };
  void describe(uint32_t object);

  OriginSpec spec_;
  BucketId bucket_;
  std::string bucket_name_;
  std::vector<Object> objects_;
  std::map<VersionId, VersionFactsRef> versions_;
  std::deque<uint64_t> waiting_;
  uint32_t reads_ = 0;
  Mode mode_ = Mode::kGood;
  Rng rng_;
};

}  // namespace tyto::sim
