// A lying peer at every depth of a tree: no wrong byte goes past one hop, and the liar is named.
#include <gtest/gtest.h>

#include "io/loop/loop.h"
#include "peer/store/memory_store.h"
#include "tests/peer/engine/relay_nodes.h"
#include "tests/support/chunk_fixture.h"
#include "tests/support/raw_client.h"

namespace tyto::peer {
namespace {

constexpr uint32_t kSpoilt = 7 * kBlockBytes + 1234;  // this byte is wrong in what the liar sends

// Takes a chunk's bytes honestly and gives them out with one byte changed.
class LyingBytes final : public ChunkView {
 public:
  LyingBytes(std::shared_ptr<const ChunkBytes> bytes, std::shared_ptr<const ChunkView> view)
      : bytes_(std::move(bytes)), view_(std::move(view)) {}
  uint32_t size() const override { return bytes_->size(); }
  const Digest& root() const override { return view_->root(); }
  Result<std::vector<Digest>> leaves() const override { return view_->leaves(); }
  Result<void> read(uint32_t offset, std::span<std::byte> out) const override {
    auto done = bytes_->read(offset, out);
    if (offset <= kSpoilt && kSpoilt - offset < out.size()) out[kSpoilt - offset] ^= std::byte{1};
    return done;
  }

 private:
  std::shared_ptr<const ChunkBytes> bytes_;
  std::shared_ptr<const ChunkView> view_;  // null while it is being received
};

class LyingWriter final : public ChunkWriter {
 public:
  explicit LyingWriter(std::unique_ptr<ChunkWriter> writer) : writer_(std::move(writer)) {}
  Result<void> set_leaves(std::span<const Digest> leaves) override {
    return writer_->set_leaves(leaves);
  }
  Result<void> write(uint32_t offset, std::span<const std::byte> bytes) override {
    return writer_->write(offset, bytes);
  }
  std::shared_ptr<const ChunkBytes> bytes() override {
    return std::make_shared<LyingBytes>(writer_->bytes(), nullptr);
  }
  Result<void> commit(const Digest& root) override { return writer_->commit(root); }

 private:
  std::unique_ptr<ChunkWriter> writer_;
};

class LyingStore final : public ChunkStore {
 public:
  Result<void> remember(const VersionFactsRef& facts) override { return store_.remember(facts); }
  Result<std::unique_ptr<ChunkWriter>> begin(const VersionId& version, ChunkIndex chunk) override {
    auto writer = store_.begin(version, chunk);
    if (!writer.ok()) return writer;
    return std::unique_ptr<ChunkWriter>(std::make_unique<LyingWriter>(std::move(*writer)));
  }
  std::shared_ptr<const ChunkView> find(const ChunkId& chunk) const override {
    auto view = store_.find(chunk);
    return view ? std::make_shared<LyingBytes>(view, view) : nullptr;
  }
  Result<uint32_t> drop(const VersionId& version, uint32_t first, uint32_t count) override {
    return store_.drop(version, first, count);
  }
  std::vector<InventoryEntry> inventory() const override { return store_.inventory(); }
  std::vector<VersionFactsRef> remembered() const override { return store_.remembered(); }
  StoreUsage usage() const override { return store_.usage(); }

 private:
  MemoryStore store_{64 * kMiB};
};

// A chain of four below a source, and the depth at which somebody in it lies.
class LiarAtDepth : public testing::TestWithParam<std::size_t> {
 protected:
  static constexpr std::size_t kDepth = 5;  // the last of them has no readers
  LiarAtDepth() {
    for (std::size_t i = 0; i < kDepth; ++i) {
      if (i == GetParam())
        stores_.push_back(std::make_unique<LyingStore>());
      else
        stores_.push_back(std::make_unique<MemoryStore>(64 * kMiB));
      nodes_.push_back(std::make_unique<Node>(loop_, *stores_.back()));
    }
  }
  template <class Done>
  bool run(Done done) {
    return support::run_until(loop_, done, Duration::seconds(20));
  }
  Source source_of(std::size_t node) {
    return nodes_[node]->source(static_cast<uint16_t>(node + 1));
  }
  // Each reads from the one before it; the liar's reader has the source to fall back upon.
  void fetch_all() {
    for (std::size_t i = 0; i < kDepth; ++i) {
      std::deque<Source> sources{i == 0 ? tap_.source() : source_of(i - 1)};
      if (i == GetParam() + 1) sources.push_back(honest_.source());
      nodes_[i]->fetch(object_, sources);
    }
  }
  bool are_done() {
    return std::all_of(nodes_.begin(), nodes_.end(), [](auto& node) { return node->is_whole(); });
  }

  TestObject object_ = support::make_object(20 * kBlockBytes + 77, 3, 1 * kMiB);
  io::Loop loop_;
  Tap tap_{loop_, object_};
  Tap honest_{loop_, object_};
  std::vector<std::unique_ptr<ChunkStore>> stores_;
  std::vector<std::unique_ptr<Node>> nodes_;
};

TEST_P(LiarAtDepth, SpoilsNobodyAndIsNamedByItsOwnReader) {
  const std::size_t liar = GetParam();
  fetch_all();
  tap_.open_to(6);
  ASSERT_TRUE(run([&] { return nodes_.back()->verified() == 6 * kBlockBytes; }));
  tap_.open_to(100);
  ASSERT_TRUE(run([&] { return !nodes_[liar + 1]->failures().empty(); }));
  // Those below hold what was right, and wait.
  ASSERT_TRUE(run([&] { return nodes_.back()->verified() == 7 * kBlockBytes; }));
  for (std::size_t i = liar + 1; i < kDepth; ++i)
    EXPECT_EQ(nodes_[i]->verified(), 7 * kBlockBytes) << i;
  honest_.open_to(100);
  ASSERT_TRUE(run([&] { return are_done(); }));
  for (std::size_t i = 0; i < kDepth; ++i) {
    if (i != liar) {
      EXPECT_TRUE(nodes_[i]->stored() == object_.bytes) << i;
    }
    if (i != liar + 1) {
      EXPECT_TRUE(nodes_[i]->failures().empty()) << i;
    }
  }
  ASSERT_EQ(nodes_[liar + 1]->failures().size(), 1u);
  EXPECT_EQ(nodes_[liar + 1]->failures()[0].kind, FailureKind::kCorrupt);
  EXPECT_NE(nodes_[liar + 1]->failures()[0].detail.find(
                std::to_string(nodes_[liar]->source().address.port)),
            std::string::npos);
  EXPECT_EQ(honest_.range(),
            "bytes=" + std::to_string(honest_.leaf_bytes() + 7 * kBlockBytes) + "-");
}

TEST_P(LiarAtDepth, WhoHoldsTheChunkWholeIsFoundOutAsWell) {
  const std::size_t liar = GetParam();
  support::put_chunk(*stores_[liar], object_, 0);
  honest_.open_to(100);
  tap_.open_to(100);
  for (std::size_t i = liar + 1; i < kDepth; ++i) {
    std::deque<Source> sources{source_of(i - 1)};
    if (i == liar + 1) sources.push_back(honest_.source());
    nodes_[i]->fetch(object_, sources);
  }
  ASSERT_TRUE(run([&] {
    return std::all_of(nodes_.begin() + static_cast<std::ptrdiff_t>(liar) + 1, nodes_.end(),
                       [](auto& node) { return node->is_whole(); });
  }));
  for (std::size_t i = liar + 1; i < kDepth; ++i) {
    EXPECT_TRUE(nodes_[i]->stored() == object_.bytes) << i;
    EXPECT_EQ(nodes_[i]->failures().size(), i == liar + 1 ? 1u : 0u) << i;
  }
  EXPECT_EQ(nodes_[liar + 1]->failures()[0].kind, FailureKind::kCorrupt);
}

INSTANTIATE_TEST_SUITE_P(Depths, LiarAtDepth, testing::Values(0, 1, 2, 3));

}  // namespace
}  // namespace tyto::peer
