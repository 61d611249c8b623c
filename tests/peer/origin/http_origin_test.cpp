#include "peer/origin/http_origin.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <list>

#include "peer/origin/origins.h"
#include "peer/origin/version.h"
#include "tests/support/faulty_origin.h"
#include "tests/support/origin_harness.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"
#include "tests/support/tls_proxy.h"

namespace tyto::peer {
namespace {

using support::FaultyOrigin;
using support::fetch;
using support::OriginFetchLog;
using support::resolve;
using support::Root;
using support::TestObject;

// Quick to retry, so that tests are quick.
HttpOriginOptions quick() {
  HttpOriginOptions options;
  options.backoff.wait_min = Duration::milliseconds(2);
  options.backoff.wait_max = Duration::milliseconds(10);
  options.resolve_within = Duration::seconds(5);
  return options;
}

class HttpOriginTest : public testing::Test {
 protected:
  // The object as the origin would be found to have it now.
  TestObject pinned() const { return support::at_origin(plain_, origin_.pin()); }
  std::list<OriginFetchLog> fetch_all(const TestObject& object) {
    std::list<OriginFetchLog> logs;
    for (uint32_t i = 0; i < object.facts->chunking.chunk_count(); ++i)
      support::start_fetch(*reader_, object, i, logs.emplace_back());
    auto all = [&] {
      return std::all_of(logs.begin(), logs.end(),
                         [](auto& log) { return log.transfer.has_ended(); });
    };
    EXPECT_TRUE(loop_.run_until(all, Duration::seconds(30)));
    return logs;
  }
  // All chunks, as one run.
  void start_run(const TestObject& object, std::list<OriginFetchLog>& logs) {
    uint32_t chunks = object.facts->chunking.chunk_count();
    for (uint32_t i = 0; i < chunks; ++i)
      support::start_fetch(*reader_, object, i, logs.emplace_back(), Root::kLearned,
                           Duration::seconds(10), chunks - i);
  }
  bool run_to_the_end(const std::list<OriginFetchLog>& logs) {
    auto all = [&] {
      return std::all_of(logs.begin(), logs.end(),
                         [](auto& log) { return log.transfer.has_ended(); });
    };
    return loop_.run_until(all, Duration::seconds(30));
  }
  void expect_whole(const std::list<OriginFetchLog>& logs) {
    uint32_t i = 0;
    for (const auto& log : logs) {
      EXPECT_EQ(log.transfer.root, plain_.roots[i]) << i << ": " << log.transfer.detail;
      EXPECT_TRUE(log.writer->bytes == plain_.chunk_bytes(i)) << i;
      ++i;
    }
  }

  TestObject plain_ = support::make_object(2'500'000, 1);  // 10 chunks of 256 KiB
  io::Loop loop_;
  FaultyOrigin origin_{loop_, plain_.bytes};
  std::unique_ptr<HttpOrigin> reader_ = std::make_unique<HttpOrigin>(loop_, quick());
};

// --- runs ---

TEST_F(HttpOriginTest, ARunOfChunksIsOneRequest) {
  std::list<OriginFetchLog> logs;
  start_run(pinned(), logs);
  ASSERT_TRUE(run_to_the_end(logs));
  expect_whole(logs);
  EXPECT_EQ(origin_.gets, 1);
  EXPECT_EQ(reader_->stats().requests, 1u);
  EXPECT_EQ(reader_->stats().bytes_read, plain_.bytes.size());
}

TEST_F(HttpOriginTest, ARunThatIsCutIsGoneOnWithAtTheByteWhereItStopped) {
  origin_.faults.cut_after = 700'000;
  std::list<OriginFetchLog> logs;
  start_run(pinned(), logs);
  ASSERT_TRUE(run_to_the_end(logs));
  expect_whole(logs);
  EXPECT_EQ(origin_.gets, 4);  // 2'500'000 bytes in steps of 700'000
}

TEST_F(HttpOriginTest, ARunOfAnOriginWithoutRangesComesOutOfTheWholeObject) {
  origin_.faults.lacks_ranges = true;
  std::list<OriginFetchLog> logs;
  start_run(pinned(), logs);
  ASSERT_TRUE(run_to_the_end(logs));
  expect_whole(logs);
  EXPECT_EQ(origin_.gets, 1);
}

TEST_F(HttpOriginTest, AChunkTakenOutOfARunLeavesTheOthers) {
  for (uint32_t taken : {0u, 4u, 9u}) {
    origin_.gets = 0;
    std::list<OriginFetchLog> logs;
    start_run(pinned(), logs);
    ASSERT_TRUE(loop_.run_until([&] { return origin_.gets > 0; }, Duration::seconds(10)));
    auto log = std::next(logs.begin(), taken);
    reader_->cancel(log->id);
    logs.erase(log);
    ASSERT_TRUE(run_to_the_end(logs)) << taken;
    for (const auto& one : logs) EXPECT_TRUE(one.transfer.root) << one.transfer.detail;
  }
}

TEST_F(HttpOriginTest, AnObjectThatChangesInMidRunEndsAllThatIsLeftOfIt) {
  origin_.faults.cut_after = 700'000;
  TestObject object = pinned();
  origin_.etag = "\"v2\"";
  std::list<OriginFetchLog> logs;
  start_run(object, logs);
  ASSERT_TRUE(run_to_the_end(logs));
  for (const auto& log : logs)
    EXPECT_EQ(log.transfer.failure, FailureKind::kOriginChanged) << log.transfer.detail;
}

// --- look-ups ---

TEST_F(HttpOriginTest, TellsWhatStandsAtAUrl) {
  auto found = resolve(loop_, *reader_, origin_.url());
  ASSERT_TRUE(found && found->ok()) << (found ? found->error().message : "no answer");
  EXPECT_EQ(found->value().size, plain_.bytes.size());
  EXPECT_EQ(found->value().etag, "\"v1\"");
  EXPECT_EQ(found->value().modified->unix_s(), 784111777);
  EXPECT_TRUE(found->value().accepts_ranges);
  EXPECT_EQ(origin_.gets, 0);
}

TEST_F(HttpOriginTest, PassesOverWeakEtags) {
  origin_.etag = "W/\"v1\"";
  auto found = resolve(loop_, *reader_, origin_.url());
  ASSERT_TRUE(found && found->ok());
  EXPECT_EQ(found->value().etag, "");
  EXPECT_TRUE(found->value().modified);
}

TEST_F(HttpOriginTest, AsksForAByteWhereHeadIsRefused) {
  origin_.faults.refuses_head = true;
  auto found = resolve(loop_, *reader_, origin_.url());
  ASSERT_TRUE(found && found->ok()) << (found ? found->error().message : "no answer");
  EXPECT_EQ(found->value().size, plain_.bytes.size());
  EXPECT_EQ(origin_.gets, 1);
  EXPECT_EQ(origin_.body_bytes, 1u);
  origin_.faults.lacks_ranges = true;
  found = resolve(loop_, *reader_, origin_.url());
  ASSERT_TRUE(found && found->ok());
  EXPECT_EQ(found->value().size, plain_.bytes.size());
  EXPECT_FALSE(found->value().accepts_ranges);
}

TEST_F(HttpOriginTest, FindsEmptyObjectsEitherWay) {
  origin_.bytes.clear();
  for (bool refuses_head : {false, true}) {
    origin_.faults.refuses_head = refuses_head;
    auto found = resolve(loop_, *reader_, origin_.url());
    ASSERT_TRUE(found && found->ok()) << (found ? found->error().message : "no answer");
    EXPECT_EQ(found->value().size, 0u);
  }
}

TEST_F(HttpOriginTest, FollowsRedirectsWhenItLooksUp) {
  FaultyOrigin front(loop_, "");
  front.faults.redirect_to = origin_.url("/elsewhere");
  auto found = resolve(loop_, *reader_, front.url());
  ASSERT_TRUE(found && found->ok()) << (found ? found->error().message : "no answer");
  EXPECT_EQ(found->value().url, front.url());
  EXPECT_EQ(found->value().size, plain_.bytes.size());
  TestObject object = support::at_origin(plain_, {front.url(), "\"v1\"", std::nullopt});
  EXPECT_TRUE(fetch(loop_, *reader_, object, 0).transfer.root);
}

TEST_F(HttpOriginTest, TellsWhyALookUpFailed) {
  auto code = [&](int status) {
    origin_.faults.fail_first = 1;
    origin_.faults.fail_status = status;
    auto found = resolve(loop_, *reader_, origin_.url());
    return found && !found->ok() ? found->error().code : ErrorCode::kCancelled;
  };
  EXPECT_EQ(code(404), ErrorCode::kNotFound);
  EXPECT_EQ(code(410), ErrorCode::kNotFound);
  EXPECT_EQ(code(401), ErrorCode::kDenied);
  EXPECT_EQ(code(418), ErrorCode::kUnavailable);
  EXPECT_EQ(resolve(loop_, *reader_, "http://")->error().code, ErrorCode::kInvalidArgument);
  origin_.faults.hides_length = true;
  EXPECT_TRUE(resolve(loop_, *reader_, origin_.url())->ok());  // ranges tell the size, too
  origin_.faults.lacks_ranges = true;
  EXPECT_EQ(resolve(loop_, *reader_, origin_.url())->error().code, ErrorCode::kUnsupported);
  origin_.faults = {};
  origin_.faults.content_encoding = "gzip";
  EXPECT_EQ(resolve(loop_, *reader_, origin_.url())->error().code, ErrorCode::kUnsupported);
}

TEST_F(HttpOriginTest, AsksAgainAfterErrorsThatPass) {
  origin_.faults.fail_first = 3;
  auto found = resolve(loop_, *reader_, origin_.url());
  ASSERT_TRUE(found && found->ok()) << (found ? found->error().message : "no answer");
  EXPECT_EQ(reader_->stats().retries, 3u);
  origin_.faults.fail_first = 1000;
  found = resolve(loop_, *reader_, origin_.url());
  ASSERT_TRUE(found && !found->ok());
  EXPECT_EQ(found->error().code, ErrorCode::kUnavailable);
  EXPECT_NE(found->error().message.find("503"), std::string::npos) << found->error().message;
}

TEST_F(HttpOriginTest, LooksUpNoLongerThanItsLimit) {
  auto options = quick();
  options.resolve_within = Duration::milliseconds(100);
  options.backoff.attempts_max = 1000;
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  origin_.faults.fail_first = 1'000'000;
  auto found = resolve(loop_, *reader_, origin_.url());
  ASSERT_TRUE(found && !found->ok());
  EXPECT_EQ(found->error().code, ErrorCode::kTimedOut);
}

// --- chunks by ranges ---

TEST_F(HttpOriginTest, ReadsEachChunkOnceAndUnderTheVersionsConditions) {
  auto logs = fetch_all(pinned());
  expect_whole(logs);
  EXPECT_EQ(origin_.gets, 10);
  EXPECT_EQ(origin_.body_bytes, plain_.bytes.size());
  EXPECT_EQ(reader_->stats().bytes_read, plain_.bytes.size());
  for (const auto& headers : origin_.requests) EXPECT_EQ(headers.get("If-Match"), "\"v1\"");
}

TEST_F(HttpOriginTest, UsesTheTimeWhereThereIsNoStrongEtag) {
  origin_.etag = "W/\"v1\"";
  auto log = fetch(loop_, *reader_, pinned(), 0);
  EXPECT_TRUE(log.transfer.root) << log.transfer.detail;
  EXPECT_EQ(origin_.requests[0].get("If-Unmodified-Since"), origin_.last_modified);
  TestObject object = pinned();
  origin_.last_modified = "Sun, 06 Nov 1994 08:49:38 GMT";
  for (bool ignores : {false, true}) {
    origin_.faults.ignores_conditions = ignores;
    EXPECT_EQ(fetch(loop_, *reader_, object, 0).transfer.failure, FailureKind::kOriginChanged);
  }
}

TEST_F(HttpOriginTest, ReadsNothingThatNothingPins) {
  TestObject object = support::at_origin(plain_, {origin_.url(), "", std::nullopt});
  EXPECT_EQ(fetch(loop_, *reader_, object, 0).transfer.failure, FailureKind::kOriginFailed);
  EXPECT_EQ(origin_.gets, 0);
  EXPECT_TRUE(fetch(loop_, *reader_, object, 0, Root::kKnown).transfer.root);
}

TEST_F(HttpOriginTest, MixesNoVersionsWhenTheObjectChangesInMidDownload) {
  for (bool ignores : {false, true}) {
    origin_.bytes = plain_.bytes;
    origin_.etag = "\"v1\"";
    TestObject object = pinned();
    origin_.faults.ignores_conditions = ignores;
    int changes_at = origin_.gets + 5;
    origin_.before_get = [&](int nth) {
      if (nth != changes_at) return;
      origin_.bytes = support::noise(plain_.bytes.size(), 2);
      origin_.etag = "\"v2\"";
    };
    int done = 0;
    int changed = 0;
    uint32_t i = 0;
    for (const auto& log : fetch_all(object)) {
      done += log.transfer.root == plain_.roots[i++];
      changed += log.transfer.failure == FailureKind::kOriginChanged && !log.writer->root;
    }
    EXPECT_EQ(done, 4) << ignores;
    EXPECT_EQ(changed, 6) << ignores;
  }
}

TEST_F(HttpOriginTest, NoticesAChangeBetweenTwoAttemptsAtOneChunk) {
  TestObject object = pinned();
  origin_.faults.cut_after = 100'000;
  origin_.before_get = [&](int nth) {
    if (nth == 2) origin_.etag = "\"v2\"";
  };
  auto log = fetch(loop_, *reader_, object, 0);
  EXPECT_EQ(log.transfer.failure, FailureKind::kOriginChanged) << log.transfer.detail;
  EXPECT_FALSE(log.writer->root);
  EXPECT_TRUE(log.writer->is_destroyed);
}

TEST_F(HttpOriginTest, NoticesAnotherSize) {
  TestObject object = pinned();
  origin_.faults.ignores_conditions = true;
  origin_.bytes.resize(origin_.bytes.size() + 1);
  EXPECT_EQ(fetch(loop_, *reader_, object, 0).transfer.failure, FailureKind::kOriginChanged);
  origin_.bytes.resize(100);
  EXPECT_EQ(fetch(loop_, *reader_, object, 3).transfer.failure, FailureKind::kOriginChanged);
}

TEST_F(HttpOriginTest, TellsThatTheObjectIsGone) {
  origin_.faults.fail_first = 1;
  origin_.faults.fail_status = 404;
  EXPECT_EQ(fetch(loop_, *reader_, pinned(), 0).transfer.failure, FailureKind::kOriginMissing);
}

TEST_F(HttpOriginTest, GoesOnWhereACutConnectionStopped) {
  origin_.faults.cut_after = 60'000;
  auto log = fetch(loop_, *reader_, pinned(), 0);
  EXPECT_TRUE(log.transfer.root) << log.transfer.detail;
  EXPECT_TRUE(log.writer->bytes == plain_.chunk_bytes(0));
  EXPECT_EQ(origin_.gets, 5);  // 262144 bytes in steps of 60000
  EXPECT_EQ(origin_.body_bytes, 256 * kKiB);
  EXPECT_EQ(origin_.requests[1].get("Range"), "bytes=60000-262143");
}

TEST_F(HttpOriginTest, SitsOutAnOriginThatFailsForAWhile) {
  origin_.faults.fail_first = 4;
  auto log = fetch(loop_, *reader_, pinned(), 0);
  EXPECT_TRUE(log.transfer.root) << log.transfer.detail;
  EXPECT_EQ(reader_->stats().retries, 4u);
}

TEST_F(HttpOriginTest, GivesUpOnAnOriginThatFailsForGood) {
  origin_.faults.fail_first = 1'000'000;
  auto log = fetch(loop_, *reader_, pinned(), 0);
  EXPECT_EQ(log.transfer.failure, FailureKind::kOriginFailed);
  EXPECT_NE(log.transfer.detail.find("503"), std::string::npos) << log.transfer.detail;
  EXPECT_NE(log.transfer.detail.find("6 attempts"), std::string::npos) << log.transfer.detail;
  EXPECT_EQ(origin_.gets, 6);
}

TEST_F(HttpOriginTest, GivesUpOnCutsWithoutProgress) {
  origin_.faults.cut_after = 100;
  auto log = fetch(loop_, *reader_, pinned(), 0);
  EXPECT_EQ(log.transfer.failure, FailureKind::kOriginFailed);
  EXPECT_EQ(origin_.gets, 6);
}

TEST_F(HttpOriginTest, WaitsAsLongAsTheServerAsksWithinReason) {
  origin_.faults.fail_first = 1;
  origin_.faults.retry_after = "3600";
  auto options = quick();
  options.backoff.retry_after_max = Duration::milliseconds(150);
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  Instant start = loop_.now();
  EXPECT_TRUE(fetch(loop_, *reader_, pinned(), 0).transfer.root);
  EXPECT_GE((loop_.now() - start).ms(), 150);
}

TEST_F(HttpOriginTest, ReplacesAnAnswerThatStalls) {
  origin_.faults.stall_after = 100'000;
  origin_.faults.stall_times = 1;
  auto log = fetch(loop_, *reader_, pinned(), 0, Root::kLearned, Duration::milliseconds(100));
  EXPECT_TRUE(log.transfer.root) << log.transfer.detail;
  EXPECT_TRUE(log.writer->bytes == plain_.chunk_bytes(0));
}

TEST_F(HttpOriginTest, DoesNotHangOnAnOriginThatAlwaysStalls) {
  auto options = quick();
  options.backoff.attempts_max = 3;
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  origin_.faults.stall_after = 0;
  auto log = fetch(loop_, *reader_, pinned(), 0, Root::kLearned, Duration::milliseconds(50));
  EXPECT_EQ(log.transfer.failure, FailureKind::kOriginFailed);
}

TEST_F(HttpOriginTest, TakesNoMoreBytesThanItAskedFor) {
  origin_.faults.surplus_bytes = 100;
  auto log = fetch(loop_, *reader_, pinned(), 0);
  EXPECT_EQ(log.transfer.failure, FailureKind::kOriginFailed) << log.transfer.detail;
  EXPECT_FALSE(log.writer->root);
}

TEST_F(HttpOriginTest, ReadsAnswersWithoutALength) {
  origin_.faults.hides_length = true;
  expect_whole(fetch_all(pinned()));
}

TEST_F(HttpOriginTest, TellsOtherBytesUnderTheSamePin) {
  TestObject object = pinned();
  origin_.bytes = support::noise(plain_.bytes.size(), 2);
  auto log = fetch(loop_, *reader_, object, 0, Root::kKnown);
  EXPECT_EQ(log.transfer.failure, FailureKind::kCorrupt);
  EXPECT_FALSE(log.writer->root);
}

TEST_F(HttpOriginTest, TellsWhenNobodyListens) {
  TestObject object = support::at_origin(plain_, {"http://127.0.0.1:1/x", "\"v1\"", std::nullopt});
  EXPECT_EQ(fetch(loop_, *reader_, object, 0).transfer.failure, FailureKind::kOriginFailed);
}

TEST_F(HttpOriginTest, KeepsToSoManyRequestsAtOnce) {
  auto options = quick();
  options.requests_max = 3;
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  expect_whole(fetch_all(pinned()));
  EXPECT_LE(origin_.at_once_max, 3u);
}

TEST_F(HttpOriginTest, CancelsWithoutAWord) {
  std::vector<OriginFetchLog> logs(3);
  for (uint32_t i = 0; i < 3; ++i) support::start_fetch(*reader_, pinned(), i, logs[i]);
  reader_->cancel(logs[0].id);  // the one that goes ahead of the others
  reader_->cancel(logs[1].id);
  ASSERT_TRUE(loop_.run_until([&] { return logs[2].transfer.has_ended(); }, Duration::seconds(20)));
  EXPECT_TRUE(logs[2].transfer.root) << logs[2].transfer.detail;
  EXPECT_FALSE(logs[0].transfer.has_ended());
  EXPECT_FALSE(logs[1].transfer.has_ended());
  EXPECT_TRUE(logs[0].writer->is_destroyed);
}

TEST_F(HttpOriginTest, EndsWithReadsUnderWay) {
  origin_.faults.stall_after = 1000;
  std::vector<OriginFetchLog> logs(5);
  for (uint32_t i = 0; i < 5; ++i) support::start_fetch(*reader_, pinned(), i, logs[i]);
  ASSERT_TRUE(loop_.run_until([&] { return origin_.gets > 0; }, Duration::seconds(10)));
  reader_->resolve(origin_.url(), [](Result<OriginObject>) { ADD_FAILURE() << "is gone"; });
  reader_.reset();
  loop_.run_until([] { return false; }, Duration::milliseconds(20));
  for (auto& log : logs) EXPECT_TRUE(!log.transfer.has_ended() && log.writer->is_destroyed);
}

// --- origins without ranges ---

TEST_F(HttpOriginTest, ReadsAnObjectOnceWhereThereAreNoRanges) {
  origin_.faults.lacks_ranges = true;
  expect_whole(fetch_all(pinned()));
  EXPECT_EQ(origin_.gets, 1);
  EXPECT_EQ(origin_.body_bytes, plain_.bytes.size());
  // Chunks that are asked for later, in any order, come from what was read.
  for (uint32_t i : {9u, 0u, 4u})
    EXPECT_TRUE(fetch(loop_, *reader_, pinned(), i, Root::kKnown).transfer.root);
  EXPECT_EQ(origin_.gets, 1);
}

TEST_F(HttpOriginTest, StartsAnewWhereACutConnectionCannotBeGoneOnWith) {
  origin_.faults.lacks_ranges = true;
  origin_.faults.cut_after = 1'000'000;
  origin_.faults.cut_times = 2;
  expect_whole(fetch_all(pinned()));
  EXPECT_EQ(origin_.gets, 3);
}

TEST_F(HttpOriginTest, MixesNoVersionsWithoutRangesEither) {
  TestObject object = pinned();
  origin_.faults.lacks_ranges = true;
  origin_.faults.ignores_conditions = true;
  origin_.faults.cut_after = 1'000'000;
  origin_.faults.cut_times = 1;
  origin_.before_get = [&](int nth) {
    if (nth != 2) return;
    origin_.bytes = support::noise(plain_.bytes.size(), 2);
    origin_.etag = "\"v2\"";
  };
  uint32_t i = 0;
  for (const auto& log : fetch_all(object)) {
    if (i < 3)  // whole before the cut
      EXPECT_EQ(log.transfer.root, plain_.roots[i]) << log.transfer.detail;
    else
      EXPECT_EQ(log.transfer.failure, FailureKind::kOriginChanged) << i << log.transfer.detail;
    ++i;
  }
}

TEST_F(HttpOriginTest, GivesUpWithoutRangesToo) {
  origin_.faults.lacks_ranges = true;
  origin_.faults.cut_after = 300'000;  // never gets any further
  uint32_t i = 0;
  for (const auto& log : fetch_all(pinned())) {
    EXPECT_EQ(log.transfer.failure.has_value(), i > 0) << i;
    ++i;
  }
  origin_.faults = {};  // and later all is well again
  expect_whole(fetch_all(pinned()));
}

TEST_F(HttpOriginTest, TellsThatAnObjectDoesNotFitTheSpool) {
  auto options = quick();
  options.spool_bytes_max = 1'000'000;
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  origin_.faults.lacks_ranges = true;
  auto log = fetch(loop_, *reader_, pinned(), 0);
  EXPECT_EQ(log.transfer.failure, FailureKind::kOriginFailed);
  EXPECT_NE(log.transfer.detail.find("without ranges"), std::string::npos) << log.transfer.detail;
}

TEST_F(HttpOriginTest, LetsGoOfASpoolThatNobodyUses) {
  auto options = quick();
  options.spool_kept = Duration::milliseconds(30);
  options.spool_bytes_max = 3'000'000;
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  origin_.faults.lacks_ranges = true;
  EXPECT_TRUE(fetch(loop_, *reader_, pinned(), 0).transfer.root);
  loop_.run_until([] { return false; }, Duration::milliseconds(100));
  EXPECT_TRUE(fetch(loop_, *reader_, pinned(), 1).transfer.root);
  EXPECT_EQ(origin_.gets, 2);
  origin_.etag = "\"v2\"";  // another version takes the room of one that is kept
  TestObject other = pinned();
  VersionFacts facts = *other.facts;
  facts.id.digest.bytes[0] ^= 1;
  other.facts = std::make_shared<VersionFacts>(facts);
  EXPECT_TRUE(fetch(loop_, *reader_, other, 1).transfer.root);
}

// --- schemes ---

TEST_F(HttpOriginTest, ReadsOverTls) {
  support::TempFolder folder;
  auto certificate = support::make_certificate(folder.path());
  support::TlsProxy proxy(certificate, origin_.port());
  std::string url = "https://127.0.0.1:" + std::to_string(proxy.port()) + "/object";
  auto options = quick();
  options.ca_file = certificate.certificate_file;
  options.requests_max = 1;  // the proxy takes one connection at a time
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  auto found = resolve(loop_, *reader_, url);
  ASSERT_TRUE(found && found->ok()) << (found ? found->error().message : "no answer");
  EXPECT_EQ(found->value().size, plain_.bytes.size());
  TestObject object = support::at_origin(plain_, {url, "\"v1\"", std::nullopt});
  EXPECT_TRUE(fetch(loop_, *reader_, object, 3).transfer.root);

  options.ca_file.clear();  // nobody has vouched for the certificate
  reader_ = std::make_unique<HttpOrigin>(loop_, options);
  found = resolve(loop_, *reader_, url);
  ASSERT_TRUE(found && !found->ok());
  EXPECT_EQ(found->error().code, ErrorCode::kDenied) << found->error().message;
}

TEST_F(HttpOriginTest, OriginsTakesEachUrlToItsReader) {
  support::TempFolder folder;
  Origins origins(loop_, {.file = {}, .http = quick()});
  auto found = resolve(loop_, origins, origin_.url());
  ASSERT_TRUE(found && found->ok());
  EXPECT_EQ(fetch(loop_, origins, pinned(), 0).transfer.root, plain_.roots[0]);
  EXPECT_EQ(resolve(loop_, origins, "file://" + folder.file("x"))->error().code,
            ErrorCode::kNotFound);
  for (const char* url : {"s3://bucket/key", "ftp://host/x", "", "/etc/passwd"}) {
    found = resolve(loop_, origins, url);
    ASSERT_TRUE(found && !found->ok()) << url;
    EXPECT_EQ(found->error().code, ErrorCode::kUnsupported);
    TestObject object = support::at_origin(plain_, {url, "\"v1\"", std::nullopt});
    EXPECT_EQ(fetch(loop_, origins, object, 0).transfer.failure, FailureKind::kOriginFailed);
    OriginFetchLog cancelled;
    support::start_fetch(origins, object, 0, cancelled);
    origins.cancel(cancelled.id);
    loop_.run_until([] { return false; }, Duration::milliseconds(5));
    EXPECT_FALSE(cancelled.transfer.has_ended());
  }
  EXPECT_EQ(origins.stats().requests, 3u);  // HEAD, GET, and a file that is not there
}

}  // namespace
}  // namespace tyto::peer
