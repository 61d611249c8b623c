// An open object of Tyto's peer library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "base/wait.h"

namespace tyto {

class ObjectState;

// In which order an object is fetched.
enum class FetchOrder : uint8_t {
  kAsRead,  // a window ahead of each reader; objects larger than the store can be read
  kAny,     // all of it, in the order that serves the fleet best: the fastest way to have it whole
};

struct OpenOptions {
  FetchOrder order = FetchOrder::kAsRead;
  // This version and no other: 64 hexadecimal digits, as Object::version() gives them. Empty: the
  // one that the name stands for now.
  std::string version;
  // How far ahead of a reader chunks are fetched, in bytes, for kAsRead. More hides latency and
  // takes more of the store.
  uint64_t readahead_bytes = 16 << 20;
};

// How far an object is, in bytes. What came with an earlier run is `from_store`.
struct Progress {
  uint64_t total_bytes = 0;
  uint64_t done_bytes = 0;
  uint64_t from_store = 0;
  uint64_t from_peers = 0;
  uint64_t from_superpeers = 0;
  uint64_t from_origin = 0;
  // What it waits for, if the tracker said that nothing comes for a while.
  Wait wait;
};

// A handle on one version of an object. It never shows bytes of another version, whatever happens
// to the name or at the origin meanwhile.
//
// Threads:   synchronised; several threads may read at once, each at its own place. cancel() may
//            be called from any thread and makes all waits end with kCancelled.
// Ownership: closes itself when destroyed.
// Errors:    reads fail with kConflict (the origin's object changed and nobody holds the rest),
//            kUnavailable, kTimedOut, kNoSpace, kCancelled; once failed, it stays failed.
class Object {
 public:
  Object(Object&&) noexcept;
  Object& operator=(Object&&) noexcept;
  ~Object();

  uint64_t size() const;        // bytes
  std::string version() const;  // 64 hexadecimal digits
  uint32_t chunk_bytes() const;

  // Fills `out` from `offset` on, waiting for what is not there yet. Returns the bytes read: less
  // than asked for only at the end of the object, 0 past it.
  Result<std::size_t> read(uint64_t offset, std::span<std::byte> out);
  // The same from where the last next() ended: a stream in order. No more than readahead_bytes are
  // fetched ahead of what was taken. One thread at a time.
  Result<std::size_t> next(std::span<std::byte> out);
  // Fetches all of it and writes it to `path`, which appears whole, at once, in place of what was
  // there. `progress` is called on the calling thread, about ten times a second and at the end.
  Result<void> save(const std::string& path,
                    const std::function<void(const Progress&)>& progress = {});

  void cancel();
  Progress progress() const;

 private:
  friend class Peer;
  explicit Object(std::shared_ptr<ObjectState> state);
  std::shared_ptr<ObjectState> state_;
};

}  // namespace tyto
