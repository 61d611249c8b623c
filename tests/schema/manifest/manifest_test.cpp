#include "schema/manifest/manifest.h"

#include <gtest/gtest.h>

#include "io/hash/sha256.h"
#include "schema/manifest/bencode.h"
#include "tests/schema/manifest/objects.h"

namespace tyto {
namespace {

constexpr uint32_t kChunk = kChunkBytesMin;

Manifest small_manifest() {
  return objects::manifest_of("a b", objects::content(5), kChunk);
}
Manifest large_manifest() {
  return objects::manifest_of("large", objects::content(2 * kChunk + 1), kChunk);
}

TEST(Manifest, NameIsTheKeysLastComponent) {
  EXPECT_EQ(name_of_key("weights.bin"), "weights.bin");
  EXPECT_EQ(name_of_key("a/b c/\xc3\xb6.bin"), "\xc3\xb6.bin");
}

TEST(Manifest, RefusesWhatContradictsItself) {
  EXPECT_TRUE(check_manifest(small_manifest()).ok());
  EXPECT_TRUE(check_manifest(large_manifest()).ok());
  EXPECT_TRUE(check_manifest(objects::manifest_of("e", {}, kChunk)).ok());
  auto refused = [](Manifest manifest, auto change) {
    change(manifest);
    Result<void> checked = check_manifest(manifest);
    return !checked && checked.error().code == ErrorCode::kInvalidArgument;
  };
  for (const char* name : {"", ".", "..", "a/b", "/"}) {
    EXPECT_TRUE(refused(small_manifest(), [&](Manifest& m) { m.name = name; })) << name;
  }
  EXPECT_TRUE(refused(small_manifest(), [](Manifest& m) { m.name = std::string("a\0", 2); }));
  EXPECT_TRUE(refused(small_manifest(), [](Manifest& m) { m.name = std::string(256, 'n'); }));
  EXPECT_TRUE(refused(small_manifest(), [](Manifest& m) { m.chunking.chunk_bytes = 3; }));
  EXPECT_TRUE(refused(small_manifest(), [](Manifest& m) { m.chunk_roots.clear(); }));
  EXPECT_TRUE(refused(large_manifest(), [](Manifest& m) { m.chunk_roots.pop_back(); }));
  EXPECT_TRUE(refused(small_manifest(), [](Manifest& m) { m.pieces_root = Digest{}; }));
  EXPECT_TRUE(refused(small_manifest(), [](Manifest& m) { m.pieces_root.bytes[0] ^= 1; }));
}

TEST(Manifest, EmptyObjectsHaveNoPiecesRoot) {
  // Written out by hand: these bytes, and so the version ids of empty objects, never change.
  EXPECT_EQ(info_dictionary(objects::manifest_of("none", {}, kChunk)),
            "d9:file treed4:noned0:d6:lengthi0eeee12:meta versioni2e4:name4:none12:piece length"
            "i262144ee");
}

TEST(Manifest, InfoDictionaryIsAsBep52Says) {
  Manifest manifest = small_manifest();
  std::string root(reinterpret_cast<const char*>(manifest.pieces_root.bytes.data()), 32);
  EXPECT_EQ(info_dictionary(manifest),
            "d9:file treed3:a bd0:d6:lengthi5e11:pieces root32:" + root +
                "eee12:meta versioni2e4:name3:a b12:piece lengthi262144ee");
}

TEST(Torrent, IsReadAsItWasWritten) {
  for (uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{kChunk}, uint64_t{kChunk} + 1,
                        uint64_t{kChunk} * 5 - 1}) {
    Manifest manifest = objects::manifest_of("file", objects::content(size), kChunk);
    Torrent torrent{manifest, info_dictionary(manifest)};
    Result<Torrent> read = parse_torrent(write_torrent(torrent));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->manifest, manifest);
    EXPECT_EQ(read->info, torrent.info);
  }
}

TEST(Torrent, InfoOfOthersIsKeptAsItStoodSoThatTheIdStays) {
  Manifest manifest = small_manifest();
  std::string info = info_dictionary(manifest);
  info.insert(info.size() - 1, "7:privatei1e");
  Result<Torrent> read = parse_torrent(write_torrent({manifest, info}));
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->manifest, manifest);
  EXPECT_EQ(read->info, info);
  EXPECT_NE(io::sha256(read->info), io::sha256(info_dictionary(manifest)));
}

// A torrent of one file whose parts a test replaces.
struct Parts {
  std::string file = "d6:lengthi5e11:pieces root32:" + std::string(32, 'r') + "e";
  std::string tree;  // empty: {"f": {"": file}}
  std::string version = "i2e";
  std::string name = "1:f";
  std::string piece_length = "i262144e";
  std::string layers = "de";
  std::string v1;  // keys between "piece length" and the end

  std::string text() const {
    std::string files = tree.empty() ? "d1:fd0:" + file + "ee" : tree;
    return "d4:infod9:file tree" + files + (version.empty() ? "" : "12:meta version" + version) +
           "4:name" + name + "12:piece length" + piece_length + v1 + "e12:piece layers" + layers +
           "e";
  }
};

void expect_refused(const Parts& parts, ErrorCode code, const std::string& what) {
  Result<Torrent> read = parse_torrent(parts.text());
  ASSERT_FALSE(read.ok()) << what;
  EXPECT_EQ(read.error().code, code) << read.error().message;
  EXPECT_NE(read.error().message.find(what), std::string::npos) << read.error().message;
}

TEST(Torrent, OfAnotherKindIsRefusedWithTheReason) {
  ASSERT_TRUE(parse_torrent(Parts{}.text()).ok());
  constexpr auto kOther = ErrorCode::kUnsupported;
  std::string file = Parts{}.file;
  expect_refused({.version = ""}, kOther, "BitTorrent v1");
  expect_refused({.version = "i3e"}, kOther, "'meta version' is not 2");
  expect_refused({.tree = "d1:fd0:" + file + "e1:gd0:" + file + "ee"}, kOther, "several files");
  expect_refused({.tree = "d1:fd1:gd0:" + file + "eee"}, kOther, "a folder");
  expect_refused({.name = "1:g"}, kOther, "a folder");
  expect_refused({.file = "d4:attr1:l6:lengthi5e11:pieces root32:" + std::string(32, 'r') + "e"},
                 kOther, "symbolic link");
  for (const char* length : {"i0e", "i-16384e", "i8192e", "i262145e", "i33554432e"}) {
    expect_refused({.piece_length = length}, kOther, "pieces of");
  }
  expect_refused(
      {.file = "d6:lengthi9223372036854775807e11:pieces root32:" + std::string(32, 'r') + "e"},
      kOther, "pieces of");
  Result<Torrent> v1 = parse_torrent(
      "d4:infod6:lengthi5e4:name1:f12:piece lengthi262144e6:pieces20:aaaaaaaaaaaaaaaaaaaaee");
  ASSERT_FALSE(v1.ok());
  EXPECT_EQ(v1.error().code, kOther);
}

TEST(Torrent, ThatIsBrokenIsRefusedWithThePlace) {
  constexpr auto kBroken = ErrorCode::kInvalidArgument;
  expect_refused({.tree = "de"}, kBroken, "'file tree'");
  expect_refused({.name = "i1e"}, kBroken, "'name'");
  expect_refused({.tree = "d0:d0:" + Parts{}.file + "ee", .name = "0:"}, kBroken, "name");
  expect_refused({.tree = "d2:..d0:" + Parts{}.file + "ee", .name = "2:.."}, kBroken, "name");
  expect_refused({.file = "de"}, kBroken, "'length'");
  expect_refused({.file = "d6:lengthi-1ee"}, kBroken, "'length'");
  expect_refused({.file = "d6:lengthi5ee"}, kBroken, "'pieces root'");
  expect_refused({.file = "d6:lengthi5e11:pieces root31:" + std::string(31, 'r') + "e"}, kBroken,
                 "'pieces root'");
  expect_refused({.file = "d6:lengthi0e11:pieces root32:" + std::string(32, 'r') + "e"}, kBroken,
                 "empty file");
  expect_refused({.file = "d6:lengthi5e11:pieces root32:" + std::string(32, '\0') + "e"}, kBroken,
                 "pieces root");
  std::string two_chunks = "d6:lengthi262145e11:pieces root32:" + std::string(32, 'r') + "e";
  expect_refused({.file = two_chunks}, kBroken, "'piece layers'");
  expect_refused({.file = two_chunks,
                  .layers = "d32:" + std::string(32, 'r') + "32:" + std::string(32, 'a') + "e"},
                 kBroken, "piece layer of 2");
  expect_refused({.piece_length = "1:x"}, kBroken, "'piece length'");
  for (const char* text : {"", "spam", "i1e", "le", "de", "d4:infoi1ee", "d4:infodee"}) {
    EXPECT_FALSE(parse_torrent(text).ok()) << text;
  }
}

TEST(Torrent, CutOrFlippedIsAnErrorOrASoundTorrent) {
  Manifest manifest = large_manifest();
  std::string whole = write_torrent({manifest, info_dictionary(manifest)});
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_torrent(std::string_view(whole).substr(0, size)).ok());
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string text = whole;
      text[at] = static_cast<char>(text[at] ^ (1 << bit));
      Result<Torrent> read = parse_torrent(text);
      if (read) {
        EXPECT_TRUE(check_manifest(read->manifest).ok());
      }
    }
  }
}

}  // namespace
}  // namespace tyto
