// A catalog whose writer is killed at any moment has all that was acknowledged.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "base/rng.h"
#include "io/loop/clock.h"
#include "tests/tracker/catalog/catalog_builder.h"
#include "tracker/catalog/catalog_writer.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 40;

// Publishes object after object, records facts in between, and writes each acknowledged number to
// `acks`. Runs in a process of its own until it is killed.
[[noreturn]] void write_for_ever(const std::string& path, uint64_t first, int acks) {
  auto catalog = SqliteCatalog::open(path, {});
  if (!catalog.ok() || !(*catalog)->start_epoch(io::wall_now()).ok()) ::_exit(3);
  CatalogWriter writer(**catalog, {.write_behind = Duration::milliseconds(2)}, {});
  for (uint64_t n = first;; ++n) {
    auto facts = std::make_shared<VersionFacts>(
        some_facts("models", BucketId(1), "found-" + std::to_string(n), n * 2, kChunks));
    writer.record(RecordVersion{facts});
    for (uint32_t i = 0; i < kChunks; i += 3)
      writer.record(RecordRoot{{facts->id, ChunkIndex(i)}, digest_of(i + 1)});
    writer.submit(a_publish("models", "k" + std::to_string(n), n * 2 + 1, kChunks),
                  [n, acks](Result<ChangeDone> done) {
                    if (!done.ok() || ::write(acks, &n, sizeof n) != sizeof n) ::_exit(4);
                  });
    // No more than a few unanswered, so that kills meet commits of all sizes.
    while (writer.figures().queued > 200) ::usleep(50);
  }
}

// Reads acknowledged numbers until there are `count` more, or the writers have ended. The highest.
uint64_t read_acks(int fd, uint64_t highest, std::size_t count) {
  uint64_t n = 0;
  while (count-- > 0 && ::read(fd, &n, sizeof n) == sizeof n) highest = std::max(highest, n);
  return highest;
}

void expect_has_all_up_to(SqliteCatalog& catalog, uint64_t acknowledged) {
  auto checked = catalog.check();
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  auto content = content_of(catalog);
  ASSERT_TRUE(content.ok()) << content.error().message;
  for (uint64_t n = 1; n <= acknowledged; ++n) {
    auto name = content->names.find("models/k" + std::to_string(n));
    ASSERT_NE(name, content->names.end()) << "acknowledged, and gone: " << n;
    EXPECT_EQ(name->second.version, VersionId{digest_of(n * 2 + 1)});
    EXPECT_EQ(content->versions[name->second.version].roots, some_roots(n * 2 + 1, kChunks));
    // Facts that were queued before it have gone with it or before it.
    auto found = content->names.find("models/found-" + std::to_string(n));
    ASSERT_NE(found, content->names.end());
    EXPECT_EQ(content->versions[found->second.version].roots.at(3), digest_of(4));
  }
}

TEST(CatalogCrash, EverythingAcknowledgedSurvivesKillMinusNineAtAnyMoment) {
  const uint64_t seed = 20240607;
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  Rng rng(seed);
  support::TempFolder folder;
  const std::string path = folder.file("catalog.sqlite");
  {
    auto catalog = SqliteCatalog::open(path, {});
    ASSERT_TRUE(catalog.ok());
    Change create = CreateBucket{a_bucket("models")};
    ASSERT_TRUE((*catalog)->commit(std::span(&create, 1), kSomeDay)->at(0).ok());
  }
  uint64_t acknowledged = 0;
  for (int round = 0; round < 40; ++round) {
    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(pipe_ends[0]);
      write_for_ever(path, acknowledged + 1, pipe_ends[1]);
    }
    ::close(pipe_ends[1]);
    acknowledged = read_acks(pipe_ends[0], acknowledged, 1 + rng.below(12));
    // A moment within the next commits: this delay is the point of the test, nothing waits on it.
    ::usleep(rng.below(3000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself: " << WEXITSTATUS(status);
    acknowledged = read_acks(pipe_ends[0], acknowledged, SIZE_MAX);
    ::close(pipe_ends[0]);
    auto catalog = SqliteCatalog::open(path, {});
    ASSERT_TRUE(catalog.ok()) << catalog.error().message;
    expect_has_all_up_to(**catalog, acknowledged);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(acknowledged, 40u);
}

}  // namespace
}  // namespace tyto::tracker
