// Header fields of HTTP messages.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tyto::io {

// Fields in the order they came or will go; names compare without regard to case and may repeat.
class HttpHeaders {
 public:
  using Field = std::pair<std::string, std::string>;
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
  }
  // Replaces every field of that name by one.
  void set(std::string_view name, std::string value);
  // The first field of that name, or null.
  const std::string* find(std::string_view name) const;
  // The first field of that name, or an empty text.
  std::string_view get(std::string_view name) const;
  // Whether every name is a token and every value free of line breaks and NUL (RFC 9110, 5.1 and
  // 5.5), so that nothing can be smuggled into a message through them.
  bool is_well_formed() const;

  std::size_t size() const { return fields_.size(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

// Whether two names are the same without regard to the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace tyto::io
