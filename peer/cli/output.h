// What the `tyto` command prints.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "base/names.h"
#include "base/result.h"
#include "tyto/object.h"

namespace tyto::cli {

enum class Format : uint8_t { kText, kJson };

// Reports an error on stderr (and, for kJson, as {"error": {"code", "message"}} on stdout).
// Returns its exit code.
int report(const Error& error, Format format);

// Rows in columns that are as wide as need be; the first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows);

// "12.3 MiB", "999 B".
std::string human_bytes(uint64_t bytes);

// "waits for the origin's budget of bucket m: 3rd in line, about 12 s"; empty for no wait.
std::string wait_text(const Wait& wait, const std::string& bucket);

enum class ProgressStyle : uint8_t {
  kOff,
  kBar,    // one line that is drawn again and again: for terminals
  kLines,  // a line now and then
  kJson,   // a JSON object a line
};

// Shows how far a download is, on stderr.
class ProgressPrinter {
 public:
  ProgressPrinter(ProgressStyle style, const ObjectName& object)
      : style_(style),
        name_(object.key.substr(object.key.rfind('/') + 1)),
        bucket_(object.bucket) {}
  // `seconds` since the start.
  void show(const Progress& progress, double seconds);
  // Leaves the bar's line, if there is one.
  void finish();

 private:
  const ProgressStyle style_;
  const std::string name_;
  const std::string bucket_;
  int last_tenth_ = -1;
  Wait last_wait_;
  bool is_drawn_ = false;
};

}  // namespace tyto::cli
