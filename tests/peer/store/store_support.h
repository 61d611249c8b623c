// Objects made of reproducible bytes, and how tests put them into a store and look at them.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/rng.h"
#include "io/hash/merkle.h"
#include "io/hash/sha256.h"
#include "peer/store/chunk_store.h"
#include "tests/support/temp_folder.h"

namespace tyto::peer {

using support::Medium;
using support::TempFolder;

// An object whose bytes follow from its seed.
struct TestObject {
  VersionFactsRef facts;
  uint64_t seed = 0;

  static TestObject make(uint64_t object_bytes, uint32_t chunk_bytes = kBlockBytes,
                         uint64_t seed = 1) {
    auto facts = std::make_shared<VersionFacts>();
    facts->id.digest = io::sha256("version " + std::to_string(seed));
    facts->bucket = BucketId(7);
    facts->bucket_name = "models";
    facts->key = "a key/with größe " + std::to_string(seed);
    facts->chunking = {object_bytes, chunk_bytes};
    facts->is_published = seed % 2 == 0;
    facts->origin.url = "http://origin/" + std::to_string(seed);
    facts->origin.etag = "\"abc\"";
    if (seed % 3 != 0) facts->origin.modified = WallTime::from_unix_s(1'700'000'000);
    return {std::move(facts), seed};
  }
  const VersionId& id() const { return facts->id; }
  ChunkId chunk_id(uint32_t chunk) const { return {id(), ChunkIndex(chunk)}; }
  uint32_t chunk_count() const { return facts->chunking.chunk_count(); }

  std::vector<std::byte> bytes(uint32_t chunk) const {
    Rng rng(seed, chunk);
    std::vector<std::byte> bytes(facts->chunking.length_of(ChunkIndex(chunk)));
    for (auto& byte : bytes) byte = static_cast<std::byte>(rng.next32());
    return bytes;
  }
  std::vector<Digest> leaves(uint32_t chunk) const {
    auto content = bytes(chunk);
    std::vector<Digest> leaves(io::block_count(content.size()));
    io::hash_blocks(content, leaves);
    return leaves;
  }
  Digest root(uint32_t chunk) const {
    return io::chunk_root_of(facts->chunking, ChunkIndex(chunk), leaves(chunk));
  }
};

// All that is written of a chunk, and its commit.
inline Result<void> fill(ChunkWriter& writer, const TestObject& object, uint32_t chunk) {
  if (auto done = writer.set_leaves(object.leaves(chunk)); !done) return done;
  auto bytes = object.bytes(chunk);
  for (uint32_t at = 0; at < bytes.size(); at += kBlockBytes) {
    auto block =
        std::span(bytes).subspan(at, std::min<std::size_t>(kBlockBytes, bytes.size() - at));
    if (auto done = writer.write(at, block); !done) return done;
  }
  return writer.commit(object.root(chunk));
}

// The whole way of a chunk into the store. The version must have been remembered.
inline Result<void> put(ChunkStore& store, const TestObject& object, uint32_t chunk) {
  auto writer = store.begin(object.id(), ChunkIndex(chunk));
  if (!writer) return writer.error();
  return fill(**writer, object, chunk);
}

inline void put_all(ChunkStore& store, const TestObject& object) {
  ASSERT_TRUE(store.remember(object.facts).ok());
  for (uint32_t i = 0; i < object.chunk_count(); ++i) {
    auto done = put(store, object, i);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
}

// Whether the view shows the chunk as it should be, leaves and root included.
inline bool is_right(const ChunkView& view, const TestObject& object, uint32_t chunk) {
  std::vector<std::byte> bytes(view.size());
  auto leaves = view.leaves();
  return view.read(0, bytes).ok() && bytes == object.bytes(chunk) && leaves.ok() &&
         *leaves == object.leaves(chunk) && view.root() == object.root(chunk);
}

inline bool holds(const ChunkStore& store, const TestObject& object, uint32_t chunk) {
  return store.find(object.chunk_id(chunk)) != nullptr;
}

// "##.#" for an object of four chunks without the third. Checks that every chunk held is right, and
// that find(), inventory() and usage() tell the same.
inline std::string picture(const ChunkStore& store, const TestObject& object) {
  std::string picture;
  for (uint32_t i = 0; i < object.chunk_count(); ++i) {
    auto view = store.find(object.chunk_id(i));
    picture += view == nullptr ? '.' : '#';
    if (view != nullptr) {
      EXPECT_TRUE(is_right(*view, object, i)) << "chunk " << i;
    }
  }
  std::string listed(object.chunk_count(), '.');
  for (const auto& entry : store.inventory()) {
    if (entry.version != object.id()) continue;
    EXPECT_EQ(entry.chunking, object.facts->chunking);
    EXPECT_EQ(entry.roots.size(), entry.chunks.count());
    std::size_t nth = 0;
    for (uint32_t i = entry.chunks.next_set(0); i < object.chunk_count();
         i = entry.chunks.next_set(i + 1)) {
      listed[i] = '#';
      EXPECT_EQ(entry.roots.at(nth++), object.root(i));
    }
  }
  EXPECT_EQ(picture, listed);
  return picture;
}

inline std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

inline std::string object_text(const TestObject& object) {
  std::string text;
  for (uint32_t i = 0; i < object.chunk_count(); ++i)
    for (std::byte byte : object.bytes(i)) text += static_cast<char>(byte);
  return text;
}

}  // namespace tyto::peer
