#include "peer/store/file_system.h"

#include <gtest/gtest.h>

#include "tests/peer/store/store_support.h"

namespace tyto::peer {
namespace {

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

class FileSystemTest : public testing::Test {
 protected:
  std::shared_ptr<OpenFile> make(const std::string& name, const std::string& text) {
    auto file = files_->open(folder_.file(name), FileOpen::kCreate).value();
    EXPECT_TRUE(file->write_at(0, as_bytes(text)).ok());
    return file;
  }
  TempFolder folder_;
  std::unique_ptr<FileSystem> files_ = make_real_file_system();
};

TEST_F(FileSystemTest, ReadingPastTheEndIsCorruptAndNamesTheFile) {
  auto file = make("a", "12345");
  std::vector<std::byte> out(3);
  ASSERT_TRUE(file->read_at(2, out).ok());
  auto past = file->read_at(3, out);
  EXPECT_EQ(past.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(past.error().message.find(folder_.file("a")), std::string::npos);
}

TEST_F(FileSystemTest, OpeningKeepsToItsMode) {
  EXPECT_EQ(files_->open(folder_.file("a"), FileOpen::kExisting).error().code,
            ErrorCode::kNotFound);
  EXPECT_TRUE(files_->open(folder_.file("a"), FileOpen::kCreateNew).ok());
  EXPECT_EQ(files_->open(folder_.file("a"), FileOpen::kCreateNew).error().code,
            ErrorCode::kConflict);
  EXPECT_TRUE(files_->open(folder_.file("a"), FileOpen::kExisting).ok());
}

TEST_F(FileSystemTest, AHoleReadsAsZerosAndTheSizeStays) {
  auto file = make("a", std::string(64 * 1024, 'x'));
  ASSERT_TRUE(file->punch_hole(4096, 8192).ok());
  EXPECT_EQ(file->size().value(), 64u * 1024);
  std::vector<std::byte> out(2);
  ASSERT_TRUE(file->read_at(4095, out).ok());
  EXPECT_EQ(out[0], std::byte{'x'});
  EXPECT_EQ(out[1], std::byte{0});
}

TEST_F(FileSystemTest, ACopyHasTheFirstBytesOnly) {
  auto from = make("from", std::string(3'000'000, 'y') + "tail");
  auto whole = files_->open(folder_.file("whole"), FileOpen::kCreateNew).value();
  auto part = files_->open(folder_.file("part"), FileOpen::kCreateNew).value();
  ASSERT_TRUE(files_->copy(*from, *whole, 3'000'004).ok());
  ASSERT_TRUE(files_->copy(*from, *part, 2'500'000).ok());
  EXPECT_EQ(file_text(folder_.file("whole")), file_text(folder_.file("from")));
  EXPECT_EQ(file_text(folder_.file("part")), std::string(2'500'000, 'y'));
}

TEST_F(FileSystemTest, RemovingAndListingWhatIsNotThereIsFine) {
  EXPECT_TRUE(files_->remove(folder_.file("none")).ok());
  EXPECT_TRUE(files_->list(folder_.file("none")).value().empty());
  make("b", "");
  make("a", "");
  EXPECT_EQ(files_->list(folder_.path()).value(), (std::vector<std::string>{"a", "b"}));
}

TEST(FileError, SaysWhatCannotBeDoneWhereWhyAndWhatToDo) {
  Error error = file_error(ENOSPC, "write 16384 bytes at 0 to", "/cache/x");
  EXPECT_EQ(error.code, ErrorCode::kNoSpace);
  EXPECT_EQ(error.message,
            "cannot write 16384 bytes at 0 to /cache/x: No space left on device; free space on "
            "that file system, or lend the store less of it");
  EXPECT_EQ(file_error(EACCES, "open", "x").code, ErrorCode::kDenied);
  EXPECT_EQ(file_error(EIO, "open", "x").code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace tyto::peer
