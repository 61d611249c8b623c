// What an open object knows: shared between the threads that read it and the loop.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "peer/engine/peer_runtime.h"
#include "tyto/object.h"

namespace tyto {

// One open object with its handles at the engine: the first, and one more for each further place
// that is read at the same time.
//
// Threads: synchronised.
class ObjectState : public std::enable_shared_from_this<ObjectState> {
 public:
  ObjectState(std::shared_ptr<PeerRuntime> runtime, std::string bucket, std::string key,
              OpenOptions options);
  ~ObjectState();

  // Opens the first handle and waits for the answer.
  Result<void> open();
  Result<std::size_t> read(uint64_t offset, std::span<std::byte> out);
  Result<std::size_t> next(std::span<std::byte> out);
  Result<void> save(const std::string& path, const std::function<void(const Progress&)>& progress);
  void cancel();
  Progress progress() const;
  const VersionFacts& facts() const { return *facts_; }

 private:
  // A handle at the engine, used by one reader at a time.
  struct Handle {
    OpenId id;
    uint32_t window_first = 0;
    uint32_t window_count = 0;
  };

  OpenRequested request_of(ReadMode mode) const;
  peer::OpenHandlers handlers();
  OpenId ask_open(ReadMode mode);
  Handle take_handle();
  void give_back(Handle handle);
  void move_window(Handle& handle, uint32_t chunk);
  Result<std::shared_ptr<const peer::ChunkView>> wait_chunk(Handle& handle, ChunkIndex chunk);
  Result<void> read_pieces(Handle& handle, uint64_t offset, std::span<std::byte> out);
  Result<void> wait_whole(const std::function<void(const Progress&)>& progress);
  Result<void> write_whole(const std::string& path);
  Result<void> write_chunks(const std::string& path);
  Result<void> stream_to(const std::string& path,
                         const std::function<void(const Progress&)>& progress);
  bool facts_known() const;
  uint64_t arrivals() const;
  // Lent where the object's chunks will be kept.
  uint64_t room() const;
  // As far as is counted: what was dropped meanwhile is counted still. Requires: the mutex is held.
  bool has_all_come() const { return progress_.done_bytes >= progress_.total_bytes; }
  uint64_t stored_bytes(const VersionFacts& facts) const;
  void fail(const Error& error);

  const std::shared_ptr<PeerRuntime> runtime_;
  const std::string bucket_;
  const std::string key_;
  const OpenOptions options_;
  VersionFactsRef facts_;  // set once by open(), before anything else is called

  mutable std::mutex mutex_;  // guards the following
  std::condition_variable changed_;
  std::optional<Error> error_;
  VersionFactsRef answered_;
  Medium medium_ = Medium::kDisk;
  uint64_t arrivals_ = 0;  // counts chunks that came in
  int chunk_waits_ = 0;    // readers that wait for one of them
  Progress progress_;
  std::vector<Handle> idle_;
  std::vector<OpenId> handles_;
  bool is_fetching_all_ = false;
  uint64_t next_offset_ = 0;
};

}  // namespace tyto
