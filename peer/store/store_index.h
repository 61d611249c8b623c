// The disk store's index: which chunks are whole, and the facts of their versions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/sqlite/database.h"
#include "schema/messages/common.h"

namespace tyto::peer {

// A SQLite file. Its commits outlast the process at once. They never wait for the disk, which may
// take a second while chunks are being written: when the machine itself falls, the file may be
// broken. It is then made anew, and what it told of is fetched again.
//
// Threads: confined to one at a time.
class StoreIndex {
 public:
  // A version's number in the index.
  using VersionNumber = int64_t;
  struct ChunkRow {
    uint32_t chunk = 0;
    Digest root;
  };
  struct VersionRow {
    VersionNumber number = 0;
    VersionFactsRef facts;
    std::vector<ChunkRow> chunks;  // by index
  };

  // `vfs` as in io::DatabaseOptions.
  static Result<std::unique_ptr<StoreIndex>> open(const std::string& path, const std::string& vfs);

  // Everything in it. Rows that make no sense are left out.
  Result<std::vector<VersionRow>> load();
  Result<VersionNumber> put_version(const VersionFacts& facts);
  Result<void> put_chunk(VersionNumber version, uint32_t chunk, const Digest& root);
  // Forgets the chunks [first, first + count).
  Result<void> remove_chunks(VersionNumber version, uint32_t first, uint32_t count);
  // Forgets a version with all its chunks.
  Result<void> remove_version(VersionNumber version);

  // Looks through the whole file; kCorrupt if it is broken.
  Result<void> check();

  // Whether what the index says can be believed without looking at the data.
  struct Trust {
    std::string boot_id;     // of the machine's run in which it was written
    bool is_synced = false;  // everything was on the disk, and nothing changed after
    bool operator==(const Trust&) const = default;
  };
  Result<Trust> trust();
  // With kFull, waits until the disk has it and all before.
  Result<void> set_trust(const Trust& trust, io::SqliteSync sync);

 private:
  explicit StoreIndex(std::unique_ptr<io::Database> database) : database_(std::move(database)) {}
  Result<void> prepare();
  Result<std::vector<VersionRow>> load_versions();
  Result<void> load_chunks(VersionRow& version);

  std::unique_ptr<io::Database> database_;
  std::optional<io::Statement> put_version_, put_chunk_, remove_chunks_, remove_version_;
};

}  // namespace tyto::peer
