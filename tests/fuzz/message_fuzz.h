// What every decoder of messages is held to: bytes give an error that says something, or a message
// that keeps every rule, and so goes over the wire and comes back as it was.
#pragma once

#include <cstdint>
#include <span>

#include "base/assert.h"
#include "schema/codec/codec.h"
#include "schema/messages/wire_size.h"

namespace tyto::fuzz {

template <class T>
bool fits(const T&) {
  return true;
}
template <class Items>
bool fits_exchange(const Items& items) {
  std::size_t bytes = kExchangeOverheadBytes;
  for (const auto& item : items) bytes += wire_bytes_estimate(item);
  return bytes <= kExchangeBytesMax;
}
// Texts that were left out come back as empty ones, which takes a word more each: at the very limit
// of an exchange that can be too much.
inline bool fits(const ExchangeUp& up) {
  return fits_exchange(up.events);
}
inline bool fits(const ExchangeDown& down) {
  return fits_exchange(down.commands);
}

template <class T>
void decode(const uint8_t* data, std::size_t size) {
  Result<T> decoded = from_bytes<T>(std::as_bytes(std::span(data, size)));
  if (!decoded) {
    TYTO_ASSERT(!decoded.error().message.empty());
    return;
  }
  if (!fits(*decoded)) return;
  Result<T> again = from_bytes<T>(to_bytes(*decoded));
  TYTO_ASSERT(again.ok());
  TYTO_ASSERT(*again == *decoded);
}

}  // namespace tyto::fuzz
