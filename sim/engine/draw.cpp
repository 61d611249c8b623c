#include "sim/engine/draw.h"

#include <algorithm>
#include <array>
#include <bit>

#include "sim/engine/random.h"

namespace tyto::sim {
namespace {

using Wide = unsigned __int128;

constexpr uint64_t kLn2Q32 = 2'977'044'472;  // ln(2) * 2^32, rounded
constexpr int kOne = 43;                     // weights are in units of 2^-43

// The largest integer whose square is at most x.
uint64_t square_root(Wide x) {
  uint64_t root = 0;
  for (int bit = 63; bit >= 0; --bit) {
    uint64_t next = root | (uint64_t{1} << bit);
    if (Wide{next} * next <= x) root = next;
  }
  return root;
}

// 2^(-1/2), 2^(-1/4) and so on, in units of 2^-63: each is the root of the one before.
std::array<uint64_t, 32> make_roots() {
  std::array<uint64_t, 32> roots{};
  Wide before = Wide{1} << 62;  // a half
  for (uint64_t& root : roots) {
    root = square_root(before << 63);
    before = root;
  }
  return roots;
}

}  // namespace

// Bit by bit: squaring doubles the logarithm.
uint64_t log2_q32(uint64_t x) {
  TYTO_ASSERT(x > 0);
  auto whole = static_cast<uint64_t>(std::bit_width(x)) - 1;
  uint64_t mantissa = x << (63 - whole);  // in [1, 2), in units of 2^-63
  uint64_t result = whole;
  for (int i = 0; i < 32; ++i) {
    Wide square = Wide{mantissa} * mantissa;  // in units of 2^-126
    bool is_two = (square >> 127) != 0;
    mantissa = static_cast<uint64_t>(square >> (is_two ? 64 : 63));
    result = result << 1 | (is_two ? 1 : 0);
  }
  return result;
}

uint64_t exp2_negative_q43(uint64_t exponent_q32) {
  static const std::array<uint64_t, 32> kRoots = make_roots();
  uint64_t whole = exponent_q32 >> 32;
  if (whole > kOne) return 0;
  Wide value = Wide{1} << 63;
  for (int i = 0; i < 32; ++i)
    if ((exponent_q32 >> (31 - i) & 1) != 0)
      value = (value * kRoots[static_cast<std::size_t>(i)]) >> 63;
  return static_cast<uint64_t>(value >> (63 - kOne)) >> whole;
}

// By inversion: -ln(u) for a u in (0, 1].
Duration draw_exponential(Rng& rng, Duration mean) {
  TYTO_ASSERT(mean >= Duration());
  uint64_t u = std::max<uint64_t>(rng.next64(), 1);
  uint64_t log2_q = (uint64_t{64} << 32) - log2_q32(u);  // -log2(u / 2^64)
  Wide log_q = (Wide{log2_q} * kLn2Q32) >> 32;
  return Duration::nanoseconds(static_cast<int64_t>((static_cast<Wide>(mean.ns()) * log_q) >> 32));
}

Zipf::Zipf(uint32_t ranks, uint32_t s_permille) {
  TYTO_ASSERT(ranks > 0 && ranks <= 1u << 20 && s_permille <= 4000);
  sums_.reserve(ranks);
  uint64_t sum = 0;
  for (uint32_t i = 0; i < ranks; ++i) {
    uint64_t exponent = log2_q32(uint64_t{i} + 1) * s_permille / 1000;
    sum += std::max<uint64_t>(exp2_negative_q43(exponent), 1);
    sums_.push_back(sum);
  }
}

uint32_t Zipf::draw(Rng& rng) const {
  auto at = static_cast<uint64_t>((Wide{rng.next64()} * sums_.back()) >> 64);
  return static_cast<uint32_t>(std::upper_bound(sums_.begin(), sums_.end(), at) - sums_.begin());
}

// By rejection: moments alike, each kept by its rate over the peak's.
Duration draw_diurnal(Rng& rng, const Day& day, Duration over) {
  TYTO_ASSERT(day.peak > 0 && over > Duration() && day.length > Duration());
  for (;;) {
    Duration at = between(rng, Duration(), over - Duration::nanoseconds(1));
    auto phase = static_cast<uint64_t>(at.ns() % day.length.ns());
    auto length = static_cast<uint64_t>(day.length.ns());
    uint64_t from_edge = std::min(phase, length - phase);  // at most half a day
    // rate * length, where the least rate is 1.
    Wide rate = Wide{length} + Wide{from_edge} * 2 * (day.peak - 1);
    Wide most = Wide{length} * day.peak;
    if ((Wide{rng.next64() >> 8} * most) >> 56 < rate) return at;
  }
}

}  // namespace tyto::sim
