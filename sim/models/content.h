// What chunks contain, without their bytes.
#pragma once

#include <cstdint>

#include "base/digest.h"
#include "base/ids.h"
#include "base/rng.h"

namespace tyto::sim {

// Stands for a chunk's bytes: equal tags are equal bytes.
using ContentTag = Strong<struct ContentTagTag, uint64_t>;

// The bytes that a chunk of a version has by right.
inline ContentTag right_content(const ChunkId& chunk) {
  return ContentTag(mix64(chunk.version.digest.prefix() ^ mix64(chunk.index.value())));
}

// Bytes that somebody has spoilt.
inline ContentTag spoilt(ContentTag tag) {
  return ContentTag(mix64(~tag.value()));
}

// Never zero, as no hash of real content is.
inline Digest digest_of(uint64_t value, uint64_t kind) {
  Digest digest;
  for (std::size_t word = 0; word < 4; ++word) {
    uint64_t bits = mix64(value ^ mix64(kind * 4 + word));
    for (std::size_t i = 0; i < 8; ++i)
      digest.bytes[word * 8 + i] = static_cast<uint8_t>(bits >> (56 - 8 * i));
  }
  return digest;
}

// What hashing those bytes gives.
inline Digest root_of(ContentTag tag) {
  return digest_of(tag.value(), 1);
}

}  // namespace tyto::sim
