// GET /api/v1/explain over a real connection.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "io/loop/clock.h"
#include "tests/tracker/server/server_fixture.h"

namespace tyto::tracker {
namespace {

using nlohmann::json;

class ExplainApiTest : public ServerTest {
 protected:
  json get(const std::string& query) {
    Answer answer = http("GET", "/api/v1/explain?" + query);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  std::string refused(const std::string& query) {
    Answer answer = http("GET", "/api/v1/explain?" + query);
    EXPECT_EQ(answer.status, 400) << answer.body;
    json body = json::parse(answer.body, nullptr, false);
    return body.contains("error") ? body["error"]["message"].get<std::string>() : "";
  }
  // Peer 2 opens b/k, which peer 3, a superpeer, is asked to look up and cannot find.
  void open_in_vain() {
    make_bucket(R"({"name": "b", "origin": "http://origin.example/"})");
    superpeer = connect();
    EXPECT_TRUE(superpeer->register_as(a_peer(3, Role::kSuperpeer)).ok());
    reader = connect();
    EXPECT_TRUE(reader->register_as(a_peer(2)).ok());
    EXPECT_TRUE(reader->exchange(one_event(1, an_open(1, "b", "k"))).ok());
    auto asked = superpeer->exchange({});
    ASSERT_TRUE(asked.ok());
    ASSERT_FALSE(asked->commands.empty());
    const auto& order = std::get<Resolve>(asked->commands[0]);
    NameResolved none{order.resolve, std::nullopt, {ErrorCode::kNotFound, "404 at the origin"}};
    EXPECT_TRUE(superpeer->exchange(one_event(1, none)).ok());
  }
  std::unique_ptr<FakePeer> superpeer;
  std::unique_ptr<FakePeer> reader;
};

TEST_F(ExplainApiTest, ARefusedReadIsExplainedWithItsDatesAndItsReason) {
  start();
  open_in_vain();
  int64_t now_ms = io::wall_now().unix_ns() / 1'000'000;
  json answer = get("bucket=b&key=k");
  ASSERT_EQ(answer["total"], 3);
  const json& refusal = answer["records"][2];
  EXPECT_EQ(answer["records"][0]["kind"], "resolving");
  EXPECT_EQ(answer["records"][1]["kind"], "resolved");
  EXPECT_EQ(refusal["kind"], "refused");
  EXPECT_EQ(refusal["object"], "b/k");
  EXPECT_EQ(refusal["peer"]["name"], "test-2");
  EXPECT_EQ(refusal["peer"]["peer"], "0000000000000002");
  EXPECT_EQ(refusal["peer"]["role"], "peer");
  EXPECT_EQ(refusal["reason"]["choice"], "refuse_not_found");
  EXPECT_EQ(refusal["detail"], "404 at the origin");
  EXPECT_LE(refusal["at_unix_ms"], now_ms + 1);
  EXPECT_GE(refusal["at_unix_ms"], now_ms - 20'000);
  EXPECT_EQ(answer["summary"]["refusals"], 1);
  EXPECT_EQ(answer["journal"]["overwritten"], 0);
  EXPECT_EQ(answer["answers"][2]["question"], "Which reads ended with an error (1)?");
}

TEST_F(ExplainApiTest, PeersLimitsAndTimesSelect) {
  start();
  open_in_vain();
  EXPECT_EQ(get("peer=test-2")["total"], 1);
  EXPECT_EQ(get("peer=test-3")["total"], 2);
  json newest = get("bucket=b&key=k&limit=1");
  EXPECT_EQ(newest["total"], 3);
  ASSERT_EQ(newest["records"].size(), 1u);
  EXPECT_EQ(newest["records"][0]["kind"], "refused");
  EXPECT_EQ(newest["summary"]["refusals"], 1);
  EXPECT_EQ(get("bucket=b&key=k&since_ms=3600000")["total"], 3);
}

TEST_F(ExplainApiTest, AnEmptyAnswerSaysWhy) {
  start();
  json none = get("bucket=b&key=other");
  EXPECT_EQ(none["total"], 0);
  EXPECT_EQ(none["answers"].size(), 0u);
  EXPECT_NE(none["note"].get<std::string>().find("reaches back to the tracker's start"),
            std::string::npos);
  settings.core.explain.records = 2;
  start();
  open_in_vain();
  std::string note = get("bucket=b&key=other")["note"];
  EXPECT_NE(note.find("raise explain.records (2 now)"), std::string::npos) << note;
  settings.core.explain.records = 0;
  start();
  EXPECT_EQ(get("bucket=b&key=k")["note"], "the journal is off: explain.records is 0");
}

TEST_F(ExplainApiTest, ARecordThatIsOlderThanAskedForIsSaidToBeThere) {
  start();
  open_in_vain();
  json none = get("bucket=b&key=k&since_ms=0");
  EXPECT_EQ(none["total"], 0);
  std::string note = none["note"];
  EXPECT_TRUE(note.starts_with("there is no such record since then: the newest is ")) << note;
}

TEST_F(ExplainApiTest, AnUnknownPeerIsAnErrorAndIdsAreOfEitherCase) {
  start();
  open_in_vain();
  auto late = connect();
  ASSERT_TRUE(late->register_as(a_peer(0xabcd)).ok());
  EXPECT_EQ(get("peer=000000000000ABCD")["total"], 0);  // it has not read anything yet
  EXPECT_EQ(get("peer=000000000000abcd")["total"], 0);
  for (const char* query : {"peer=zzzz", "peer=TEST-2", "peer=zzzz&bucket=b&key=k"}) {
    Answer answer = http("GET", std::string("/api/v1/explain?") + query);
    EXPECT_EQ(answer.status, 404) << answer.body;
    EXPECT_NE(answer.body.find("is known to the journal"), std::string::npos) << answer.body;
  }
}

TEST_F(ExplainApiTest, BadParametersAreRefusedByName) {
  start();
  EXPECT_NE(refused("").find("name an object"), std::string::npos);
  EXPECT_NE(refused("bucket=b").find("go together"), std::string::npos);
  EXPECT_NE(refused("bucket=B!&key=k").find("bucket"), std::string::npos);
  EXPECT_NE(refused("bucket=b&key=k&chunk=-1").find("chunk=-1"), std::string::npos);
  EXPECT_NE(refused("bucket=b&key=k&since_ms=x").find("since_ms=x"), std::string::npos);
  EXPECT_NE(refused("bucket=b&key=k&limit=0").find("limit=0"), std::string::npos);
}

TEST_F(ExplainApiTest, TheJournalIsCounted) {
  start();
  open_in_vain();
  std::string metrics = http("GET", "/metrics").body;
  EXPECT_NE(metrics.find("tyto_tracker_explain_records_total 3"), std::string::npos);
  EXPECT_NE(metrics.find("tyto_tracker_explain_overwritten_total 0"), std::string::npos);
  EXPECT_NE(metrics.find("tyto_tracker_explain_details_total 2"), std::string::npos);
}

}  // namespace
}  // namespace tyto::tracker
