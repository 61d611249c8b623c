#include "schema/messages/wire_size.h"

#include <algorithm>

#include "base/limits.h"

namespace tyto {
namespace {

// Cap'n Proto: structs are whole words, and each is hung on a pointer of one word; texts and data
// are rounded up to words, texts with a NUL. A "node" is a struct's data and pointer words, in
// bytes, without the pointer that leads to it, which is one of its parent's.
constexpr std::size_t node(std::size_t data_words, std::size_t pointer_words) {
  return 8 * (data_words + pointer_words);
}
constexpr std::size_t rounded(std::size_t bytes) {
  return (bytes + 7) / 8 * 8;
}
std::size_t text(const std::string& value) {
  return rounded(value.size() + 1);
}
// Text for people is cut when it is encoded.
std::size_t people(const std::string& value) {
  return rounded(std::min(value.size(), kErrorMessageBytesMax) + 1);
}

constexpr std::size_t kSlot = node(1, 1);  // of Event and of Command, within their lists
constexpr std::size_t kDigest = Digest::kSize;
constexpr std::size_t kAssignment = node(2, 0);
constexpr std::size_t kReason = node(4, 0);
constexpr std::size_t kRun = node(1, 1) + kDigest;
constexpr std::size_t kLimits = node(3, 0);

std::size_t size_of(const Source& source) {
  return node(2, 1) + node(1, 1) + text(source.address.host);
}
std::size_t size_of(const Ticket& ticket) {
  return node(1, 1) + text(ticket.text);
}
std::size_t size_of(const Error& error) {
  return node(2, 1) + people(error.message);
}
std::size_t size_of(const VersionFacts& facts) {
  return node(3, 4) + kDigest + text(facts.bucket_name) + text(facts.key) + node(2, 2) +
         text(facts.origin.url) + text(facts.origin.etag);
}

std::size_t size_of(const OpenRequested& event) {
  return node(4, 3) + text(event.bucket) + text(event.key) + (event.pinned ? kDigest : 0);
}
std::size_t size_of(const WindowMoved&) {
  return node(2, 0);
}
std::size_t size_of(const OpenClosed&) {
  return node(1, 0);
}
std::size_t size_of(const ChunkProgressed&) {
  return node(1, 1) + kAssignment;
}
std::size_t size_of(const ChunkVerified& event) {
  return node(3, 4) + kAssignment + kDigest + size_of(event.source) + (event.root ? kDigest : 0);
}
std::size_t size_of(const SourceFailed& event) {
  return node(2, 3) + kAssignment + kDigest + size_of(event.source);
}
std::size_t size_of(const AssignmentFailed& event) {
  return node(2, 4) + kAssignment + kDigest + size_of(event.source) + people(event.detail);
}
std::size_t size_of(const ChunksDropped&) {
  return kRun;
}
std::size_t size_of(const EvictionDeferred&) {
  return kRun;
}
std::size_t size_of(const NameResolved& event) {
  return node(2, 1) + (event.facts ? size_of(*event.facts) : size_of(event.error));
}
std::size_t size_of(const StoreResized&) {
  return node(2, 0);
}
std::size_t size_of(const Leaving&) {
  return node(1, 0);
}

std::size_t size_of(const SetLimits&) {
  return kLimits;
}
std::size_t size_of(const Cancel&) {
  return kAssignment;
}
std::size_t size_of(const Evict&) {
  return node(0, 2) + kRun + kReason;
}
std::size_t size_of(const Describe& command) {
  return size_of(*command.facts);
}
std::size_t size_of(const Opened& command) {
  return node(2, 2) + kDigest + size_of(command.ticket);
}
std::size_t size_of(const OpenEnded& command) {
  return node(1, 1) + size_of(command.error);
}
std::size_t size_of(const Resolve& command) {
  return node(2, 3) + text(command.bucket_name) + text(command.key) + text(command.url);
}
std::size_t size_of(const Assign& command) {
  std::size_t bytes = node(3, 6) + kAssignment + kDigest + size_of(command.source) +
                      (command.root ? kDigest : 0) + kReason;
  if (!command.fallbacks.empty()) bytes += 8;  // the list's tag
  for (const Source& fallback : command.fallbacks) bytes += size_of(fallback);
  return bytes;
}

std::size_t size_of(const ShowWait&) {
  return node(3, 0);
}
std::size_t size_of(const ListTrackers& command) {
  std::size_t bytes = node(1, 1) + 8;  // and the list's tag
  for (const TrackerListed& tracker : *command.trackers)
    bytes += node(1, 2) + node(1, 1) + text(tracker.address.host) + text(tracker.region);
  return bytes;
}

template <class Item>
std::size_t in_slot(const Item& item) {
  return kSlot + std::visit([](const auto& member) { return size_of(member); }, item);
}

}  // namespace

std::size_t wire_bytes_estimate(const Event& event) {
  return in_slot(event);
}

std::size_t wire_bytes_estimate(const Command& command) {
  return in_slot(command);
}

std::size_t wire_bytes_estimate(const InventoryEntry& entry) {
  std::size_t words = entry.chunks.words().size() + entry.in_memory.words().size();
  std::size_t bytes =
      node(4, 5) + kDigest + words * sizeof(uint64_t) + entry.roots.size() * Digest::kSize;
  if (!entry.underway.empty()) bytes += node(1, 0);  // the list's tag
  for (const ChunkUnderway& one : entry.underway) bytes += node(1, 1) + size_of(one.source);
  return bytes;
}

}  // namespace tyto
