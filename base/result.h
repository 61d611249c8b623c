// Operating errors of the shells: a code that says what the caller should do, and a message for
// the person who reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace tyto {

// What the caller should do about an error.
enum class ErrorCode : uint8_t {
  kInvalidArgument = 1,  // mend the request; retrying is of no use
  kNotFound,             // the named thing does not exist
  kDenied,               // get permission
  kOverloaded,           // back off, then retry the same place
  kUnavailable,          // retry elsewhere or later
  kCorrupt,              // discard what came and fetch it again
  kNoSpace,              // free or grant space
  kTimedOut,             // no progress within the stated time
  kUnsupported,          // the other side cannot do this
  kConflict,             // the thing changed underneath; open it again
  kCancelled,            // the caller itself gave up
  kInternal,             // a bug or an unforeseen fault: report it
};

// The code's name in lower case with underscores, as it appears in logs and JSON.
std::string_view error_code_name(ErrorCode code);

// A code with a message that names the thing, what was expected, what was found, what to do.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  bool operator==(const Error&) const = default;
};

// A value, or the error that stands in its place.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}
  Result(Error error) : state_(std::move(error)) {}
  Result(ErrorCode code, std::string message) : state_(Error{code, std::move(message)}) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  // Requires: ok().
  T& value() & {
    TYTO_ASSERT(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    TYTO_ASSERT(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    TYTO_ASSERT(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  // Requires: !ok().
  const Error& error() const {
    TYTO_ASSERT(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

// Success with nothing to hand back, or an error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}
  Result(ErrorCode code, std::string message) : error_(Error{code, std::move(message)}) {}
  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  // Requires: !ok().
  const Error& error() const {
    TYTO_ASSERT(error_.has_value());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace tyto
