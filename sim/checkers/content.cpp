#include <map>

#include "sim/checkers/all.h"
#include "sim/checkers/text.h"
#include "sim/world/world.h"

namespace tyto::sim {
namespace {

class ContentChecker final : public Checker {
 public:
  std::string_view name() const override { return "content"; }

  void on_stored(World& world, NodeId node, const ChunkId& chunk, ContentTag content) override {
    if (content != right_content(chunk))
      world.violated(text(node) + " stored wrong bytes as " + text(chunk));
  }

  // Whole or still arriving: only what was verified is sent on. Liars spoil it afterwards, and
  // disks before.
  void on_served(World& world, const Transfer& transfer) override {
    if (transfer.is_from_bad_disk) return;
    if (transfer.content != right_content(transfer.chunk()))
      world.violated(text(*transfer.source) + " serves wrong bytes as " + text(transfer.chunk()));
  }

  void on_read_asked(World&, uint32_t read) override { taken_.erase(read); }

  void on_delivered(World& world, NodeId node, uint32_t read, const ChunkId& chunk,
                    ContentTag content) override {
    const VersionFactsRef& facts = world.read(read).facts;
    if (facts == nullptr || facts->id != chunk.version)
      world.violated(text_of_read(read) + " was given " + text(chunk) + ", another version");
    bool is_of_bad_disk =
        world.node(node).store().has_turned_bad(chunk);  // that nobody reads twice
    if (content != right_content(chunk) && !is_of_bad_disk)
      world.violated(text(node) + " gave its reader wrong bytes as " + text(chunk));
    Taken& taken = taken_[read];
    if (taken.chunks == 0) taken.version = chunk.version;
    if (taken.version != chunk.version) world.violated(text_of_read(read) + " mixes two versions");
    ++taken.chunks;
  }

  void on_read_ended(World& world, uint32_t read) override {
    const ReadState& state = world.read(read);
    if (state.phase != ReadPhase::kDone) return;
    uint32_t count = state.facts->chunking.chunk_count();
    if (taken_[read].chunks != count) {
      world.violated(text_of_read(read) + " ended with " + std::to_string(taken_[read].chunks) +
                     " chunks of " + std::to_string(count));
    }
  }

 private:
  struct Taken {
    VersionId version;
    uint32_t chunks = 0;
  };
  std::map<uint32_t, Taken> taken_;
};

}  // namespace

std::unique_ptr<Checker> content_checker() {
  return std::make_unique<ContentChecker>();
}

}  // namespace tyto::sim
