// Integers that carry what they count, so that a chunk index never becomes a peer id by accident.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace tyto {

// An integer of its own type. Converts only when asked to (`value()`), compares with its own
// kind, and can be counted up. `Tag` is an incomplete struct that names the kind.
template <class Tag, class Rep>
class Strong {
 public:
  using rep = Rep;
  constexpr Strong() = default;
  explicit constexpr Strong(Rep value) : value_(value) {}
  constexpr Rep value() const { return value_; }
  constexpr auto operator<=>(const Strong&) const = default;
  constexpr Strong& operator++() {
    ++value_;
    return *this;
  }
  constexpr Strong next() const { return Strong(static_cast<Rep>(value_ + 1)); }

 private:
  Rep value_{};
};

}  // namespace tyto

template <class Tag, class Rep>
struct std::hash<tyto::Strong<Tag, Rep>> {
  std::size_t operator()(tyto::Strong<Tag, Rep> id) const { return std::hash<Rep>{}(id.value()); }
};
