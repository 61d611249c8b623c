#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdlib>
#include <new>

#include "tests/support/peer_core_driver.h"

// Counts what is on the heap. One thread only.
static std::size_t live_bytes = 0;  // NOLINT

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  live_bytes += malloc_usable_size(memory);
  return memory;
}
void operator delete(void* memory) noexcept {
  live_bytes -= malloc_usable_size(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  operator delete(memory);
}

namespace tyto::peer {
namespace {

constexpr uint32_t kChunks = 256;
constexpr std::size_t kBytesMax = 4096;

// A core in the middle of a download, with nothing around it.
class Downloading : public testing::Test {
 protected:
  Downloading() {
    commands.push_back(describe(1, kChunks));
    commands.push_back(opened(1, 1));
    for (uint32_t i = 0; i < 4; ++i) {
      commands.push_back(
          assignment(i + 1, 1, i, peer_source(10 + i),
                     {peer_source(20 + i), peer_source(30 + i), superpeer_source(40 + i)}));
    }
    std::size_t before = live_bytes;
    core = std::make_unique<PeerCore>(Policy{}, 1);
    give(StoreLoaded{.trackers = found_trackers({"tracker"})});
    RegisterReply reply{.session = SessionId(1), .epoch = TrackerEpoch(1)};
    for (uint64_t i = 1; i <= 2; ++i) reply.superpeers.push_back({PeerId(i), {"10.1.0.1", 7000}});
    give(Registered{reply});
    give(OpenAsked{{.open = OpenId(1), .bucket = "models", .key = "llama/70b"}});
    give(ExchangeAnswered{
        {.first_command = Sequence(1), .commands = commands, .events_applied = Sequence(1)}});
    baseline = before;
  }
  ~Downloading() override { core.reset(); }
  void give(Input input) {
    Effects effects;
    core->handle(now, std::move(input), effects);
  }
  std::size_t used() const { return live_bytes - baseline; }

  Instant now = Instant::from_ns(1'000'000'000);
  std::vector<Command> commands;
  std::unique_ptr<PeerCore> core;
  std::size_t baseline = 0;
};

TEST_F(Downloading, TakesAtMostFourKibibytes) {
  RecordProperty("bytes", static_cast<int>(used()));
  EXPECT_LE(core->memory_bytes(), kBytesMax);
  EXPECT_LE(used(), kBytesMax);
}

TEST_F(Downloading, TakesNoMoreTowardsItsEnd) {
  uint64_t events = 1;
  for (uint32_t i = 0; i < kChunks - 4; ++i) {
    give(TransferDone{TransferId(i + 1), root_of(1), true, kChunkBytesMin});
    now = now + Policy{}.report_within;
    give(TimePassed{});
    ++events;
    give(ExchangeAnswered{
        {.first_command = Sequence(7 + i),
         .commands = {assignment(i + 5, 1, i + 4, peer_source(10 + i % 32), {peer_source(5)})},
         .events_applied = Sequence(events)}});
    ASSERT_LE(core->memory_bytes(), kBytesMax) << "after " << i << " chunks";
    ASSERT_LE(used(), kBytesMax) << "after " << i << " chunks";
  }
}

TEST_F(Downloading, KnowsWhatItTakes) {
  EXPECT_GE(core->memory_bytes(), used() * 8 / 10);
  EXPECT_LE(core->memory_bytes(), used() * 12 / 10);
}

}  // namespace
}  // namespace tyto::peer
