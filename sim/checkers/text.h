// How checkers name things.
#pragma once

#include <string>

#include "sim/world/scenario.h"

namespace tyto::sim {

inline std::string text(NodeId node) {
  return "node " + std::to_string(node.value());
}
inline std::string text(const ChunkId& chunk) {
  return "chunk " + std::to_string(chunk.index.value()) + " of " + chunk.version.short_hex();
}
inline std::string text_of_read(uint32_t read) {
  return "read " + std::to_string(read);
}

}  // namespace tyto::sim
