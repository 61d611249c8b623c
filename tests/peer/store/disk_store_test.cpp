#include "peer/store/disk_store.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/sqlite/database.h"
#include "tests/peer/store/fault_file_system.h"
#include "tests/peer/store/store_support.h"

namespace tyto::peer {
namespace {

constexpr uint64_t kLimit = 64 * kMiB;

class DiskStoreTest : public testing::Test {
 protected:
  std::unique_ptr<DiskStore> open(DiskStoreOptions options = {}) {
    if (options.boot_id.empty()) options.boot_id = "this boot";
    auto opened = DiskStore::open(dir_, kLimit, options);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  std::string data_path(const TestObject& object) const {
    return dir_ + "/objects/" + object.id().hex() + "/data";
  }
  // Changes one byte of an object's data.
  void spoil(const TestObject& object, uint64_t offset) {
    std::fstream file(data_path(object), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  }
  uint64_t blocks_on_disk(const std::string& path) const {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return static_cast<uint64_t>(status.st_blocks) * 512;
  }
  TempFolder folder_{Medium::kMemory};
  std::string dir_ = folder_.file("store");
};

TEST_F(DiskStoreTest, EverythingIsThereAgainAfterARestart) {
  auto a = TestObject::make(5 * kBlockBytes + 1, 2 * kBlockBytes, 1);
  auto b = TestObject::make(3 * kBlockBytes, kBlockBytes, 6);
  {
    auto store = open();
    put_all(*store, a);
    put_all(*store, b);
    ASSERT_TRUE(store->drop(b.id(), 1, 1).ok());
  }
  auto store = open();
  EXPECT_EQ(picture(*store, a), "###");
  EXPECT_EQ(picture(*store, b), "#.#");
  EXPECT_EQ(store->open_report().chunks, 5u);
  EXPECT_EQ(store->open_report().reverified, 0u);
  EXPECT_EQ(store->open_report().bytes, store->usage().used_bytes);
  for (const auto& facts : store->remembered())
    EXPECT_EQ(*facts, facts->id == a.id() ? *a.facts : *b.facts);
  EXPECT_TRUE(put(*store, b, 1).ok());
}

TEST_F(DiskStoreTest, AfterTheMachinesRestartEveryChunkIsReadAndBrokenOnesAreDropped) {
  auto object = TestObject::make(4 * kBlockBytes);
  put_all(*open(), object);
  spoil(object, 2 * kBlockBytes + 100);
  auto store = open({.boot_id = "next boot"});
  EXPECT_EQ(picture(*store, object), "##.#");
  EXPECT_EQ(store->open_report().reverified, 4u);
  EXPECT_EQ(store->open_report().dropped, 1u);
  EXPECT_EQ(store->open_report().chunks, 3u);
  EXPECT_TRUE(put(*store, object, 2).ok());
  store.reset();
  store = open({.boot_id = "next boot"});
  EXPECT_EQ(picture(*store, object), "####");
  EXPECT_EQ(store->open_report().reverified, 0u);
}

TEST_F(DiskStoreTest, LeavesThatTheDiskLostAreComputedAnew) {
  auto object = TestObject::make(4 * kBlockBytes);
  put_all(*open(), object);
  std::ofstream(dir_ + "/objects/" + object.id().hex() + "/leaves") << "short";
  auto store = open({.boot_id = "next boot"});
  EXPECT_EQ(picture(*store, object), "####");
}

TEST_F(DiskStoreTest, ASyncedStoreIsBelievedAfterTheMachinesRestart) {
  auto object = TestObject::make(4 * kBlockBytes);
  {
    auto store = open();
    put_all(*store, object);
    ASSERT_TRUE(store->sync().ok());
  }
  EXPECT_EQ(open({.boot_id = "second boot"})->open_report().reverified, 0u);
  // That open() was not followed by a sync.
  EXPECT_EQ(open({.boot_id = "third boot"})->open_report().reverified, 4u);
}

TEST_F(DiskStoreTest, AChangeAfterASyncTakesItsPromiseBack) {
  auto object = TestObject::make(4 * kBlockBytes);
  {
    auto store = open();
    put_all(*store, object);
    ASSERT_TRUE(store->sync().ok());
    ASSERT_TRUE(store->drop(object.id(), 0, 1).ok());
  }
  EXPECT_EQ(open({.boot_id = "next boot"})->open_report().reverified, 3u);
}

TEST_F(DiskStoreTest, FilesThatWereDeletedOrShortenedLoseTheirChunksOnly) {
  auto a = TestObject::make(4 * kBlockBytes, kBlockBytes, 1);
  auto b = TestObject::make(4 * kBlockBytes, kBlockBytes, 2);
  auto c = TestObject::make(4 * kBlockBytes, kBlockBytes, 3);
  {
    auto store = open();
    for (const auto& object : {a, b, c}) put_all(*store, object);
  }
  std::filesystem::remove_all(dir_ + "/objects/" + a.id().hex());
  std::filesystem::resize_file(data_path(b), 2 * kBlockBytes + 5);
  auto store = open();
  EXPECT_EQ(picture(*store, a), "....");
  EXPECT_EQ(picture(*store, b), "##..");
  EXPECT_EQ(picture(*store, c), "####");
  EXPECT_EQ(store->open_report().dropped, 6u);
}

TEST_F(DiskStoreTest, VersionsThatTheIndexDoesNotKnowAreRemovedAndNothingElse) {
  auto object = TestObject::make(kBlockBytes);
  put_all(*open(), object);
  std::filesystem::create_directories(dir_ + "/objects/" + std::string(64, 'f'));
  std::ofstream(dir_ + "/objects/junk") << "junk";
  auto store = open();
  EXPECT_EQ(store->open_report().orphans, 1u);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/objects/" + std::string(64, 'f')));
  EXPECT_TRUE(std::filesystem::exists(dir_ + "/objects/junk"));
  EXPECT_EQ(picture(*store, object), "#");
}

TEST_F(DiskStoreTest, DroppingAChunkGivesItsSpaceBackAndTheLastOneTheFolder) {
  auto object = TestObject::make(4 * 16 * kBlockBytes, 16 * kBlockBytes);
  auto store = open();
  put_all(*store, object);
  std::string path = store->object_path(object.id()).value();
  uint64_t before = blocks_on_disk(path);
  ASSERT_TRUE(store->drop(object.id(), 1, 2).ok());
  EXPECT_LE(blocks_on_disk(path), before - 2 * 16 * kBlockBytes);
  EXPECT_EQ(picture(*store, object), "#..#");
  ASSERT_TRUE(store->drop(object.id(), 0, 4).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  EXPECT_TRUE(std::filesystem::is_empty(dir_ + "/objects"));
  EXPECT_TRUE(std::filesystem::is_empty(dir_ + "/trash"));
  EXPECT_EQ(store->object_path(object.id()).error().code, ErrorCode::kNotFound);
}

TEST_F(DiskStoreTest, WhereHolesCannotBePunchedTheSpaceGoesWithTheLastChunk) {
  FaultFileSystem disk([](FileOp op, const std::string&, std::size_t) {
    return op == FileOp::kPunch ? Fault{Fault::Kind::kFail, EOPNOTSUPP} : Fault{};
  });
  auto object = TestObject::make(2 * kBlockBytes);
  auto store = open({.files = &disk});
  put_all(*store, object);
  ASSERT_TRUE(store->drop(object.id(), 0, 1).ok());
  EXPECT_EQ(picture(*store, object), ".#");
  EXPECT_EQ(store->usage().used_bytes, kBlockBytes);
  ASSERT_TRUE(put(*store, object, 0).ok());
  EXPECT_EQ(picture(*store, object), "##");
  ASSERT_TRUE(store->drop(object.id(), 0, 2).ok());
  EXPECT_TRUE(std::filesystem::is_empty(dir_ + "/objects"));
}

TEST_F(DiskStoreTest, ASecondProcessIsToldWhoHasTheStore) {
  auto store = open();
  auto second = DiskStore::open(dir_, kLimit);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_NE(second.error().message.find(dir_), std::string::npos);
  EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())),
            std::string::npos);
  store.reset();
  EXPECT_TRUE(DiskStore::open(dir_, kLimit).ok());
}

TEST_F(DiskStoreTest, APathThatIsNoFolderIsRefused) {
  std::ofstream(folder_.file("file")) << "x";
  EXPECT_EQ(DiskStore::open(folder_.file("file"), kLimit).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(DiskStore::open(folder_.file("file/store"), kLimit).error().code,
            ErrorCode::kInvalidArgument);
}

TEST_F(DiskStoreTest, AnIndexOfALaterProgramOrOfAnotherOneIsRefusedAndLeftAlone) {
  auto object = TestObject::make(kBlockBytes);
  put_all(*open(), object);
  auto set = [&](const std::string& pragma) {
    auto index = io::Database::open(dir_ + "/index.sqlite").value();
    ASSERT_TRUE(index->run("PRAGMA " + pragma).ok());
  };
  set("user_version = 99");
  EXPECT_EQ(DiskStore::open(dir_, kLimit).error().code, ErrorCode::kUnsupported);
  set("user_version = 1");
  set("application_id = 77");
  auto foreign = DiskStore::open(dir_, kLimit);
  EXPECT_EQ(foreign.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(foreign.error().message.find(dir_), std::string::npos);
  EXPECT_EQ(file_text(data_path(object)), object_text(object));
}

TEST_F(DiskStoreTest, ABrokenIndexIsMovedAsideAndTheStoreBeginsAnew) {
  auto object = TestObject::make(4 * kBlockBytes);
  for (std::streamoff intact : {0, 4096}) {
    put_all(*open(), object);
    std::string path = dir_ + "/index.sqlite";
    auto size = static_cast<std::streamoff>(std::filesystem::file_size(path));
    std::fstream index(path, std::ios::in | std::ios::out | std::ios::binary);
    index.seekp(intact);
    index << std::string(static_cast<std::size_t>(size - intact), 'x');
    index.close();
    auto store = open({.boot_id = "next boot"});
    ASSERT_NE(store, nullptr);
    EXPECT_TRUE(store->open_report().index_was_broken);
    EXPECT_EQ(store->open_report().orphans, 1u);
    EXPECT_EQ(picture(*store, object), "....");
    EXPECT_TRUE(std::filesystem::exists(path + ".broken"));
    store.reset();
    std::filesystem::remove_all(dir_);
  }
}

TEST_F(DiskStoreTest, ASmallerLimitKeepsWhatIsThereAndTakesNoMore) {
  auto object = TestObject::make(4 * kBlockBytes);
  auto other = TestObject::make(kBlockBytes, kBlockBytes, 2);
  put_all(*open(), object);
  auto store = DiskStore::open(dir_, 2 * kBlockBytes, {.boot_id = "this boot"}).value();
  EXPECT_EQ(picture(*store, object), "####");
  ASSERT_TRUE(store->remember(other.facts).ok());
  EXPECT_EQ(put(*store, other, 0).error().code, ErrorCode::kNoSpace);
  ASSERT_TRUE(store->drop(object.id(), 0, 3).ok());
  EXPECT_TRUE(put(*store, other, 0).ok());
}

TEST_F(DiskStoreTest, OpenFilesStayWithinTheirBound) {
  auto open_descriptors = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                         std::filesystem::directory_iterator());
  };
  auto store = open({.open_files_max = 8});
  auto before = open_descriptors();
  for (uint64_t seed = 1; seed <= 30; ++seed)
    put_all(*store, TestObject::make(2 * kBlockBytes, kBlockBytes, seed));
  for (uint64_t seed = 1; seed <= 30; ++seed)
    EXPECT_EQ(picture(*store, TestObject::make(2 * kBlockBytes, kBlockBytes, seed)), "##");
  EXPECT_LE(open_descriptors(), before + 8);
}

TEST_F(DiskStoreTest, AnExportedObjectIsTheObject) {
  auto object = TestObject::make(9 * kBlockBytes + 77, 4 * kBlockBytes);
  auto store = open();
  put_all(*store, object);
  std::string path = folder_.file("copy");
  std::ofstream(path) << "what was there before";
  ASSERT_TRUE(store->export_object(object.id(), path, DiskStore::Durability::kSynced).ok());
  EXPECT_EQ(file_text(path), object_text(object));
  EXPECT_EQ(file_text(store->object_path(object.id()).value()), object_text(object));
  // The copy is its own: the store's chunks may go.
  ASSERT_TRUE(store->drop(object.id(), 0, 3).ok());
  EXPECT_EQ(file_text(path), object_text(object));
}

TEST_F(DiskStoreTest, AnEmptyObjectIsExportedAsAnEmptyFile) {
  auto object = TestObject::make(0);
  auto store = open();
  ASSERT_TRUE(store->remember(object.facts).ok());
  ASSERT_TRUE(store->export_object(object.id(), folder_.file("copy")).ok());
  EXPECT_EQ(std::filesystem::file_size(folder_.file("copy")), 0u);
}

TEST_F(DiskStoreTest, AnExportThatCannotBeLeavesWhatWasThere) {
  auto object = TestObject::make(4 * kBlockBytes);
  auto store = open();
  put_all(*store, object);
  ASSERT_TRUE(store->drop(object.id(), 1, 1).ok());
  std::ofstream(folder_.file("copy")) << "before";
  auto lacking = store->export_object(object.id(), folder_.file("copy"));
  EXPECT_EQ(lacking.error().code, ErrorCode::kNotFound);
  EXPECT_NE(lacking.error().message.find("chunk 1 of 4"), std::string::npos);
  EXPECT_EQ(file_text(folder_.file("copy")), "before");
  ASSERT_TRUE(put(*store, object, 1).ok());
  EXPECT_FALSE(store->export_object(object.id(), folder_.file("no/such/folder/copy")).ok());
}

TEST_F(DiskStoreTest, AnExportThatFailsHalfWayLeavesNoFile) {
  FaultFileSystem disk([](FileOp op, const std::string&, std::size_t) {
    return op == FileOp::kCopy ? Fault{Fault::Kind::kFail, ENOSPC} : Fault{};
  });
  auto object = TestObject::make(4 * kBlockBytes);
  auto store = open({.files = &disk});
  put_all(*store, object);
  std::filesystem::create_directory(folder_.file("out"));
  auto failed = store->export_object(object.id(), folder_.file("out/copy"));
  EXPECT_EQ(failed.error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.file("out")));
}

TEST_F(DiskStoreTest, AHandedOverObjectIsNotCopiedAndGoesOnBeingServed) {
  auto object = TestObject::make(9 * kBlockBytes + 77, 4 * kBlockBytes);
  auto store = open();
  put_all(*store, object);
  std::string path = folder_.file("given");
  std::ofstream(path) << "what was there before";
  ASSERT_TRUE(store->hand_over(object.id(), path).ok());
  EXPECT_TRUE(std::filesystem::equivalent(path, store->object_path(object.id()).value()));
  EXPECT_EQ(file_text(path), object_text(object));
  EXPECT_EQ(picture(*store, object), "###");
  // Whatever becomes of the store, the file is not touched.
  ASSERT_TRUE(store->drop(object.id(), 0, 2).ok());
  EXPECT_EQ(put(*store, object, 0).error().code, ErrorCode::kConflict);
  EXPECT_EQ(file_text(path), object_text(object));
  ASSERT_TRUE(store->drop(object.id(), 2, 1).ok());
  EXPECT_EQ(file_text(path), object_text(object));
}

TEST_F(DiskStoreTest, AHandedOverObjectIsForgottenByTheNextStart) {
  auto object = TestObject::make(4 * kBlockBytes);
  auto store = open();
  put_all(*store, object);
  ASSERT_TRUE(store->hand_over(object.id(), folder_.file("given")).ok());
  store.reset();
  store = open();
  EXPECT_EQ(picture(*store, object), "....");
  EXPECT_EQ(file_text(folder_.file("given")), object_text(object));
}

TEST_F(DiskStoreTest, AnObjectIsNotHandedOverWhereItCannotBe) {
  bool is_unable = true;
  FaultFileSystem disk([&](FileOp op, const std::string&, std::size_t) {
    if (op == FileOp::kLink && is_unable) return Fault{Fault::Kind::kFail, EOPNOTSUPP};
    return op == FileOp::kRename ? Fault{Fault::Kind::kFail, EACCES} : Fault{};
  });
  auto object = TestObject::make(4 * kBlockBytes);
  auto store = open({.files = &disk});
  EXPECT_EQ(store->hand_over(object.id(), folder_.file("given")).error().code,
            ErrorCode::kNotFound);
  put_all(*store, object);
  std::filesystem::create_directory(folder_.file("out"));
  EXPECT_EQ(store->hand_over(object.id(), folder_.file("out/given")).error().code,
            ErrorCode::kUnsupported);
  is_unable = false;
  EXPECT_EQ(store->hand_over(object.id(), folder_.file("out/given")).error().code,
            ErrorCode::kDenied);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.file("out")));
  EXPECT_EQ(picture(*store, object), "####");
}

TEST_F(DiskStoreTest, AStoreOfTheFirstVersionStillOpens) {
  std::filesystem::copy(std::string(TYTO_SOURCE_DIR) + "/tests/peer/store/golden/v1", dir_,
                        std::filesystem::copy_options::recursive);
  auto object = TestObject::make(2 * kBlockBytes + 100, 2 * kBlockBytes, 4);
  auto store = open({.boot_id = "another"});
  EXPECT_EQ(picture(*store, object), "##");
  ASSERT_EQ(store->remembered().size(), 1u);
  EXPECT_EQ(*store->remembered()[0], *object.facts);
  EXPECT_EQ(store->open_report().dropped, 0u);
}

}  // namespace
}  // namespace tyto::peer
