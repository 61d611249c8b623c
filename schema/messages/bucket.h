// A bucket: one use case, the unit of configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"

namespace tyto {

// When a name is looked up at the origin again.
enum class Revalidate : uint8_t {
  kNever = 0,   // the first answer stands
  kAge = 1,     // when the last answer is older than `revalidate_age`
  kAlways = 2,  // for each open (one look-up at a time serves all who wait)
};

struct BucketConfig {
  BucketId id;
  std::string name;
  std::string origin;  // URL prefix: file:///dir/ or http(s)://host/path/; empty: published only
  Revalidate revalidate = Revalidate::kAge;
  Duration revalidate_age = Duration::seconds(60);
  bool trust_peers = false;  // may ordinary peers teach chunk roots that they read at the origin
  uint32_t policy_version = 1;
  bool operator==(const BucketConfig&) const = default;
};

}  // namespace tyto
