// Our Merkle trees against libtorrent's, an independent implementation of BEP 52.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <libtorrent/bencode.hpp>
#include <libtorrent/create_torrent.hpp>
#include <libtorrent/torrent_info.hpp>
#include <vector>

#include "base/rng.h"
#include "io/hash/merkle.h"
#include "io/hash/sha256.h"

namespace tyto::io {
namespace {

std::vector<std::byte> random_bytes(uint64_t count) {
  Rng rng(count);
  std::vector<std::byte> bytes(count);
  for (auto& byte : bytes) byte = static_cast<std::byte>(rng.next32());
  return bytes;
}

// What libtorrent says of a file with these bytes in pieces of the given size.
struct Theirs {
  Digest root;
  std::vector<Digest> pieces;  // none for a file of one piece
};

Theirs ask_libtorrent(const std::vector<std::byte>& bytes, uint32_t piece_bytes) {
  auto pattern = std::filesystem::temp_directory_path() / "tyto-merkle-XXXXXX";
  std::string folder = pattern.string();
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  std::string path = folder + "/object";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  lt::file_storage files;
  lt::add_files(files, path);
  lt::create_torrent torrent(files, static_cast<int>(piece_bytes), lt::create_torrent::v2_only);
  lt::error_code error;
  lt::set_piece_hashes(torrent, folder, error);
  EXPECT_FALSE(error) << error.message();
  std::vector<char> encoded;
  lt::bencode(std::back_inserter(encoded), torrent.generate());
  lt::torrent_info info(encoded, lt::from_span);
  Theirs theirs;
  auto root = info.files().root(lt::file_index_t(0));
  std::copy(root.begin(), root.end(), reinterpret_cast<char*>(theirs.root.bytes.data()));
  auto layer = info.piece_layer(lt::file_index_t(0));
  for (std::ptrdiff_t at = 0; at + 32 <= layer.size(); at += 32) {
    Digest piece;
    std::copy_n(layer.data() + at, 32, reinterpret_cast<char*>(piece.bytes.data()));
    theirs.pieces.push_back(piece);
  }
  std::filesystem::remove_all(folder);
  return theirs;
}

void compare(uint64_t object_bytes, uint32_t chunk_bytes) {
  SCOPED_TRACE(testing::Message() << object_bytes << " bytes in chunks of " << chunk_bytes);
  auto bytes = random_bytes(object_bytes);
  Chunking chunking{object_bytes, chunk_bytes};
  std::vector<Digest> roots;
  for (uint32_t i = 0; i < chunking.chunk_count(); ++i) {
    ChunkIndex chunk(i);
    roots.push_back(chunk_root_of_bytes(
        chunking, chunk,
        std::span(bytes).subspan(chunking.offset_of(chunk), chunking.length_of(chunk))));
  }
  Theirs theirs = ask_libtorrent(bytes, chunk_bytes);
  EXPECT_EQ(pieces_root_of(chunking, roots), theirs.root);
  if (roots.size() > 1) {
    EXPECT_EQ(roots, theirs.pieces);
  }
}

TEST(Libtorrent, AgreesOnObjectsOfOneChunk) {
  for (uint64_t size : {1u, 16383u, 16384u, 16385u, 3 * 16384u, 5 * 16384u - 1})
    compare(size, kChunkBytesMin);
}

TEST(Libtorrent, AgreesAroundTheBoundaryOfAChunk) {
  for (int64_t tail : {-16385, -1, 0, 1, 16383, 16384, 16385})
    compare(static_cast<uint64_t>(kChunkBytesMin + tail), kChunkBytesMin);
}

TEST(Libtorrent, AgreesOnSeveralChunksWithOddTails) {
  for (uint64_t chunks : {2u, 3u, 4u, 5u, 9u})
    for (uint64_t tail : {0u, 1u, 40'000u}) compare(chunks * kChunkBytesMin + tail, kChunkBytesMin);
}

TEST(Libtorrent, AgreesOnOtherChunkSizes) {
  compare(3 * kBlockBytes + 5, kBlockBytes);
  compare(5 * kMiB + 12345, kMiB);
  compare(9 * kMiB + 1, 4 * kMiB);
}

}  // namespace
}  // namespace tyto::io
