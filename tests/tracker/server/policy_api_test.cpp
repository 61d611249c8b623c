// Buckets' policies over a real connection.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/tracker/catalog/catalog_builder.h"
#include "tests/tracker/server/server_fixture.h"
#include "tracker/settings/policy_document.h"

namespace tyto::tracker {
namespace {

using nlohmann::json;

const std::string kPolicy = "/api/v1/buckets/models/policy";
const std::string kWeight3 = "# heavy\n[selection]\nweight = 3\n";

class PolicyApiTest : public ServerTest {
 protected:
  void SetUp() override {
    start();
    make_bucket(R"({"name": "models", "origin": "file:///srv/"})");
  }
  Answer put(const std::string& document, const std::string& query = "") {
    return http("PUT", kPolicy + query, document, "application/toml");
  }
  Answer patch(const std::string& body, const std::string& query = "") {
    return http("PATCH", kPolicy + query, body);
  }
  // Expects success, and hands back what was answered.
  static json done(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  int version() { return get("/api/v1/buckets/models")["policy_version"]; }
  // Changes the catalog while no tracker runs, and starts one.
  void change_behind_its_back(const std::vector<Change>& changes) {
    stop();
    auto catalog = SqliteCatalog::open(folder.file("catalog.sqlite"), {});
    ASSERT_TRUE(catalog.ok());
    auto done = (*catalog)->commit(changes, WallTime());
    ASSERT_TRUE(done.ok());
    for (auto& one : *done) ASSERT_TRUE(one.ok());
    catalog->reset();
    start();
  }
};

TEST_F(PolicyApiTest, APolicyIsShownSetAndKeptOverARestart) {
  json first = get(kPolicy);
  EXPECT_EQ(first["bucket"], "models");
  EXPECT_EQ(first["policy_version"], 1);
  EXPECT_EQ(first["document"], "");
  EXPECT_GT(first["made_unix_ns"], 1'600'000'000'000'000'000);
  json set = done(put(kWeight3, "?note=for%20the%20launch"));
  EXPECT_EQ(set["policy_version"], 2);
  EXPECT_EQ(set["version_in_force"], 2);
  EXPECT_EQ(set["note"], "for the launch");
  EXPECT_EQ(set["document"], kWeight3);
  EXPECT_EQ(set["document_bytes"], kWeight3.size());
  EXPECT_EQ(get(kPolicy), set);
  EXPECT_EQ(version(), 2);
  start();
  EXPECT_EQ(get(kPolicy), set);
  EXPECT_EQ(get(kPolicy + "?version=1")["document"], "");
}

TEST_F(PolicyApiTest, ABucketCanBeMadeWithItsPolicy) {
  make_bucket(R"({"name": "other", "policy": "[selection]\nweight = 3\n"})");
  json policy = get("/api/v1/buckets/other/policy");
  EXPECT_EQ(policy["document"], "[selection]\nweight = 3\n");
  EXPECT_EQ(policy["policy_version"], 1);
  std::string why = error_of(http("POST", "/api/v1/buckets",
                                  R"({"name": "third", "policy": "[selection]\nweight = 0\n"})"),
                             400, "invalid_argument");
  EXPECT_NE(why.find("policy:2: selection.weight"), std::string::npos) << why;
  error_of(http("GET", "/api/v1/buckets/third"), 404, "not_found");
  error_of(http("PUT", "/api/v1/buckets/other", R"({"policy": ""})"), 400, "invalid_argument");
}

TEST_F(PolicyApiTest, ADocumentThatIsWrongIsRefusedWithItsLineTheBoundAndTheRemedy) {
  struct Case {
    std::string document;
    std::string words;
  };
  const Case cases[] = {
      {"\n\n[selection]\nweight = 5000\n",
       "policy:4: selection.weight: expected an integer from 1 to 1000 (times), found \"5000\""},
      {"[selection]\nwieght = 3\n", "did you mean \"selection.weight\"?"},
      {"[caching]\nspeed = 3\n", "tyto bucket policy --format lists all"},
      {"[selection\n", "policy:1: not TOML"},
      {"[origin]\nrun_chunks = 4\n", "tyto bucket policy --format lists all"},
      {std::string("[selection]\n\0", 13), "not TOML"},
      {"# \xff\n", "not TOML"},
      {std::string(kPolicyDocumentBytesMax + 1, '\n'), "is longer than 64KiB"},
  };
  for (const Case& one : cases) {
    std::string why = error_of(put(one.document), 400, "invalid_argument");
    EXPECT_NE(why.find(one.words), std::string::npos) << why;
  }
  EXPECT_EQ(version(), 1);
  EXPECT_EQ(get(kPolicy + "/history")["history"].size(), 1u);
}

TEST_F(PolicyApiTest, WrongRequestsAreRefusedAndNothingChanges) {
  EXPECT_NE(error_of(http("PUT", kPolicy, kWeight3), 400, "invalid_argument")
                .find("expected application/toml"),
            std::string::npos);
  for (const char* query : {"?expected=x", "?expected=0", "?expected=-1", "?expected=4294967296",
                            "?note=two%0alines", "?note=%ff"})
    error_of(put(kWeight3, query), 400, "invalid_argument");
  error_of(put(kWeight3, "?note=" + std::string(501, 'n')), 400, "invalid_argument");
  for (const char* body :
       {"", "x", "[]", "{}", R"({"set": {}})", R"({"set": "x"})",
        R"({"set": {"selection.weight": "3"}, "unset": {}})",
        R"({"set": {"selection.weight": 1.5}})", R"({"set": {"selection.weight": null}})",
        R"({"set": {"selection.weight": "many"}})", R"({"set": {"weight": "3"}})"})
    error_of(patch(body), 400, "invalid_argument");
  error_of(patch(R"({"set": {"selection.weight": ")" + std::string(kPolicyDocumentBytesMax, '3') +
                 R"("}})"),
           400, "invalid_argument");
  error_of(http("POST", kPolicy + "/rollback"), 400, "invalid_argument");
  error_of(http("POST", kPolicy + "/rollback?version=9"), 404, "not_found");
  error_of(http("GET", kPolicy + "?version=9"), 404, "not_found");
  error_of(http("GET", kPolicy + "?version=0"), 400, "invalid_argument");
  error_of(http("GET", kPolicy + "/history?limit=0"), 400, "invalid_argument");
  for (const char* path : {"/api/v1/buckets/models/policy/x", "/api/v1/buckets/nobody/policy",
                           "/api/v1/buckets/nobody/policy/history"})
    error_of(http("GET", path), 404, "not_found");
  error_of(http("PUT", "/api/v1/buckets/nobody/policy", kWeight3, "application/toml"), 404,
           "not_found");
  error_of(http("POST", kPolicy, kWeight3, "application/toml"), 404, "not_found");
  error_of(http("PATCH", kPolicy + "/history", "{}"), 404, "not_found");
  error_of(http("PATCH", "/api/v1/buckets/models", "{}"), 405, "unsupported");
  EXPECT_EQ(version(), 1);
}

TEST_F(PolicyApiTest, TheVersionThatWasExpectedGuardsAgainstOthersChanges) {
  done(put(kWeight3, "?expected=1"));
  std::string why = error_of(put("", "?expected=1"), 409, "conflict");
  EXPECT_NE(why.find("at version 2, and was expected at 1"), std::string::npos) << why;
  error_of(patch(R"({"set": {"selection.weight": 4}})", "?expected=1"), 409, "conflict");
  error_of(http("POST", kPolicy + "/rollback?version=1&expected=1"), 409, "conflict");
  EXPECT_EQ(get(kPolicy)["document"], kWeight3);
  EXPECT_EQ(done(put("# mine\n", "?expected=2"))["policy_version"], 3);
}

TEST_F(PolicyApiTest, SingleSettingsAreChangedAndCommentsStay) {
  done(put(kWeight3));
  json patched = done(patch(
      R"({"set": {"selection.weight": "5", "caching.replacement": "ttl", "caching.ttl": "2h",
                  "caching.origin_unreliable": true, "origin.reads": 4}})",
      "?note=tuned"));
  EXPECT_EQ(patched["document"],
            "# heavy\n[selection]\nweight = 5\n\n[caching]\nreplacement = \"ttl\"\nttl = \"2h\"\n"
            "origin_unreliable = \"on\"\n\n[origin]\nreads = 4\n");
  EXPECT_EQ(patched["policy_version"], 3);
  EXPECT_EQ(patched["note"], "tuned");
}

TEST_F(PolicyApiTest, AllChangesAreHistoryAndARollbackIsOneMore) {
  done(put(kWeight3, "?note=first"));
  http("PUT", "/api/v1/buckets/models", R"({"revalidate": "never"})");
  done(put("", "?note=second"));
  json back = done(http("POST", kPolicy + "/rollback?version=2&note=it%20was%20better"));
  EXPECT_EQ(back["policy_version"], 5);
  EXPECT_EQ(back["document"], kWeight3);
  EXPECT_EQ(back["note"], "rollback to 2: it was better");
  json history = get(kPolicy + "/history");
  ASSERT_EQ(history["history"].size(), 5u);
  EXPECT_TRUE(history["next_before"].is_null());
  EXPECT_EQ(history["history"][0]["policy_version"], 5);
  EXPECT_EQ(history["history"][3]["note"], "first");
  EXPECT_EQ(history["history"][3]["document_bytes"], kWeight3.size());
  EXPECT_FALSE(history["history"][0].contains("document"));
  json page = get(kPolicy + "/history?limit=2&before=4");
  ASSERT_EQ(page["history"].size(), 2u);
  EXPECT_EQ(page["history"][0]["policy_version"], 3);
  EXPECT_EQ(page["next_before"], 2);
  EXPECT_EQ(get("/api/v1/buckets/models")["revalidate"], "never");
}

TEST_F(PolicyApiTest, TheFormatIsADocumentWithEverySetting) {
  std::string document = get("/api/v1/policy-format")["document"];
  EXPECT_EQ(document, default_policy_document());
  EXPECT_EQ(done(put(document))["policy_version"], 2);
}

TEST_F(PolicyApiTest, AChangeOfTheBucketKeepsItsPolicy) {
  done(put(kWeight3));
  EXPECT_EQ(http("PUT", "/api/v1/buckets/models", R"({"trust_peers": true})").status, 200);
  json policy = get(kPolicy);
  EXPECT_EQ(policy["document"], kWeight3);
  EXPECT_EQ(policy["policy_version"], 3);
  EXPECT_EQ(policy["version_in_force"], 3);
}

TEST_F(PolicyApiTest, ADocumentOfANewerTrackerStopsNothingAndIsNamedInTheLog) {
  done(put(kWeight3));
  change_behind_its_back({SetPolicy{"models", "[selection]\nclairvoyance = true\n"}});
  EXPECT_EQ(logged("a bucket's policy is not understood"), 1u);
  EXPECT_EQ(logged("clairvoyance"), 1u);
  json policy = get(kPolicy);
  EXPECT_EQ(policy["policy_version"], 3);
  EXPECT_EQ(policy["document"], "[selection]\nclairvoyance = true\n");
  EXPECT_EQ(policy["version_in_force"], 2);
  std::string why = error_of(patch(R"({"set": {"selection.weight": 4}})"), 400, "invalid_argument");
  EXPECT_NE(why.find("clairvoyance"), std::string::npos) << why;
  error_of(http("POST", kPolicy + "/rollback?version=3"), 400, "invalid_argument");
  EXPECT_EQ(done(http("POST", kPolicy + "/rollback?version=2"))["version_in_force"], 4);
}

TEST_F(PolicyApiTest, AFullCatalogRefusesAndWhatWasInForceStays) {
  settings.catalog_size_max = 400 * kKiB;
  start();
  const std::string big = kWeight3 + "#" + std::string(40'000, 'x') + "\n";
  Answer last;
  int set = 0;
  for (; set < 20; ++set) {
    last = put(big);
    if (last.status != 200) break;
  }
  EXPECT_GT(set, 2);
  error_of(last, 507, "no_space");
  EXPECT_EQ(get(kPolicy)["policy_version"], 1 + set);
  EXPECT_EQ(get(kPolicy)["version_in_force"], 1 + set);
  EXPECT_EQ(get(kPolicy + "/history")["history"].size(), static_cast<std::size_t>(1 + set))
      << "which can be read all the same";
  EXPECT_EQ(get(kPolicy + "?version=1")["document"], "");
}

// The version of the policy under which a chunk of `key` is assigned to a peer that opens it.
std::optional<uint32_t> assigned_under(FakePeer& peer, uint64_t open, const std::string& key) {
  ExchangeUp up = one_event(open, an_open(open, "models", key));
  for (int round = 0; round < 50; ++round) {
    up.park = Duration::milliseconds(200);
    auto down = peer.exchange(std::exchange(up, {}));
    if (!down.ok()) return std::nullopt;
    for (const Command& command : down->commands)
      if (auto* assign = std::get_if<Assign>(&command)) return assign->reason.policy_version;
  }
  return std::nullopt;
}

TEST_F(PolicyApiTest, TheNextDecisionIsTakenUnderTheNewPolicyWithoutARestart) {
  change_behind_its_back({a_publish("models", "k1", 1, 1), a_publish("models", "k2", 2, 1)});
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  EXPECT_EQ(assigned_under(*peer, 1, "k1"), 1u);
  done(put(kWeight3));
  EXPECT_EQ(assigned_under(*peer, 2, "k2"), 2u);
}

}  // namespace
}  // namespace tyto::tracker
