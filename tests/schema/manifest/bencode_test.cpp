#include "schema/manifest/bencode.h"

#include <gtest/gtest.h>

namespace tyto {
namespace {

using Kind = BencodeValue::Kind;

TEST(Bencode, ReadsEachKind) {
  std::string text =
      "d4:listli0ei-7ei9223372036854775807ee3:str4:" + std::string("a\0b\xff", 4) + "e";
  Result<BencodeValue> value = parse_bencode(text);
  ASSERT_TRUE(value.ok()) << value.error().message;
  ASSERT_TRUE(value->is_dictionary());
  const BencodeValue* list = value->find("list");
  ASSERT_NE(list, nullptr);
  ASSERT_EQ(list->items.size(), 3u);
  EXPECT_EQ(list->items[0].integer, 0);
  EXPECT_EQ(list->items[1].integer, -7);
  EXPECT_EQ(list->items[2].integer, INT64_MAX);
  EXPECT_EQ(list->raw, "li0ei-7ei9223372036854775807ee");
  EXPECT_EQ(value->find("str")->text, std::string_view("a\0b\xff", 4));
  EXPECT_EQ(value->find("nothing"), nullptr);
  EXPECT_EQ(list->find("str"), nullptr);
  EXPECT_EQ(value->raw, text);
}

TEST(Bencode, TakesTheCanonicalFormOnly) {
  for (const char* text : {"",
                           "i",
                           "ie",
                           "i-e",
                           "i-0e",
                           "i00e",
                           "i01e",
                           "i+1e",
                           "i 1e",
                           "i1",
                           "i1.0e",
                           "i0x1e",
                           "i9223372036854775808e",
                           "i-9223372036854775809e",
                           "i99999999999999999999999999e",
                           "1:",
                           "01:a",
                           "-1:a",
                           "2:a",
                           "1:ab",
                           ":",
                           "18446744073709551616:a",
                           "18446744073709551615:a",
                           "l",
                           "li1e",
                           "lee",
                           "d",
                           "d1:a",
                           "d1:ae",
                           "d1:ai1e",
                           "di1ei1ee",
                           "d1:bi1e1:ai1ee",
                           "d1:ai1e1:ai1ee",
                           "x",
                           "e",
                           "i1ei2e",
                           "i1e\n",
                           "4:spam "}) {
    Result<BencodeValue> value = parse_bencode(text);
    EXPECT_FALSE(value.ok()) << text;
    if (!value) {
      EXPECT_EQ(value.error().code, ErrorCode::kInvalidArgument);
      EXPECT_NE(value.error().message.find(" at byte "), std::string::npos)
          << value.error().message;
    }
  }
}

TEST(Bencode, NamesTheByteWhereItWentWrong) {
  EXPECT_EQ(parse_bencode("d1:bi1e1:ai1ee").error().message,
            "bencoding: expected keys in order at byte 10 of 14");
}

TEST(Bencode, StaysWithinItsLimits) {
  auto nested = [](std::size_t depth) { return std::string(depth, 'l') + std::string(depth, 'e'); };
  EXPECT_TRUE(parse_bencode(nested(16)).ok());
  EXPECT_FALSE(parse_bencode(nested(17)).ok());
  EXPECT_FALSE(parse_bencode(nested(1'000'000)).ok());
  EXPECT_FALSE(parse_bencode(std::string(1'000'000, 'l')).ok());

  auto flat = [](std::size_t items) {
    std::string text = "l";
    for (std::size_t i = 0; i < items; ++i) text += "i1e";
    return text + "e";
  };
  EXPECT_TRUE(parse_bencode(flat(10), {.values_max = 11}).ok());
  EXPECT_FALSE(parse_bencode(flat(11), {.values_max = 11}).ok());
  EXPECT_TRUE(parse_bencode("4:spam", {.bytes_max = 6}).ok());
  EXPECT_FALSE(parse_bencode("4:spam", {.bytes_max = 5}).ok());
}

TEST(Bencode, WritesWhatItReads) {
  BencodeWriter out;
  out.begin_dictionary();
  out.key("").string(std::string_view("\0\xff", 2));
  out.key("a").begin_list().integer(-5).string("").begin_dictionary().end().end();
  out.key("b").raw("le");
  std::string text = out.end().take();
  EXPECT_EQ(text, std::string("d0:2:\0\xff"
                              "1:ali-5e0:dee1:blee",
                              26));
  Result<BencodeValue> value = parse_bencode(text);
  ASSERT_TRUE(value.ok()) << value.error().message;
  EXPECT_EQ(value->find("a")->items[0].integer, -5);
}

TEST(BencodeDeathTest, KeysOutOfOrderAreABug) {
  EXPECT_DEATH(
      {
        BencodeWriter out;
        out.begin_dictionary();
        out.key("b").integer(1);
        out.key("a").integer(2);
      },
      "last_key");
}

}  // namespace
}  // namespace tyto
