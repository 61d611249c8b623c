// A 256-bit digest as a value. Computing one is the business of `io/hash`.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tyto {

// 32 bytes, compared as bytes. The default value is all zero, which no real content has.
struct Digest {
  static constexpr std::size_t kSize = 32;
  std::array<uint8_t, kSize> bytes{};

  auto operator<=>(const Digest&) const = default;
  bool is_zero() const { return *this == Digest{}; }
  // The first 8 bytes, big endian: enough to spread over tables and to order by.
  uint64_t prefix() const {
    uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value = value << 8 | bytes[static_cast<std::size_t>(i)];
    return value;
  }
  // 64 lower-case hexadecimal digits.
  std::string hex() const;
  // The first 12 hexadecimal digits, for people.
  std::string short_hex() const { return hex().substr(0, 12); }
  // Reads 64 hexadecimal digits of either case; nothing on any other input.
  static std::optional<Digest> from_hex(std::string_view text);
};

}  // namespace tyto

template <>
struct std::hash<tyto::Digest> {
  std::size_t operator()(const tyto::Digest& digest) const {
    return static_cast<std::size_t>(digest.prefix());
  }
};
