// Our manifests against libtorrent's torrents: the same bytes, hence the same ids.
#include <gtest/gtest.h>

#include <fstream>
#include <libtorrent/bencode.hpp>
#include <libtorrent/create_torrent.hpp>
#include <libtorrent/error_code.hpp>
#include <libtorrent/file_storage.hpp>
#include <libtorrent/torrent_info.hpp>
#include <set>

#include "io/hash/sha256.h"
#include "schema/manifest/manifest.h"
#include "tests/schema/manifest/objects.h"
#include "tests/support/temp_folder.h"

namespace tyto {
namespace {

struct Case {
  uint64_t size;
  uint32_t chunk_bytes;
};

// Sizes at and around the edges of blocks and chunks, for three sizes of chunks.
std::vector<Case> cases() {
  std::vector<Case> cases;
  for (uint32_t chunk : {uint32_t{kBlockBytes}, uint32_t{4 * kBlockBytes}, kChunkBytesMin}) {
    const uint64_t block = kBlockBytes;
    std::set<uint64_t> sizes = {1, block - 1, block, block + 1};
    for (uint64_t chunks : {1, 2, 3, 4, 5}) {
      sizes.insert({chunks * chunk - 1, chunks * chunk, chunks * chunk + 1});
    }
    sizes.insert(uint64_t{7} * chunk + 40'000);
    for (uint64_t size : sizes) cases.push_back({size, chunk});
  }
  cases.push_back({uint64_t{kMiB} * 5 + 12'345, kMiB});
  return cases;
}

void write_file(const std::string& path, const std::vector<std::byte>& bytes) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

// The torrent file that libtorrent makes of a file.
std::string made_by_libtorrent(const std::string& folder, const std::string& name,
                               uint32_t chunk_bytes, lt::error_code& error) {
  lt::file_storage files;
  lt::add_files(files, folder + "/" + name);
  lt::create_torrent torrent(files, static_cast<int>(chunk_bytes), lt::create_torrent::v2_only);
  lt::set_piece_hashes(torrent, folder, error);
  if (error) return {};
  std::string text;
  lt::bencode(std::back_inserter(text), torrent.generate());
  return text;
}

lt::torrent_info loaded_by_libtorrent(const std::string& text) {
  return lt::torrent_info(
      lt::span<const char>(text.data(), static_cast<std::ptrdiff_t>(text.size())), lt::from_span);
}

std::string id_by_libtorrent(const lt::torrent_info& info) {
  return info.info_hashes().v2.to_string();
}

std::string as_text(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), Digest::kSize};
}

std::string as_text(const std::vector<Digest>& digests) {
  std::string text;
  for (const Digest& digest : digests) text += as_text(digest);
  return text;
}

class AgainstLibtorrent : public testing::TestWithParam<Case> {
 protected:
  AgainstLibtorrent()
      : bytes_(objects::content(GetParam().size)),
        ours_(objects::manifest_of("some file.bin", bytes_, GetParam().chunk_bytes)) {}
  std::vector<std::byte> bytes_;
  Manifest ours_;
};

TEST_P(AgainstLibtorrent, ItsTorrentReadsAsOurManifestWithTheSameId) {
  support::TempFolder folder;
  write_file(folder.file(ours_.name), bytes_);
  lt::error_code error;
  std::string text = made_by_libtorrent(folder.path(), ours_.name, GetParam().chunk_bytes, error);
  ASSERT_FALSE(error) << error.message();
  Result<Torrent> theirs = parse_torrent(text);
  ASSERT_TRUE(theirs.ok()) << theirs.error().message;
  EXPECT_TRUE(theirs->manifest == ours_);
  EXPECT_EQ(theirs->info, info_dictionary(ours_));
  EXPECT_EQ(id_by_libtorrent(loaded_by_libtorrent(text)), as_text(io::sha256(theirs->info)));
}

TEST_P(AgainstLibtorrent, OurTorrentLoadsThereWithTheSameRootsAndId) {
  std::string info = info_dictionary(ours_);
  lt::torrent_info loaded = loaded_by_libtorrent(write_torrent({ours_, info}));
  EXPECT_TRUE(loaded.v2());
  EXPECT_FALSE(loaded.v1());
  lt::file_index_t file(0);
  EXPECT_EQ(loaded.files().file_size(file), static_cast<int64_t>(GetParam().size));
  // Where pieces are single blocks, libtorrent makes up padding behind the file.
  if (loaded.num_files() > 1) {
    EXPECT_TRUE(loaded.files().pad_file_at(lt::file_index_t(1)));
  }
  EXPECT_EQ(loaded.piece_length(), static_cast<int>(GetParam().chunk_bytes));
  EXPECT_EQ(loaded.num_pieces(), static_cast<int>(ours_.chunking.chunk_count()));
  EXPECT_EQ(id_by_libtorrent(loaded), as_text(io::sha256(info)));
  EXPECT_EQ(loaded.files().root(file).to_string(), as_text(ours_.pieces_root));
  auto layer = loaded.piece_layer(file);
  // libtorrent answers the root itself for files of one piece.
  EXPECT_EQ(std::string(layer.begin(), layer.end()), as_text(ours_.chunk_roots));
}

INSTANTIATE_TEST_SUITE_P(Sizes, AgainstLibtorrent, testing::ValuesIn(cases()),
                         [](const testing::TestParamInfo<Case>& one) {
                           return std::to_string(one.param.size) + "In" +
                                  std::to_string(one.param.chunk_bytes);
                         });

// So the bytes of ours are held to hand-written ones, in manifest_test.cpp.
TEST(AgainstLibtorrentEmpty, LibtorrentMakesNoTorrentOfAnEmptyFile) {
  support::TempFolder folder;
  write_file(folder.file("empty"), {});
  lt::error_code error;
  made_by_libtorrent(folder.path(), "empty", kChunkBytesMin, error);
  EXPECT_TRUE(error);
}

TEST(AgainstLibtorrentHybrid, AHybridOfOneFileIsReadByItsSecondHalf) {
  support::TempFolder folder;
  std::vector<std::byte> bytes = objects::content(kChunkBytesMin * 2 + 5);
  write_file(folder.file("hybrid"), bytes);
  lt::file_storage files;
  lt::add_files(files, folder.file("hybrid"));
  lt::create_torrent torrent(files, kChunkBytesMin);
  lt::error_code error;
  lt::set_piece_hashes(torrent, folder.path(), error);
  ASSERT_FALSE(error) << error.message();
  std::string text;
  lt::bencode(std::back_inserter(text), torrent.generate());
  Result<Torrent> read = parse_torrent(text);
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->manifest == objects::manifest_of("hybrid", bytes, kChunkBytesMin));
  EXPECT_EQ(id_by_libtorrent(loaded_by_libtorrent(text)), as_text(io::sha256(read->info)));
}

}  // namespace
}  // namespace tyto
