// The parsers must not depend on how the bytes were cut on their way.
#include "io/http/message_parser.h"

#include <gtest/gtest.h>

namespace tyto::io {
namespace {

// Feeds as a connection does: what is left over is given again, with more behind it.
template <class Parser>
std::string feed_in_steps(Parser& parser, std::string_view text, std::size_t step) {
  std::string pending;
  std::size_t at = 0;
  while (!parser.is_done() && parser.fault() == ParseFault::kNone) {
    std::size_t used = pending.empty() ? 0 : parser.feed(pending);
    pending.erase(0, used);
    if (used > 0) continue;
    if (at >= text.size()) break;
    pending += text.substr(at, step);
    at += step;
  }
  return pending + std::string(at < text.size() ? text.substr(at) : "");
}

constexpr std::string_view kChunkedPost =
    "POST /a%20b/c?x=1&y=%2B HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4\r\nwiki\r\n5;note=x\r\npedia\r\n0\r\nTrailer: t\r\n\r\nGET /next HTTP/1.1\r\n\r\n";

TEST(RequestParser, ReadsTheSameHoweverTheBytesAreCut) {
  for (std::size_t step = 1; step <= kChunkedPost.size(); ++step) {
    RequestParser parser({1000, 1000});
    std::string rest = feed_in_steps(parser, kChunkedPost, step);
    ASSERT_TRUE(parser.is_done()) << step << " " << parser.fault_text();
    EXPECT_EQ(rest, "GET /next HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(parser.keeps_alive());
    HttpRequest request = parser.take();
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.path, "/a b/c");
    EXPECT_EQ(*request.query_value("y"), "+");
    EXPECT_EQ(request.query_value("z"), nullptr);
    EXPECT_EQ(request.headers.get("host"), "h");
    EXPECT_EQ(request.headers.find("Trailer"), nullptr);
    EXPECT_EQ(request.body, "wikipedia");
  }
}

TEST(RequestParser, TakesAbsoluteTargetsAndTheAsterisk) {
  RequestParser absolute({1000, 0});
  absolute.feed("GET http://h:80/p?q=1 HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(absolute.is_done());
  EXPECT_EQ(absolute.take().path, "/p");
  RequestParser asterisk({1000, 0});
  asterisk.feed("OPTIONS * HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(asterisk.is_done());
  EXPECT_EQ(asterisk.take().path, "*");
}

TEST(RequestParser, NamesTheFault) {
  struct Case {
    std::string text;
    ParseFault fault;
  };
  const std::string head = "POST / HTTP/1.1\r\n";
  const Case cases[] = {
      {"hello\r\n\r\n", ParseFault::kMalformed},
      {"GET / HTTP/9.9\r\n\r\n", ParseFault::kMalformed},
      {"GET nowhere HTTP/1.1\r\n\r\n", ParseFault::kMalformed},
      {"GET /%zz HTTP/1.1\r\n\r\n", ParseFault::kMalformed},
      {"GET /%00 HTTP/1.1\r\n\r\n", ParseFault::kMalformed},
      {"GET /?a=% HTTP/1.1\r\n\r\n", ParseFault::kMalformed},
      {"GET / HTTP/1.1\r\nno colon\r\n\r\n", ParseFault::kMalformed},
      {head + "Content-Length: x\r\n\r\n", ParseFault::kMalformed},
      {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", ParseFault::kMalformed},
      {head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", ParseFault::kMalformed},
      {head + "Content-Length: 101\r\n\r\n", ParseFault::kBodyTooLarge},
      {head + "Transfer-Encoding: chunked\r\n\r\nff\r\n" + std::string(255, 'x'),
       ParseFault::kBodyTooLarge},
      {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", ParseFault::kMalformed},
      {head + "Transfer-Encoding: chunked\r\n\r\n1;" + std::string(2000, 'x'),
       ParseFault::kMalformed},
      {head + "X: " + std::string(2000, 'x'), ParseFault::kHeadTooLarge},
      {"GET /" + std::string(2000, 'x'), ParseFault::kHeadTooLarge},
      {head + "Transfer-Encoding: chunked\r\n\r\n0\r\nT: " + std::string(2000, 'x'),
       ParseFault::kMalformed},
  };
  for (const Case& test : cases) {
    for (std::size_t step : {std::size_t{7}, test.text.size()}) {
      RequestParser parser({1000, 100});
      feed_in_steps(parser, test.text, step);
      EXPECT_EQ(parser.fault(), test.fault)
          << test.text.substr(0, 80) << " / " << step << ": " << parser.fault_text();
      EXPECT_FALSE(parser.is_done());
    }
  }
}

TEST(RequestParser, ManySmallFieldsCountAgainstTheHeadToo) {
  std::string text = "GET / HTTP/1.1\r\n";
  while (text.size() < 5000) text += "A: b\r\n";
  for (std::size_t step : {std::size_t{1}, std::size_t{100}, text.size()}) {
    RequestParser parser({1000, 100});
    feed_in_steps(parser, text, step);
    EXPECT_EQ(parser.fault(), ParseFault::kHeadTooLarge) << step;
  }
}

struct Collected {
  ResponseParser::Sink sink() {
    return {[this](HttpResponseHead head) { heads.push_back(std::move(head)); },
            [this](std::string_view bytes) {
              body += bytes;
              ++pieces;
              return !holds;
            }};
  }
  std::vector<HttpResponseHead> heads;
  std::string body;
  int pieces = 0;
  bool holds = false;
};

TEST(ResponseParser, ReadsTheSameHoweverTheBytesAreCut) {
  constexpr std::string_view kText =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: \"e\"\r\n\r\n"
      "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\nmore";
  for (bool holds : {false, true}) {
    for (std::size_t step = 1; step <= kText.size(); ++step) {
      Collected collected;
      collected.holds = holds;
      ResponseParser parser(1000, ResponseParser::Body::kExpected, collected.sink());
      std::string rest = feed_in_steps(parser, kText, step);
      ASSERT_TRUE(parser.is_done()) << step << " " << parser.fault_text();
      EXPECT_EQ(rest, "more");
      ASSERT_EQ(collected.heads.size(), 1u);
      EXPECT_EQ(collected.heads[0].status, 200);
      EXPECT_EQ(collected.heads[0].headers.get("etag"), "\"e\"");
      EXPECT_FALSE(collected.heads[0].content_length.has_value());
      EXPECT_EQ(collected.body, "abcd");
    }
  }
}

TEST(ResponseParser, StopsAfterAPieceWhenToldToHold) {
  Collected collected;
  collected.holds = true;
  ResponseParser parser(1000, ResponseParser::Body::kExpected, collected.sink());
  std::string_view text =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n";
  text.remove_prefix(parser.feed(text));
  EXPECT_EQ(collected.heads.size(), 1u);
  EXPECT_EQ(collected.body, "");
  text.remove_prefix(parser.feed(text));
  EXPECT_EQ(collected.body, "a");
  text.remove_prefix(parser.feed(text));
  EXPECT_EQ(collected.body, "ab");
}

TEST(ResponseParser, TellsAWholeBodyFromOneCutShort) {
  Collected known, unknown;
  ResponseParser with_length(1000, ResponseParser::Body::kExpected, known.sink());
  feed_in_steps(with_length, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcd", 1000);
  EXPECT_EQ(known.heads[0].content_length, 5u);
  with_length.feed_end();
  EXPECT_EQ(with_length.fault(), ParseFault::kCut);
  ResponseParser to_end(1000, ResponseParser::Body::kExpected, unknown.sink());
  feed_in_steps(to_end, "HTTP/1.1 200 OK\r\n\r\nabcd", 1000);
  EXPECT_TRUE(to_end.needs_end());
  to_end.feed_end();
  EXPECT_TRUE(to_end.is_done());
  EXPECT_EQ(unknown.body, "abcd");
}

TEST(ResponseParser, AnswersToHeadEndWithTheirHead) {
  Collected collected;
  ResponseParser parser(1000, ResponseParser::Body::kNone, collected.sink());
  feed_in_steps(parser, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 1000);
  EXPECT_TRUE(parser.is_done());
  EXPECT_EQ(collected.heads[0].content_length, 5u);
}

}  // namespace
}  // namespace tyto::io
