// Objects of given sizes with their manifests, hashed by `io/hash`.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/rng.h"
#include "io/hash/merkle.h"
#include "schema/manifest/manifest.h"

namespace tyto::objects {

inline std::vector<std::byte> content(uint64_t size) {
  Rng rng(size);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.next32());
  return bytes;
}

inline Manifest manifest_of(const std::string& name, const std::vector<std::byte>& bytes,
                            uint32_t chunk_bytes) {
  Manifest manifest{name, {bytes.size(), chunk_bytes}, {}, {}};
  for (uint32_t i = 0; i < manifest.chunking.chunk_count(); ++i) {
    ChunkIndex chunk(i);
    auto part = std::span(bytes).subspan(manifest.chunking.offset_of(chunk),
                                         manifest.chunking.length_of(chunk));
    manifest.chunk_roots.push_back(io::chunk_root_of_bytes(manifest.chunking, chunk, part));
  }
  manifest.pieces_root = io::pieces_root_of(manifest.chunking, manifest.chunk_roots);
  return manifest;
}

}  // namespace tyto::objects
