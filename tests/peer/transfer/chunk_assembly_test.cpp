#include "peer/transfer/chunk_assembly.h"

#include <gtest/gtest.h>

#include "peer/transfer/failure.h"
#include "tests/support/chunk_fixture.h"

namespace tyto::peer {
namespace {

using support::logging_writer;
using support::make_object;
using support::TestObject;
using support::WriterLog;

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Appends in pieces of `piece` bytes; the first error ends it.
Result<void> feed(ChunkAssembly& assembly, std::string_view bytes, std::size_t piece) {
  while (!bytes.empty()) {
    auto part = bytes.substr(0, piece);
    if (auto taken = assembly.append(as_bytes(part)); !taken) return taken;
    bytes.remove_prefix(part.size());
  }
  return {};
}

TEST(ChunkAssembly, WritesWhatItIsGivenWhateverThePieces) {
  for (uint64_t size : {uint64_t{1}, uint64_t{kBlockBytes - 1}, uint64_t{kBlockBytes},
                        uint64_t{kBlockBytes + 1}, 300 * kKiB + 7, 1 * kMiB, 1 * kMiB + 1}) {
    TestObject object = make_object(size, size, 2 * kMiB);
    for (std::size_t piece : {std::size_t{1000}, std::size_t{kBlockBytes}, std::size_t{100'000},
                              std::size_t{262'144}, std::size_t{300'001}, std::size_t{4 * kMiB}}) {
      auto log = std::make_shared<WriterLog>();
      ChunkAssembly assembly(object.facts->chunking, ChunkIndex(0), object.roots[0],
                             logging_writer(log));
      ASSERT_TRUE(feed(assembly, object.bytes, piece)) << size << " in " << piece;
      EXPECT_EQ(assembly.missing_bytes(), 0u);
      EXPECT_EQ(assembly.quarters_written(), 4);
      auto root = assembly.finish();
      ASSERT_TRUE(root) << root.error().message;
      EXPECT_TRUE(log->bytes == object.bytes) << size << " in " << piece;
      EXPECT_EQ(log->root, object.roots[0]);
      EXPECT_EQ(log->leaves, object.leaves(0));
    }
  }
}

TEST(ChunkAssembly, LearnsTheRootWhereNoneIsKnown) {
  TestObject object = make_object(600 * kKiB, 3, 256 * kKiB);  // the last chunk is short
  for (uint32_t i = 0; i < 3; ++i) {
    auto log = std::make_shared<WriterLog>();
    ChunkAssembly assembly(object.facts->chunking, ChunkIndex(i), std::nullopt,
                           logging_writer(log));
    ASSERT_TRUE(feed(assembly, object.chunk_bytes(i), 70'000));
    auto root = assembly.finish();
    ASSERT_TRUE(root);
    EXPECT_EQ(root.value(), object.roots[i]);
    EXPECT_EQ(log->root, object.roots[i]);
  }
}

TEST(ChunkAssembly, CommitsNothingThatHasAnotherRootThanExpected) {
  TestObject object = make_object(100'000);
  auto log = std::make_shared<WriterLog>();
  {
    ChunkAssembly assembly(object.facts->chunking, ChunkIndex(0), Digest{}, logging_writer(log));
    ASSERT_TRUE(feed(assembly, object.bytes, 1'000'000));
    auto root = assembly.finish();
    ASSERT_FALSE(root);
    EXPECT_EQ(failure_of_assembly(root.error()), FailureKind::kCorrupt);
  }
  EXPECT_FALSE(log->root);
  EXPECT_TRUE(log->is_destroyed);
}

TEST(ChunkAssembly, PassesTheStoresErrorOnWhicheverWriteFails) {
  TestObject object = make_object(1 * kMiB);
  for (int n = 0; n < 16; ++n) {
    auto log = std::make_shared<WriterLog>();
    log->writes_until_failure = n;
    ChunkAssembly assembly(object.facts->chunking, ChunkIndex(0), object.roots[0],
                           logging_writer(log));
    auto taken = feed(assembly, object.chunk_bytes(0), 20'000);
    uint32_t writes = (assembly.chunk_bytes() + 512 * kKiB - 1) / (512 * kKiB);
    ASSERT_EQ(taken.ok(), n >= static_cast<int>(writes)) << n;
    if (!taken) {
      EXPECT_EQ(failure_of_assembly(taken.error()), FailureKind::kNoSpace);
    }
  }
}

}  // namespace
}  // namespace tyto::peer
