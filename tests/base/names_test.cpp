#include "base/names.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"

namespace tyto {
namespace {

// UTF-8 by the book, for any code point, also those that have none.
std::string encoded(uint32_t code_point) {
  auto byte = [](uint32_t value) { return static_cast<char>(value); };
  auto tail = [&](int shift) { return byte(0x80 | ((code_point >> shift) & 0x3f)); };
  if (code_point < 0x80) return {byte(code_point)};
  if (code_point < 0x800) return {byte(0xc0 | code_point >> 6), tail(0)};
  if (code_point < 0x10000) return {byte(0xe0 | code_point >> 12), tail(6), tail(0)};
  return {byte(0xf0 | code_point >> 18), tail(12), tail(6), tail(0)};
}

void expect_refused(const Result<void>& checked, const std::string& what) {
  ASSERT_FALSE(checked.ok()) << what;
  EXPECT_EQ(checked.error().code, ErrorCode::kInvalidArgument) << what;
}

TEST(BucketName, TakesLettersDigitsAndInnerHyphens) {
  for (const char* name : {"a", "0", "models", "eu-1", "a--b", "7z"}) {
    EXPECT_TRUE(check_bucket_name(name).ok()) << name;
  }
  EXPECT_TRUE(check_bucket_name(std::string(63, 'x')).ok());
}

TEST(BucketName, RefusesTheRestAndNamesTheRule) {
  const std::vector<std::string> bad = {"",
                                        "-",
                                        "-a",
                                        "a-",
                                        "A",
                                        "a_b",
                                        "a.b",
                                        "a/b",
                                        "a b",
                                        "\xc3\xa9",
                                        "a\n",
                                        "..",
                                        std::string("a\0", 2),
                                        std::string(64, 'x')};
  for (const std::string& name : bad) {
    const auto checked = check_bucket_name(name);
    expect_refused(checked, name);
    EXPECT_NE(checked.error().message.find("1 to 63 characters of a-z"), std::string::npos);
  }
}

TEST(Key, TakesAnyTextThatIsAPath) {
  const std::vector<std::string> good = {"a",
                                         "a/b/c.bin",
                                         "with spaces/and 'quotes' \"too\"",
                                         "...",
                                         "..a/b..",
                                         ".hidden",
                                         "%2e%2e/x",
                                         "back\\slash",
                                         "r\xc3\xa9sum\xc3\xa9",
                                         "\xe6\xbc\xa2\xe5\xad\x97",
                                         "\xf0\x9f\xa6\x89",
                                         std::string(kKeyBytesMax, 'k')};
  for (const std::string& key : good) EXPECT_TRUE(check_key(key).ok()) << key;
}

TEST(Key, RefusesPathsThatLeaveTheirRootOrAreNone) {
  for (const char* key : {"", "/", "/a", "a/", "a//b", "//", ".", "..", "./a", "../a", "a/.",
                          "a/..", "a/./b", "a/../b", "a/../../b"}) {
    expect_refused(check_key(key), key);
  }
}

TEST(Key, RefusesMoreThan1024Bytes) {
  EXPECT_EQ(kKeyBytesMax, 1024u);
  const auto checked = check_key(std::string(kKeyBytesMax + 1, 'k'));
  expect_refused(checked, "1025 bytes");
  EXPECT_NE(checked.error().message.find("has 1025 bytes"), std::string::npos);
  const auto large = check_key(std::string(4096, 'k'));
  expect_refused(large, "4 KiB");
  EXPECT_LT(large.error().message.size(), 512u) << "the message shows a part of the key";
}

TEST(Key, RefusesControlCharacters) {
  for (uint32_t code_point = 0; code_point <= 0x9f; ++code_point) {
    const bool is_control = code_point < 0x20 || code_point >= 0x7f;
    const auto checked = check_key("a" + encoded(code_point) + "b");
    EXPECT_EQ(checked.ok(), !is_control) << code_point;
  }
}

// Every code point of Unicode and some beyond, each alone in a key.
TEST(Key, TakesEveryCharacterButControlsAndSurrogates) {
  for (uint32_t code_point = 0xa0; code_point < 0x110100; ++code_point) {
    const bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    const bool is_good = !is_surrogate && code_point <= 0x10ffff;
    ASSERT_EQ(check_key(encoded(code_point)).ok(), is_good) << std::hex << code_point;
  }
}

TEST(Key, RefusesBrokenUtf8AndSaysWhere) {
  const std::vector<std::string> bad = {
      "\x80",                  // a tail without a head
      "\xbf",                  //
      "\xc3",                  // cut short
      "\xe6\xbc",              //
      "\xf0\x9f\xa6",          //
      "\xc3(",                 // a head without its tail
      "\xe6(\xa2",             //
      "\xe6\xbc(",             //
      "\xf0\x9f\xa6(",         //
      "\xc0\xaf",              // '/' in more bytes than it takes
      "\xc1\xbf",              //
      "\xe0\x80\xaf",          //
      "\xe0\x9f\xbf",          //
      "\xf0\x80\x80\xaf",      //
      "\xf0\x8f\xbf\xbf",      //
      "\xed\xa0\x80",          // the first surrogate
      "\xed\xbf\xbf",          // the last
      "\xf4\x90\x80\x80",      // past U+10FFFF
      "\xf5\x80\x80\x80",      //
      "\xf8\x88\x80\x80\x80",  // five bytes
      "\xfe",                  //
      "\xff",                  //
  };
  for (const std::string& broken : bad) {
    const auto checked = check_key("ab/" + broken);
    expect_refused(checked, printable(broken));
    EXPECT_NE(checked.error().message.find("not UTF-8 at byte 3"), std::string::npos)
        << checked.error().message;
    expect_refused(check_key(broken + "z"), printable(broken));
  }
}

TEST(Key, IsCheckedPastAZeroByte) {
  expect_refused(check_key(std::string_view("a\0/../b", 7)), "a zero byte");
}

TEST(ObjectName, IsCutAtTheFirstSlash) {
  const auto name = ObjectName::parse("models/llama 3/weights.bin");
  ASSERT_TRUE(name.ok());
  EXPECT_EQ(*name, (ObjectName{"models", "llama 3/weights.bin"}));
  EXPECT_EQ(name->text(), "models/llama 3/weights.bin");
}

TEST(ObjectName, RefusesABadPartWithThatPartsRule) {
  const auto message = [](std::string_view text) {
    const auto name = ObjectName::parse(text);
    return name.ok() ? std::string("(taken)") : name.error().message;
  };
  EXPECT_NE(message("models").find("bucket/key"), std::string::npos);
  EXPECT_NE(message("").find("bucket/key"), std::string::npos);
  EXPECT_NE(message("Models/x").find("bucket name 'Models'"), std::string::npos);
  EXPECT_NE(message("/x").find("bucket name ''"), std::string::npos);
  EXPECT_NE(message("models/").find("key ''"), std::string::npos);
  EXPECT_NE(message("models/../x").find("'..'"), std::string::npos);
}

TEST(Printable, LeavesGoodTextAlone) {
  EXPECT_EQ(printable(""), "");
  EXPECT_EQ(printable("plain text"), "plain text");
  EXPECT_EQ(printable("\xf0\x9f\xa6\x89 \xe6\xbc\xa2"), "\xf0\x9f\xa6\x89 \xe6\xbc\xa2");
}

TEST(Printable, ReplacesControlsAndBrokenBytes) {
  EXPECT_EQ(printable("a\r\nb\x1b[31m"), "a??b?[31m");
  EXPECT_EQ(printable(std::string_view("a\0b", 3)), "a?b");
  EXPECT_EQ(printable("\xc2\x85"), "?") << "a control of two bytes";
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("\xe6\xbcz"), "??z");
}

TEST(Printable, CutsBetweenCharactersAndSaysSo) {
  EXPECT_EQ(printable("abcdef", 6), "abcdef");
  EXPECT_EQ(printable("abcdef", 5), "abcde...");
  EXPECT_EQ(printable("ab\xe6\xbc\xa2", 5), "ab\xe6\xbc\xa2");
  EXPECT_EQ(printable("ab\xe6\xbc\xa2", 4), "ab...");
  EXPECT_EQ(printable("a", 0), "...");
  EXPECT_EQ(printable(std::string(4096, 'x')).size(), 123u);
}

}  // namespace
}  // namespace tyto
