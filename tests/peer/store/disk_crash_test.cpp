// The process is killed at the n-th operation on the disk, for every n.
#include <gtest/gtest.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sqlite/fault_vfs.h"
#include "peer/store/disk_store.h"
#include "tests/peer/store/fault_file_system.h"
#include "tests/peer/store/store_support.h"

namespace tyto::peer {
namespace {

constexpr uint64_t kLimit = 64 * kMiB;
const TestObject kObject = TestObject::make(3 * kBlockBytes + 5, kBlockBytes, 1);

// What the child tells its parent: +1 for chunk 0 put, -1 for chunk 0 dropped, and so on; sent
// before ('?') and after ('!') each change.
struct Note {
  char when = '?';
  int8_t change = 0;
};

class Child {
 public:
  Child(std::string dir, int report, int fatal)
      : dir_(std::move(dir)), report_(report), fatal_(fatal) {}

  // Never returns: ends by SIGKILL at the fatal operation, or with 0 at the end.
  [[noreturn]] void run() {
    FaultFileSystem disk([&](FileOp, const std::string&, std::size_t) {
      if (count()) ::raise(SIGKILL);
      return Fault{};
    });
    io::SqliteFaultVfs vfs([&](io::SqliteFileOp op, const std::string&) {
      if (op != io::SqliteFileOp::kRead && count()) ::raise(SIGKILL);
      return SQLITE_OK;
    });
    auto store =
        DiskStore::open(dir_, kLimit, {.boot_id = "boot", .files = &disk, .index_vfs = vfs.name()});
    if (!store || !(*store)->remember(kObject.facts)) ::_exit(1);
    for (int8_t change : {+1, +2, +3, +4, -2, -1, +2, -3, -4, -2, +1}) {
      note('?', change);
      auto chunk = static_cast<uint32_t>(std::abs(change)) - 1;
      bool is_done = change > 0 ? put(**store, kObject, chunk).ok()
                                : (*store)->drop(kObject.id(), chunk, 1).ok();
      if (!is_done) ::_exit(2);
      note('!', change);
    }
    ::_exit(0);
  }

 private:
  bool count() { return ++seen_ == fatal_; }
  void note(char when, int8_t change) {
    Note note{when, change};
    if (::write(report_, &note, sizeof note) != sizeof note) ::_exit(3);
  }
  std::string dir_;
  int report_;
  int fatal_;
  int seen_ = 0;
};

// '#': must be held; '.': must not; '?': was being changed.
std::string expected_after(int report) {
  std::string marks(kObject.chunk_count(), '.');
  for (Note note; ::read(report, &note, sizeof note) == sizeof note;) {
    char& mark = marks[static_cast<std::size_t>(std::abs(note.change)) - 1];
    mark = note.when == '?' ? '?' : (note.change > 0 ? '#' : '.');
  }
  return marks;
}

TEST(DiskCrash, AKillAtAnyOperationLeavesWhatIsWholeAndNoMore) {
  for (int fatal = 1;; ++fatal) {
    ASSERT_LT(fatal, 10'000);
    SCOPED_TRACE(testing::Message() << "killed at operation " << fatal);
    TempFolder folder(Medium::kMemory);
    int report[2];
    ASSERT_EQ(::pipe(report), 0);
    pid_t pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) Child(folder.file("store"), report[1], fatal).run();
    ::close(report[1]);
    std::string expected = expected_after(report[0]);
    ::close(report[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status)) {
      EXPECT_EQ(WEXITSTATUS(status), 0);
      EXPECT_GT(fatal, 60) << "it was not killed";
      return;
    }
    auto store = DiskStore::open(folder.file("store"), kLimit, {.boot_id = "boot"});
    ASSERT_TRUE(store.ok()) << store.error().message;
    std::string found = picture(**store, kObject);
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (expected[i] != '?') {
        EXPECT_EQ(found[i], expected[i]) << "chunk " << i;
      }
    }
    ASSERT_TRUE((*store)->remember(kObject.facts).ok());
    for (uint32_t i = 0; i < kObject.chunk_count(); ++i)
      if (found[i] == '.') {
        EXPECT_TRUE(put(**store, kObject, i).ok());
      }
    EXPECT_EQ(picture(**store, kObject), "####");
  }
}

}  // namespace
}  // namespace tyto::peer
