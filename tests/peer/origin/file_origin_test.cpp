#include "peer/origin/file_origin.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "io/http/url.h"
#include "peer/origin/version.h"
#include "tests/support/origin_harness.h"
#include "tests/support/temp_folder.h"

namespace tyto::peer {
namespace {

using support::fetch;
using support::OriginFetchLog;
using support::resolve;
using support::Root;
using support::TestObject;

TEST(PathOfFileUrl, IsDecodedAndHeldToItsRules) {
  EXPECT_EQ(path_of_file_url("file:///a/b%20c").value(), "/a/b c");
  EXPECT_EQ(path_of_file_url("file://localhost/a").value(), "/a");
  EXPECT_EQ(path_of_file_url("file:///%C3%A9").value(), "/\xc3\xa9");
  EXPECT_EQ(path_of_file_url("file:///data/x", "/data").value(), "/data/x");
  for (const char* url : {"", "/a", "http://h/a", "file://host/a", "file:///a/../b",
                          "file:///a/%2e%2e/b", "file:///a/.", "file:///a%00b", "file:///a%zz"})
    EXPECT_FALSE(path_of_file_url(url)) << url;
  EXPECT_FALSE(path_of_file_url("file:///database/x", "/data"));
  EXPECT_FALSE(path_of_file_url("file:///etc/shadow", "/data"));
}

class FileOriginTest : public testing::Test {
 protected:
  std::string path(const std::string& name = "object") const { return folder_.file(name); }
  std::string url(const std::string& name = "object") const {
    return "file://" + io::percent_encode_path(path(name));
  }
  void write(const std::string& bytes, const std::string& name = "object") const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << bytes;
  }
  // The object as a file, pinned as it stands.
  TestObject put(TestObject object) {
    write(object.bytes);
    auto found = resolve(loop_, reader_, url());
    TYTO_ASSERT(found && found->ok());
    return support::at_origin(std::move(object), {url(), "", found->value().modified});
  }

  support::TempFolder folder_;
  io::Loop loop_;
  FileOrigin reader_{loop_};
};

TEST_F(FileOriginTest, TellsSizeAndTime) {
  write("hello", "a b\xc3\xa9");
  auto found = resolve(loop_, reader_, url("a b\xc3\xa9"));
  ASSERT_TRUE(found && found->ok()) << (found ? found->error().message : "");
  struct stat info {};
  ASSERT_EQ(::stat(path("a b\xc3\xa9").c_str(), &info), 0);
  EXPECT_EQ(found->value().size, 5u);
  EXPECT_EQ(found->value().etag, "");
  EXPECT_EQ(found->value().modified->unix_ns(),
            info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec);
  EXPECT_TRUE(facts_from({}, found->value()));
}

TEST_F(FileOriginTest, TellsWhyThereIsNoObject) {
  auto code = [&](const std::string& name) {
    auto found = resolve(loop_, reader_, name);
    return found && !found->ok() ? found->error().code : ErrorCode::kInternal;
  };
  EXPECT_EQ(code(url("missing")), ErrorCode::kNotFound);
  EXPECT_EQ(code("file://" + folder_.path()), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code(url("x") + "/../y"), ErrorCode::kInvalidArgument);
  write("file");
  EXPECT_EQ(code(url("object/below")), ErrorCode::kNotFound);
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(code(url("fifo")), ErrorCode::kInvalidArgument);
}

TEST_F(FileOriginTest, ReadsChunksAndLearnsTheirRoots) {
  TestObject object = put(support::make_object(600'001));
  for (uint32_t i = 0; i < object.facts->chunking.chunk_count(); ++i) {
    for (Root root : {Root::kLearned, Root::kKnown}) {
      auto log = fetch(loop_, reader_, object, i, root);
      EXPECT_EQ(log.transfer.root, object.roots[i]) << log.transfer.detail;
      EXPECT_EQ(log.writer->root, object.roots[i]);
      EXPECT_TRUE(log.writer->bytes == object.chunk_bytes(i));
      EXPECT_EQ(log.writer->leaves, object.leaves(i));
    }
  }
  EXPECT_EQ(reader_.stats().bytes_read, 2 * 600'001u);
}

TEST_F(FileOriginTest, TellsProgress) {
  TestObject object = put(support::make_object(16 * kMiB, 1, 16 * kMiB));
  EXPECT_EQ(fetch(loop_, reader_, object, 0).transfer.quarters, (std::vector<int>{1, 2, 3}));
}

TEST_F(FileOriginTest, CommitsNothingOfAFileThatChangedBefore) {
  TestObject object = put(support::make_object(300'000));
  write(support::noise(300'000, 2));
  std::filesystem::last_write_time(
      path(), std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  auto log = fetch(loop_, reader_, object, 0, Root::kKnown);
  EXPECT_EQ(log.transfer.failure, FailureKind::kOriginChanged) << log.transfer.detail;
  EXPECT_FALSE(log.writer->root);
  write("short");
  EXPECT_EQ(fetch(loop_, reader_, object, 0).transfer.failure, FailureKind::kOriginChanged);
  std::filesystem::remove(path());
  EXPECT_EQ(fetch(loop_, reader_, object, 0).transfer.failure, FailureKind::kOriginMissing);
}

TEST_F(FileOriginTest, CommitsNothingOfAFileThatChangesInBetween) {
  for (const std::string& now : {support::noise(4 * kMiB, 2), std::string("short")}) {
    TestObject object = put(support::make_object(4 * kMiB, 1, 4 * kMiB));
    OriginFetchLog log;
    log.writer->on_write = [&] {
      write(now);
      std::filesystem::last_write_time(
          path(), std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
    };
    support::start_fetch(reader_, object, 0, log);
    ASSERT_TRUE(loop_.run_until([&] { return log.transfer.has_ended(); }, Duration::seconds(20)));
    EXPECT_EQ(log.transfer.failure, FailureKind::kOriginChanged) << log.transfer.detail;
    EXPECT_FALSE(log.writer->root);
    EXPECT_TRUE(log.writer->is_destroyed);
  }
}

TEST_F(FileOriginTest, TellsOtherBytesUnderTheSamePin) {
  TestObject object = put(support::make_object(300'000));
  auto time = std::filesystem::last_write_time(path());
  write(support::noise(300'000, 2));
  std::filesystem::last_write_time(path(), time);
  EXPECT_EQ(fetch(loop_, reader_, object, 0, Root::kKnown).transfer.failure, FailureKind::kCorrupt);
  object = support::at_origin(std::move(object), {url(), "", std::nullopt});
  EXPECT_EQ(fetch(loop_, reader_, object, 0, Root::kKnown).transfer.failure,
            FailureKind::kOriginChanged);
}

TEST_F(FileOriginTest, TellsWhenTheStoreIsFull) {
  TestObject object = put(support::make_object(300'000));
  OriginFetchLog log;
  log.writer->writes_until_failure = 0;
  support::start_fetch(reader_, object, 0, log);
  ASSERT_TRUE(loop_.run_until([&] { return log.transfer.has_ended(); }, Duration::seconds(20)));
  EXPECT_EQ(log.transfer.failure, FailureKind::kNoSpace);
}

TEST_F(FileOriginTest, CancelsWithoutAWord) {
  TestObject object = put(support::make_object(16 * kMiB, 1, 16 * kMiB));
  OriginFetchLog cancelled;
  support::start_fetch(reader_, object, 0, cancelled);
  reader_.cancel(cancelled.id);
  reader_.cancel(cancelled.id);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fetch(loop_, reader_, object, 0).transfer.root);
  EXPECT_FALSE(cancelled.transfer.has_ended());
}

TEST_F(FileOriginTest, EndsWithReadsUnderWay) {
  TestObject object = put(support::make_object(16 * kMiB, 1, 16 * kMiB));
  std::vector<OriginFetchLog> logs(20);
  {
    FileOrigin reader(loop_);
    for (auto& log : logs) support::start_fetch(reader, object, 0, log);
    reader.resolve(url(), [](Result<OriginObject>) { ADD_FAILURE() << "is gone"; });
  }
  loop_.run_until([] { return false; }, Duration::milliseconds(20));
  for (auto& log : logs) {
    EXPECT_FALSE(log.transfer.has_ended());
    EXPECT_TRUE(log.writer->is_destroyed);
  }
}

}  // namespace
}  // namespace tyto::peer
