// The disk store on bad disks: the n-th operation fails, for every n; disks that tear, forget and
// fill up.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <map>

#include "io/sqlite/fault_vfs.h"
#include "peer/store/disk_store.h"
#include "tests/peer/store/fault_file_system.h"
#include "tests/peer/store/store_support.h"

namespace tyto::peer {
namespace {

constexpr uint64_t kLimit = 64 * kMiB;

const TestObject kA = TestObject::make(3 * kBlockBytes + 5, kBlockBytes, 1);
const TestObject kB = TestObject::make(3 * kBlockBytes, 2 * kBlockBytes, 2);

// What the store must hold by what it answered.
class Expected {
 public:
  void set(const TestObject& object, uint32_t chunk, char mark) {
    auto& marks = marks_[object.seed];
    marks.resize(object.chunk_count(), '.');
    marks[chunk] = mark;
  }
  std::string of(const TestObject& object) {
    auto& marks = marks_[object.seed];
    marks.resize(object.chunk_count(), '.');
    return marks;
  }

 private:
  std::map<uint64_t, std::string> marks_;
};

void try_put(ChunkStore& store, const TestObject& object, uint32_t chunk, Expected& expected) {
  bool was_held = expected.of(object)[chunk] == '#';
  bool is_put = put(store, object, chunk).ok();
  if (is_put || was_held) expected.set(object, chunk, '#');
}

void try_drop(ChunkStore& store, const TestObject& object, uint32_t first, uint32_t count,
              Expected& expected) {
  if (!store.drop(object.id(), first, count)) return;
  for (uint32_t i = first; i < std::min(first + count, object.chunk_count()); ++i)
    expected.set(object, i, '.');
}

// A bit of everything. Goes on after errors, as a peer would.
void live(DiskStore& store, const std::string& export_path, Expected& expected) {
  for (const auto& object : {kA, kB}) static_cast<void>(store.remember(object.facts).ok());
  for (uint32_t i = 0; i < kA.chunk_count(); ++i) try_put(store, kA, i, expected);
  auto view = store.find(kA.chunk_id(1));
  try_drop(store, kA, 0, 2, expected);
  try_put(store, kB, 0, expected);
  view.reset();
  try_put(store, kA, 0, expected);
  try_put(store, kB, 1, expected);
  static_cast<void>(store.export_object(kB.id(), export_path).ok());
  static_cast<void>(store.sync().ok());
  try_drop(store, kB, 0, 2, expected);
  try_put(store, kB, 1, expected);
}

// Runs the life above with a fault at the n-th operation on either file system, for every n.
void survive(Fault fault, int sqlite_code, const char* next_boot) {
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 10'000);
    SCOPED_TRACE(testing::Message() << "operation " << n);
    TempFolder folder(Medium::kMemory);
    Expected expected;
    int seen = 0;
    bool is_living = true;
    {
      FaultFileSystem disk([&](FileOp, const std::string&, std::size_t) {
        return is_living && ++seen == n ? fault : Fault{};
      });
      io::SqliteFaultVfs vfs([&](io::SqliteFileOp op, const std::string&) {
        if (op == io::SqliteFileOp::kOpen || op == io::SqliteFileOp::kRead) return SQLITE_OK;
        return is_living && ++seen == n ? sqlite_code : SQLITE_OK;
      });
      auto store = DiskStore::open(folder.file("store"), kLimit,
                                   {.boot_id = "boot", .files = &disk, .index_vfs = vfs.name()});
      if (store) {
        live(**store, folder.file("copy"), expected);
        is_living = false;
        if (fault.kind != Fault::Kind::kLose) {
          EXPECT_EQ(picture(**store, kA), expected.of(kA));
          EXPECT_EQ(picture(**store, kB), expected.of(kB));
        }
      } else {
        EXPECT_FALSE(store.error().message.empty());
      }
    }
    if (std::filesystem::exists(folder.file("copy"))) {
      EXPECT_EQ(file_text(folder.file("copy")), object_text(kB));
    }
    if (seen < n) {
      EXPECT_GT(n, 60) << "the faults were not asked";
      return;
    }
    auto store = DiskStore::open(folder.file("store"), kLimit, {.boot_id = next_boot});
    ASSERT_TRUE(store.ok()) << store.error().message;
    if (fault.kind != Fault::Kind::kLose) {
      EXPECT_EQ(picture(**store, kA), expected.of(kA));
      EXPECT_EQ(picture(**store, kB), expected.of(kB));
    } else {
      // What the disk forgot is gone; what is listed is right all the same.
      picture(**store, kA);
      picture(**store, kB);
    }
  }
}

TEST(DiskFault, AFullDiskAtAnyOperationLosesNothing) {
  survive({Fault::Kind::kFail, ENOSPC}, SQLITE_FULL, "boot");
}

TEST(DiskFault, AnErrorAtAnyOperationLosesNothing) {
  survive({Fault::Kind::kFail, EIO}, SQLITE_IOERR_WRITE, "boot");
}

TEST(DiskFault, ATornWriteAtAnyOperationLosesNothing) {
  survive({Fault::Kind::kTear, EIO}, SQLITE_IOERR_WRITE, "boot");
}

TEST(DiskFault, AWriteThatTheDiskForgetsIsNoticedAfterTheMachinesRestart) {
  FaultFileSystem disk([](FileOp op, const std::string& path, std::size_t) {
    bool is_data = op == FileOp::kWrite && path.ends_with("/data");
    return is_data ? Fault{Fault::Kind::kLose} : Fault{};
  });
  TempFolder folder(Medium::kMemory);
  {
    auto store =
        DiskStore::open(folder.file("store"), kLimit, {.boot_id = "boot", .files = &disk}).value();
    ASSERT_TRUE(store->remember(kA.facts).ok());
    for (uint32_t i = 0; i < kA.chunk_count(); ++i) ASSERT_TRUE(put(*store, kA, i).ok());
  }
  auto store = DiskStore::open(folder.file("store"), kLimit, {.boot_id = "next"}).value();
  EXPECT_EQ(picture(*store, kA), "....");
  EXPECT_EQ(store->open_report().dropped, 4u);
}

TEST(DiskFault, AnyOneWriteMayBeForgottenInACrashOfTheMachine) {
  for (int n = 1;; ++n) {
    ASSERT_LT(n, 1000);
    TempFolder folder(Medium::kMemory);
    int seen = 0;
    {
      FaultFileSystem disk([&](FileOp op, const std::string&, std::size_t) {
        return op == FileOp::kWrite && ++seen == n ? Fault{Fault::Kind::kLose} : Fault{};
      });
      auto store =
          DiskStore::open(folder.file("store"), kLimit, {.boot_id = "boot", .files = &disk})
              .value();
      for (const auto& object : {kA, kB}) ASSERT_TRUE(store->remember(object.facts).ok());
      for (const auto& object : {kA, kB})
        for (uint32_t i = 0; i < object.chunk_count(); ++i)
          ASSERT_TRUE(put(*store, object, i).ok());
    }
    if (seen < n) {
      EXPECT_GT(n, 10);
      return;
    }
    auto store = DiskStore::open(folder.file("store"), kLimit, {.boot_id = "next"}).value();
    std::string all = picture(*store, kA) + picture(*store, kB);
    EXPECT_LE(std::count(all.begin(), all.end(), '.'), 1) << all;
  }
}

// A disk of a given size, for the store's files and for its index.
TEST(DiskFault, AFullDiskRefusesChunksAndTakesThemAgainAfterADrop) {
  TempFolder folder(Medium::kMemory);
  bool is_full = false;
  FaultFileSystem disk([&](FileOp op, const std::string&, std::size_t) {
    bool needs_space = op == FileOp::kWrite || op == FileOp::kMakeFolder;
    return is_full && needs_space ? Fault{Fault::Kind::kFail, ENOSPC} : Fault{};
  });
  auto store =
      DiskStore::open(folder.file("store"), kLimit, {.boot_id = "boot", .files = &disk}).value();
  ASSERT_TRUE(store->remember(kA.facts).ok());
  ASSERT_TRUE(put(*store, kA, 0).ok());
  is_full = true;
  auto refused = put(*store, kA, 1);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_NE(refused.error().message.find(folder.file("store")), std::string::npos);
  EXPECT_EQ(picture(*store, kA), "#...");
  EXPECT_EQ(store->drop(kA.id(), 0, 1).value(), 1u);
  is_full = false;
  EXPECT_TRUE(put(*store, kA, 1).ok());
  EXPECT_EQ(picture(*store, kA), ".#..");
}

TEST(DiskFault, TheIndexCanNoteADropOnADiskThatIsFullToTheLastByte) {
  TempFolder folder(Medium::kMemory);
  bool is_full = false;
  FaultFileSystem disk([&](FileOp op, const std::string& path, std::size_t) {
    if (op == FileOp::kRemove && path.ends_with("/ballast")) is_full = false;
    return Fault{};
  });
  io::SqliteFaultVfs vfs([&](io::SqliteFileOp op, const std::string&) {
    return is_full && op == io::SqliteFileOp::kWrite ? SQLITE_FULL : SQLITE_OK;
  });
  auto store = DiskStore::open(folder.file("store"), kLimit,
                               {.boot_id = "boot", .files = &disk, .index_vfs = vfs.name()})
                   .value();
  ASSERT_TRUE(store->remember(kA.facts).ok());
  ASSERT_TRUE(put(*store, kA, 0).ok());
  is_full = true;
  EXPECT_EQ(put(*store, kA, 1).error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(store->drop(kA.id(), 0, 1).value(), 1u);
  EXPECT_TRUE(std::filesystem::exists(folder.file("store/ballast")));
}

}  // namespace
}  // namespace tyto::peer
