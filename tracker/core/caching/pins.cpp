#include "tracker/core/caching/pins.h"

#include <algorithm>

namespace tyto::tracker {

void Pins::put(const ObjectName& name, const Pin& pin) {
  remove(name);
  pins_[name] = pin;
  Instant& until = until_[pin.version];
  until = std::max(until, pin.until);
}

void Pins::remove(const ObjectName& name) {
  auto it = pins_.find(name);
  if (it == pins_.end()) return;
  VersionId version = it->second.version;
  pins_.erase(it);
  until_.erase(version);
  for (const auto& [other, pin] : pins_)
    if (pin.version == version) until_[version] = std::max(until_[version], pin.until);
}

void Pins::forget_expired(Instant now) {
  std::erase_if(pins_, [&](const auto& entry) { return entry.second.until <= now; });
  // order-free: each is judged by itself
  std::erase_if(until_, [&](const auto& entry) { return entry.second <= now; });
}

uint64_t Pins::bytes(const ObjectName& besides, Instant now) const {
  uint64_t bytes = 0;
  for (const auto& [name, pin] : pins_)
    if (name.bucket == besides.bucket && name != besides && pin.until > now) bytes += pin.bytes;
  return bytes;
}

std::size_t Pins::count(const ObjectName& besides, Instant now) const {
  std::size_t count = 0;
  for (const auto& [name, pin] : pins_) count += name != besides && pin.until > now ? 1 : 0;
  return count;
}

}  // namespace tyto::tracker
