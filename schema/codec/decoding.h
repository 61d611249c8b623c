// Reading fields of a message from outside: helpers that check, and remember the first fault.
#pragma once

#include <capnp/blob.h>
#include <capnp/common.h>

#include <array>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"

namespace tyto::codec {

// One message being decoded. Reading goes on after a fault (with defaults in place of what was
// wrong), so that readers are plain sequences; loops look at ok() to end early.
//
// Ownership: field names are borrowed string literals.
class Decoding {
 public:
  explicit Decoding(const char* message) : message_(message) {}
  Decoding(const Decoding&) = delete;
  Decoding& operator=(const Decoding&) = delete;

  bool ok() const { return !error_.has_value(); }
  // Requires: !ok().
  const Error& error() const { return *error_; }

  // While it lives, faults are reported as inside `field` (or `field[index]`).
  class Inside {
   public:
    static constexpr uint32_t kNoIndex = ~uint32_t{0};
    Inside(Decoding& decoding, const char* field, uint32_t index = kNoIndex);
    ~Inside() { --decoding_.depth_; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Decoding& decoding_;
  };

  // Notes that `field` broke a rule, unless a fault was noted before.
  void refuse(const char* field, const std::string& expected, const std::string& found,
              ErrorCode code = ErrorCode::kInvalidArgument);
  // The same for a value that this version does not know.
  void unknown(const char* field, uint64_t found);

  // Any text or bytes of at most `bytes_max`.
  std::string bounded(const char* field, capnp::Text::Reader text, std::size_t bytes_max);
  std::string bounded(const char* field, capnp::Data::Reader data, std::size_t bytes_max);
  // Text for people: what cannot be printed becomes '?'.
  std::string for_people(const char* field, capnp::Text::Reader text, std::size_t bytes_max);
  // A digest that must be there, and one that may be absent; neither may be all zero.
  Digest digest(const char* field, capnp::Data::Reader data);
  std::optional<Digest> optional_digest(const char* field, capnp::Data::Reader data);
  VersionId version(const char* field, capnp::Data::Reader data) {
    return VersionId{digest(field, data)};
  }
  // Digests one after the other, at most `count_max`; any of them may be all zero.
  std::vector<Digest> digests(const char* field, capnp::Data::Reader data, std::size_t count_max);
  Duration span(const char* field, uint64_t ns, Duration max = kSpanMax);
  // A number of a chunk, and a run of chunks, both within kChunksMax.
  ChunkIndex chunk(const char* field, uint32_t index);
  void check_run(const char* field, uint32_t first, uint32_t count);
  // A number that counts items of a session: below 2^62, so that sums cannot run over.
  Sequence sequence(const char* field, uint64_t number);
  // Whether a list's length is within its bound.
  bool fits(const char* field, std::size_t count, std::size_t count_max);

 private:
  struct Segment {
    const char* field;
    uint32_t index;
  };
  std::string path(const char* field) const;

  const char* message_;
  std::array<Segment, 8> segments_{};
  std::size_t depth_ = 0;
  std::optional<Error> error_;
};

// An enumerant that informs: a value past `last` becomes `fallback`.
template <class E, class Wire>
E informing(Wire value, E last, E fallback) {
  auto raw = static_cast<uint16_t>(value);
  return raw <= static_cast<uint16_t>(last) ? static_cast<E>(raw) : fallback;
}

// An enumerant that instructs: a value past `last` is refused.
template <class E, class Wire>
E instructing(Decoding& in, const char* field, Wire value, E last) {
  auto raw = static_cast<uint16_t>(value);
  if (raw <= static_cast<uint16_t>(last)) return static_cast<E>(raw);
  in.unknown(field, raw);
  return E{};
}

Error malformed(const char* message, const std::string& why);
// The description of a kj::Exception that is being handled, and of any other exception.
std::string current_exception_text();

// Decodes a whole message: holds it to `bytes_max`, runs `read(decoding)`, and turns faults and
// exceptions (pointers out of bounds, too deep, too much to traverse) into an Error.
template <class T, class Reader, class Read>
Result<T> decode_message(const char* message, const Reader& reader, std::size_t bytes_max,
                         const Read& read) {
  try {
    Decoding decoding(message);
    uint64_t bytes = reader.totalSize().wordCount * sizeof(capnp::word);
    if (bytes > bytes_max) {
      decoding.refuse(nullptr, "at most " + std::to_string(bytes_max) + " bytes",
                      std::to_string(bytes));
      return decoding.error();
    }
    T value = read(decoding);
    if (!decoding.ok()) return decoding.error();
    return value;
  } catch (...) {
    return malformed(message, current_exception_text());
  }
}

}  // namespace tyto::codec
