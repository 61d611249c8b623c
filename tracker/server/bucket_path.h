// The API's paths of one bucket and what it has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tyto::tracker {

inline constexpr std::string_view kBucketsPath = "/api/v1/buckets";

// /api/v1/buckets/BUCKET[/PART[/REST]], taken apart.
struct BucketPath {
  enum class Part : uint8_t { kBucket, kObjects, kPins, kPolicy };
  std::string bucket;
  Part part = Part::kBucket;
  // Of kObjects and kPins a key, or empty for the listing; of kPolicy whatever stands there.
  std::string rest;

  // Requires: `path` begins with "/api/v1/buckets/".
  // Errors: kInvalidArgument for a name or key that breaks its rule, kNotFound for another part.
  static Result<BucketPath> parse(const std::string& path);
};

}  // namespace tyto::tracker
