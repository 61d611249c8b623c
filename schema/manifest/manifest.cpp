#include "schema/manifest/manifest.h"

#include "base/assert.h"
#include "base/names.h"

namespace tyto {
namespace {

constexpr std::size_t kNameBytesMax = 255;  // what file systems take

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameBytesMax && name != "." && name != ".." &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

Result<void> refuse(const std::string& what) {
  return Error{ErrorCode::kInvalidArgument, "manifest: " + what};
}

}  // namespace

Result<void> check_manifest(const Manifest& manifest) {
  if (!is_file_name(manifest.name)) {
    return refuse("the name '" + printable(manifest.name, 80) +
                  "' cannot be a file's: expected 1 to 255 bytes without '/' and NUL, not '.' "
                  "or '..'");
  }
  if (!manifest.chunking.is_valid()) {
    return refuse(std::to_string(manifest.chunking.object_bytes) + " bytes in chunks of " +
                  std::to_string(manifest.chunking.chunk_bytes) +
                  ": expected chunks of a power of two, 16 KiB to 16 MiB, and at most " +
                  std::to_string(kChunksMax) + " of them");
  }
  uint32_t chunks = manifest.chunking.chunk_count();
  if (manifest.chunk_roots.size() != chunks) {
    return refuse("expected " + std::to_string(chunks) + " chunk roots, found " +
                  std::to_string(manifest.chunk_roots.size()));
  }
  if (manifest.pieces_root.is_zero() != (chunks == 0)) {
    return refuse("expected a pieces root unless the object is empty");
  }
  if (chunks == 1 && manifest.chunk_roots[0] != manifest.pieces_root) {
    return refuse("expected the only chunk's root to be the pieces root");
  }
  return {};
}

std::string_view name_of_key(std::string_view key) {
  return key.substr(key.rfind('/') + 1);
}

}  // namespace tyto
