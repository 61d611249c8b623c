// SHA-256 of bytes and of blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/digest.h"
#include "base/limits.h"

namespace tyto::io {

// SHA-256 of bytes that lie in one piece. Threads: any.
Digest sha256(std::span<const std::byte> bytes);
Digest sha256(std::string_view bytes);

// SHA-256 of bytes that come in pieces.
//
// Threads: confined to one at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(std::span<const std::byte> bytes);
  // The digest of all that came since the start, or since the last finish(); starts anew.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// What computes the hashes of many blocks.
enum class BlockHasher : uint8_t {
  kBest,     // several blocks at once by libipsec-mb where the processor allows, else OpenSSL
  kOpenSsl,  // one block after the other
};

// Blocks of 16 KiB in `bytes_count` bytes, the last of which may be short.
constexpr std::size_t block_count(std::size_t bytes_count) {
  return (bytes_count + kBlockBytes - 1) / kBlockBytes;
}

// SHA-256 of each block of `bytes`: out[i] is that of the bytes from i * 16 KiB on. Fastest with
// a multiple of 16 blocks at a time, or, where the processor has SHA instructions but no AVX-512,
// with an even number. Threads: any; each thread keeps about 200 KiB of its own for it.
// Requires: out.size() == block_count(bytes.size()).
void hash_blocks(std::span<const std::byte> bytes, std::span<Digest> out,
                 BlockHasher hasher = BlockHasher::kBest);

}  // namespace tyto::io
