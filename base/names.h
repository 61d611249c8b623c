// The rules for names that people give: buckets and keys.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace tyto {

// A bucket's name: 1 to 63 characters of a-z 0-9 and '-', neither first nor last a '-'.
// Fails with kInvalidArgument and a message that names the rule.
Result<void> check_bucket_name(std::string_view name);

// An object's key: 1 to 1024 bytes of UTF-8 without control characters, not starting or ending
// with '/', with no empty, "." or ".." component, so that no key leaves its origin's root.
// Spaces and any other character are fine. Fails with kInvalidArgument.
Result<void> check_key(std::string_view key);

// "bucket/key" taken apart at the first '/'.
struct ObjectName {
  std::string bucket;
  std::string key;
  bool operator==(const ObjectName&) const = default;
  auto operator<=>(const ObjectName&) const = default;
  std::string text() const { return bucket + "/" + key; }
  // Fails with kInvalidArgument if either part breaks its rule.
  static Result<ObjectName> parse(std::string_view text);
};

// At most `bytes_max` bytes of `text` for a message or a log line: control characters and broken
// UTF-8 become '?', and a cut is marked with "...".
std::string printable(std::string_view text, std::size_t bytes_max = 120);

}  // namespace tyto
