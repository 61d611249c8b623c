// Every chunk of every object, numbered, and who holds which.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "schema/messages/common.h"
#include "sim/models/content.h"

namespace tyto::sim::fleet {

// Objects are laid out one after the other, each from a whole word of the bitmaps on.
//
// Purity: pure. Bounds: a bit a node and chunk.
class Chunks {
 public:
  struct Object {
    VersionFactsRef facts;
    uint32_t first = 0;
    uint32_t count = 0;
  };

  void add(const VersionFactsRef& facts) {
    uint32_t count = facts->chunking.chunk_count();
    by_version_[facts->id] = static_cast<uint32_t>(objects_.size());
    objects_.push_back({facts, words_ * 64, count});
    words_ += (count + 63) / 64;
    for (uint32_t i = 0; i < (count + 63) / 64 * 64; ++i) {
      object_of_.push_back(static_cast<uint32_t>(objects_.size() - 1));
      roots_.push_back(root_of(right_content({facts->id, ChunkIndex(i)})));
    }
  }
  void set_nodes(uint32_t nodes) { held_.assign(std::size_t{nodes} * words_, 0); }

  const Object& object(uint32_t index) const { return objects_[index]; }
  uint32_t object_count() const { return static_cast<uint32_t>(objects_.size()); }
  uint32_t object_of(uint32_t chunk) const { return object_of_[chunk]; }
  uint32_t size() const { return static_cast<uint32_t>(roots_.size()); }
  // Requires: the version is one of the objects'.
  uint32_t number(const VersionId& version, uint32_t index) const {
    return objects_[by_version_.at(version)].first + index;
  }
  uint32_t length(uint32_t chunk) const {
    const Object& object = objects_[object_of_[chunk]];
    return object.facts->chunking.length_of(ChunkIndex(chunk - object.first));
  }
  ChunkId id(uint32_t chunk) const {
    const Object& object = objects_[object_of_[chunk]];
    return {object.facts->id, ChunkIndex(chunk - object.first)};
  }
  const Digest& root(uint32_t chunk) const { return roots_[chunk]; }

  bool holds(uint32_t node, uint32_t chunk) const {
    return (held_[word(node, chunk)] >> (chunk % 64) & 1) != 0;
  }
  // Fetches into the caches what holds() will look at.
  void look_ahead(uint32_t node, uint32_t chunk) const {
    __builtin_prefetch(&held_[word(node, chunk)]);
  }
  void set(uint32_t node, uint32_t chunk) {
    held_[word(node, chunk)] |= uint64_t{1} << (chunk % 64);
  }
  void reset(uint32_t node, uint32_t chunk) {
    held_[word(node, chunk)] &= ~(uint64_t{1} << (chunk % 64));
  }
  void reset_all(uint32_t node) {
    for (uint32_t i = 0; i < words_; ++i) held_[std::size_t{node} * words_ + i] = 0;
  }
  uint32_t count(uint32_t node, uint32_t object) const {
    uint32_t held = 0;
    const Object& which = objects_[object];
    for (uint32_t i = 0; i < (which.count + 63) / 64; ++i)
      held += static_cast<uint32_t>(std::popcount(held_[word(node, which.first) + i]));
    return held;
  }

 private:
  std::size_t word(uint32_t node, uint32_t chunk) const {
    return std::size_t{node} * words_ + chunk / 64;
  }
  std::vector<Object> objects_;
  std::unordered_map<VersionId, uint32_t> by_version_;  // looked up, never walked
  std::vector<uint32_t> object_of_;
  std::vector<Digest> roots_;
  std::vector<uint64_t> held_;
  uint32_t words_ = 0;
};

}  // namespace tyto::sim::fleet
