#include "peer/origin/http_rules.h"

#include <gtest/gtest.h>

namespace tyto::peer {
namespace {

TEST(HttpDate, ComesBackAsItWasWritten) {
  const std::string text = "Sun, 06 Nov 1994 08:49:37 GMT";
  auto time = parse_http_date(text);
  ASSERT_TRUE(time);
  EXPECT_EQ(time->unix_s(), 784111777);
  EXPECT_EQ(http_date(*time), text);
  EXPECT_EQ(http_date(WallTime::from_unix_s(951782400)), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(HttpDate, OtherFormsAreNotRead) {
  for (const char* text : {"", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                           "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 24:49:37 GMT",
                           "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nuv 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:-9:37 GMT", "Sun, 06 Nov 9999 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT "})
    EXPECT_FALSE(parse_http_date(text)) << text;
}

TEST(StrongEtag, IsQuotedAndNotWeak) {
  EXPECT_EQ(strong_etag("\"abc\""), "\"abc\"");
  EXPECT_EQ(strong_etag("\"\""), "\"\"");
  for (const std::string& text :
       {std::string(), std::string("abc"), std::string("W/\"abc\""), std::string("\""),
        std::string("\"a\"b\""), std::string("\"a b\""),
        "\"" + std::string(kEtagBytesMax, 'x') + "\""})
    EXPECT_EQ(strong_etag(text), "") << text;
}

TEST(ContentRange, IsReadOrRefused) {
  auto part = parse_content_range("bytes 5-9/100");
  ASSERT_TRUE(part);
  EXPECT_EQ(part->range, (ByteRange{5, 10}));
  EXPECT_EQ(part->total, 100u);
  EXPECT_FALSE(parse_content_range("bytes 0-0/*")->total);
  EXPECT_EQ(parse_content_range("bytes */0")->total, 0u);
  for (const char* text : {"", "bytes", "bytes 5-9", "bytes 9-5/100", "bytes a-b/100",
                           "bytes 5-9/x", "items 5-9/100", "bytes 5-18446744073709551615/*"})
    EXPECT_FALSE(parse_content_range(text)) << text;
}

TEST(RetryAfter, IsReadInSecondsOnly) {
  EXPECT_EQ(parse_retry_after("7"), Duration::seconds(7));
  EXPECT_FALSE(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT"));
  EXPECT_FALSE(parse_retry_after("-1"));
  EXPECT_FALSE(parse_retry_after("99999999999"));
}

TEST(Conditions, UseTheEtagOrElseTheTime) {
  io::HttpHeaders headers;
  add_conditions(headers, {"u", "\"e\"", WallTime::from_unix_s(784111777)});
  EXPECT_EQ(headers.get("If-Match"), "\"e\"");
  EXPECT_EQ(headers.size(), 1u);
  io::HttpHeaders by_time;
  add_conditions(by_time, {"u", "", WallTime::from_unix_s(784111777)});
  EXPECT_EQ(by_time.get("If-Unmodified-Since"), "Sun, 06 Nov 1994 08:49:37 GMT");
}

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() {
    facts_.chunking = Chunking::of(1000);
    facts_.origin = {"http://o/x", "\"v1\"", WallTime::from_unix_s(784111777)};
  }
  Judgement judge_part(int status, io::HttpHeaders headers,
                       std::optional<uint64_t> length = std::nullopt) {
    io::HttpResponseHead head{status, std::move(headers), length, "http://o/x"};
    return judge(head, facts_, ByteRange{100, 200});
  }
  VersionFacts facts_;
};

TEST_F(JudgeTest, TakesThePartThatWasAskedFor) {
  auto is_part = [&](io::HttpHeaders headers, std::optional<uint64_t> length = std::nullopt) {
    headers.add("ETag", "\"v1\"");
    return judge_part(206, std::move(headers), length).verdict == Verdict::kPart;
  };
  EXPECT_TRUE(is_part({{"Content-Range", "bytes 100-199/1000"}}));
  EXPECT_TRUE(is_part({{"Content-Range", "bytes 100-199/1000"}}, 100));
  EXPECT_TRUE(is_part({{"Content-Range", "bytes 100-149/1000"}}));  // the rest is asked for anew
  EXPECT_TRUE(is_part({{"Content-Range", "bytes 100-199/*"}}));
  EXPECT_FALSE(is_part({{"Content-Range", "bytes 100-199/1000"}}, 99));
  EXPECT_FALSE(is_part({{"Content-Range", "bytes 99-199/1000"}}));
  EXPECT_FALSE(is_part({{"Content-Range", "bytes 100-200/1000"}}));
  EXPECT_FALSE(is_part({{"Content-Range", "bytes 100-199/1001"}}));
  EXPECT_FALSE(is_part({}));
  EXPECT_FALSE(is_part({{"Content-Range", "bytes 100-199/1000"}, {"Content-Encoding", "gzip"}}));
}

TEST_F(JudgeTest, FindsOutServersThatIgnoreConditions) {
  const io::HttpHeaders::Field range{"Content-Range", "bytes 100-199/1000"};
  EXPECT_EQ(judge_part(206, {range, {"ETag", "\"v2\""}}).kind, FailureKind::kOriginChanged);
  EXPECT_EQ(judge_part(206, {range, {"ETag", "W/\"v1\""}}).kind, FailureKind::kOriginChanged);
  EXPECT_EQ(judge_part(206, {range}).kind, FailureKind::kOriginChanged);
  EXPECT_EQ(judge_part(200, {{"ETag", "\"v2\""}}).kind, FailureKind::kOriginChanged);
  EXPECT_EQ(judge_part(206, {{"Content-Range", "bytes 100-199/1001"}, {"ETag", "\"v1\""}}).kind,
            FailureKind::kOriginChanged);
  facts_.origin.etag.clear();
  EXPECT_EQ(judge_part(206, {range, {"Last-Modified", "Sun, 06 Nov 1994 08:49:38 GMT"}}).kind,
            FailureKind::kOriginChanged);
  EXPECT_EQ(judge_part(206, {range, {"Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT"}}).verdict,
            Verdict::kPart);
  facts_.origin.modified.reset();
  EXPECT_EQ(judge_part(206, {range}).verdict, Verdict::kPart);  // a known root must do
}

TEST_F(JudgeTest, SortsStatuses) {
  struct Case {
    int status;
    Verdict verdict;
    FailureKind kind;
  };
  for (const Case& item :
       std::initializer_list<Case>{{404, Verdict::kFail, FailureKind::kOriginMissing},
                                   {410, Verdict::kFail, FailureKind::kOriginMissing},
                                   {412, Verdict::kFail, FailureKind::kOriginChanged},
                                   {416, Verdict::kFail, FailureKind::kOriginChanged},
                                   {401, Verdict::kFail, FailureKind::kOriginFailed},
                                   {403, Verdict::kFail, FailureKind::kOriginFailed},
                                   {204, Verdict::kFail, FailureKind::kOriginFailed},
                                   {302, Verdict::kFail, FailureKind::kOriginFailed},
                                   {408, Verdict::kRetry, FailureKind::kOriginFailed},
                                   {429, Verdict::kRetry, FailureKind::kOriginFailed},
                                   {500, Verdict::kRetry, FailureKind::kOriginFailed},
                                   {503, Verdict::kRetry, FailureKind::kOriginFailed}}) {
    Judgement judgement = judge_part(item.status, {{"Retry-After", "3"}});
    EXPECT_EQ(judgement.verdict, item.verdict) << item.status;
    EXPECT_EQ(judgement.kind, item.kind) << item.status;
    EXPECT_FALSE(judgement.detail.empty());
  }
  EXPECT_EQ(judge_part(503, {{"Retry-After", "3"}}).retry_after, Duration::seconds(3));
}

TEST_F(JudgeTest, TakesTheWholeObjectOfTheRightSize) {
  EXPECT_EQ(judge_part(200, {{"ETag", "\"v1\""}}, 1000).verdict, Verdict::kWhole);
  EXPECT_EQ(judge_part(200, {{"ETag", "\"v1\""}}).verdict, Verdict::kWhole);
  EXPECT_EQ(judge_part(200, {{"ETag", "\"v1\""}}, 999).kind, FailureKind::kOriginChanged);
}

}  // namespace
}  // namespace tyto::peer
