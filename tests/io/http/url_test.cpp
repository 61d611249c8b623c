#include "io/http/url.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "io/http/http_headers.h"

namespace tyto::io {
namespace {

TEST(Url, IsTakenApart) {
  EXPECT_EQ(*Url::parse("http://Origin.Example/a%20b?x=1#part"),
            (Url{"http", "origin.example", 80, "/a%20b?x=1"}));
  EXPECT_EQ(*Url::parse("HTTPS://h:8443"), (Url{"https", "h", 8443, "/"}));
  EXPECT_EQ(*Url::parse("https://[2001:DB8::1]:444/x"), (Url{"https", "2001:db8::1", 444, "/x"}));
  EXPECT_EQ(*Url::parse("http://[::1]/"), (Url{"http", "::1", 80, "/"}));
  EXPECT_EQ(*Url::parse("http://h?q"), (Url{"http", "h", 80, "/?q"}));
}

TEST(Url, TextAndAuthorityGoBackToWhatWasRead) {
  for (const char* text : {"http://h/", "https://h:444/a?b=c", "http://[::1]:81/x"}) {
    EXPECT_EQ(Url::parse(text)->text(), text);
  }
  EXPECT_EQ(Url::parse("https://h:443/")->authority(), "h");
  EXPECT_EQ(Url::parse("http://[::1]:80/")->authority(), "[::1]");
}

TEST(Url, WhatIsNoneIsRefusedWithWhatIsExpected) {
  for (const char* text : {"",
                           "h",
                           "/a",
                           "ftp://h/",
                           "http:/h",
                           "http://",
                           "http:///x",
                           "http://:80/",
                           "http://h:0/",
                           "http://h:65536/",
                           "http://h:x/",
                           "http://h:80x/",
                           "http://user@h/",
                           "http://[::1/",
                           "http://[h]/",
                           "http://[::1]x/",
                           "http://a b/",
                           "http://h/a b",
                           "http://h/a\nb",
                           "http://h/\x7f",
                           "http://h%20/",
                           "http://h\\x/"}) {
    auto parsed = Url::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_NE(parsed.error().message.find("expected http(s)://"), std::string::npos) << text;
  }
  EXPECT_TRUE(Url::parse("http://h/" + std::string(kUrlBytesMax - 9, 'a')).ok());
  EXPECT_FALSE(Url::parse("http://h/" + std::string(kUrlBytesMax - 8, 'a')).ok());
}

TEST(Url, ReferencesResolveAsBrowsersDoIt) {
  Url base = *Url::parse("http://h:81/a/b/c?d=e");
  auto resolved = [&](const char* reference) { return base.resolve(reference)->text(); };
  EXPECT_EQ(resolved("https://other/x"), "https://other/x");
  EXPECT_EQ(resolved("//other/x"), "http://other/x");
  EXPECT_EQ(resolved("/x?y"), "http://h:81/x?y");
  EXPECT_EQ(resolved("x"), "http://h:81/a/b/x");
  EXPECT_EQ(resolved("../x"), "http://h:81/a/x");
  EXPECT_EQ(resolved("../../../x/./y/.."), "http://h:81/x/");
  EXPECT_EQ(resolved("?z"), "http://h:81/a/b/c?z");
  EXPECT_EQ(resolved(""), "http://h:81/a/b/c?d=e");
  EXPECT_EQ(resolved("/r?to=http://x/y"), "http://h:81/r?to=http://x/y");
  EXPECT_FALSE(base.resolve("ftp://x/").ok());
}

TEST(Percent, EveryByteSurvivesAndNoKeyClimbs) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(*percent_decode(percent_encode(all)), all);
  EXPECT_EQ(*percent_decode(percent_encode_path(all)), all);
  EXPECT_EQ(percent_encode("a/b c~"), "a%2Fb%20c~");
  EXPECT_EQ(percent_encode_path("a/b c/\xc3\xa4?#%"), "a/b%20c/%C3%A4%3F%23%25");
  EXPECT_EQ(percent_encode_path("../a/./..b/.."), "%2E%2E/a/%2E/..b/%2E%2E");
  EXPECT_EQ(join_url("http://h/root//", "x y/z"), "http://h/root/x%20y/z");
  EXPECT_EQ(join_url("http://h", ""), "http://h/");
}

TEST(Percent, BadEscapesAreRefused) {
  for (const char* text : {"%", "%1", "a%zz", "%%20", "%2"}) {
    EXPECT_FALSE(percent_decode(text).ok()) << text;
  }
}

TEST(Query, SplitsAndDecodes) {
  auto query = *parse_query("a=1&b=x%20y+z&&c&d==&%3D=%26");
  std::vector<std::pair<std::string, std::string>> expected = {
      {"a", "1"}, {"b", "x y z"}, {"c", ""}, {"d", "="}, {"=", "&"}};
  EXPECT_EQ(query, expected);
  EXPECT_TRUE(parse_query("")->empty());
  EXPECT_FALSE(parse_query("a=%").ok());
}

TEST(HttpHeaders, CompareWithoutCaseAndNoticeWhatWouldSmuggle) {
  HttpHeaders headers{{"Content-Type", "a"}, {"X", "1"}, {"x", "2"}};
  EXPECT_EQ(headers.get("content-TYPE"), "a");
  EXPECT_EQ(headers.find("none"), nullptr);
  headers.set("X", "3");
  EXPECT_EQ(headers.size(), 2u);
  EXPECT_EQ(headers.get("x"), "3");
  EXPECT_TRUE(headers.is_well_formed());
  EXPECT_FALSE((HttpHeaders{{"a", "x\r\nEvil: 1"}}).is_well_formed());
  EXPECT_FALSE((HttpHeaders{{"a b", "x"}}).is_well_formed());
  EXPECT_FALSE((HttpHeaders{{"", "x"}}).is_well_formed());
  EXPECT_FALSE((HttpHeaders{{"a", std::string("x\0y", 3)}}).is_well_formed());
}

}  // namespace
}  // namespace tyto::io
