// Sizes, spans, rates and shares as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace tyto::settings {

// The number behind "64MiB" and the like, in bytes; kInvalidArgument with the units known. Units:
// B, KiB, MiB, GiB, TiB, or kB, MB, GB, TB, after a space or not; a bare number is bytes.
Result<uint64_t> parse_bytes(std::string_view text);
// The time behind "20s", "1.5h" and the like: ns, us, ms, s, m, h, d; 0 needs none.
Result<Duration> parse_duration(std::string_view text);
// The bytes a second behind "50 Mbit/s" or "6.25 MB/s": any unit of sizes, or bit, kbit, Mbit,
// Gbit, each with "/s", if that makes whole bytes.
Result<uint64_t> parse_rate(std::string_view text);
// The thousandths behind "25%" or "12.5%", up to 100%.
Result<uint32_t> parse_share(std::string_view text);

// "64MiB", "20s", "50Mbit/s", "25%": the largest unit that leaves a whole number; reads back as the
// same value.
std::string bytes_text(uint64_t bytes);
std::string duration_text(Duration span);
std::string rate_text(uint64_t bytes_per_s);
std::string share_text(uint32_t permille);

}  // namespace tyto::settings
