// Objects that are files of this host, or of a file system it has mounted: file:///path.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "peer/origin/origin_reader.h"

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

struct FileOriginOptions {
  uint32_t threads = 2;  // files read at once; more helps network file systems
  std::string root =
      "/";  // nothing outside is read; symbolic links are followed wherever they lead
};

// The path that a file URL names: "file:///path" or "file://localhost/path", percent-decoded.
// Fails with kInvalidArgument for anything else, and for "." and ".." components, NUL, or a path
// outside `root`.
Result<std::string> path_of_file_url(std::string_view url, std::string_view root = "/");

// Reads regular files, on threads of its own. A version is pinned by size and modification time in
// nanoseconds, looked at before and after each chunk; a change within one tick of the file system's
// clock (4 ms or less) that keeps the size can go unnoticed there, but not against a known root.
// A file replaced by renaming is read to the end of the chunk from its old content.
//
// As OriginReader.
class FileOrigin final : public OriginReader {
 public:
  FileOrigin(io::Loop& loop, FileOriginOptions options = {});
  ~FileOrigin() override;

  void resolve(const std::string& url, Resolved resolved) override;
  uint64_t fetch(OriginFetch fetch, std::unique_ptr<ChunkWriter> writer,
                 TransferEvents events) override;
  void cancel(uint64_t fetch) override;
  OriginStats stats() const override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::peer
