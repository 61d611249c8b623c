// The JSON API over a real connection.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/rng.h"
#include "io/hash/merkle.h"
#include "io/hash/sha256.h"
#include "io/http/url.h"
#include "schema/manifest/manifest.h"
#include "tests/tracker/server/server_fixture.h"

namespace tyto::tracker {
namespace {

using nlohmann::json;

constexpr const char* kTorrentType = "application/x-bittorrent";

class HttpApiTest : public ServerTest {
 protected:
  void SetUp() override { start(); }

  static Torrent a_torrent(uint64_t object_bytes, uint8_t content) {
    Torrent torrent;
    torrent.manifest.name = "file";
    torrent.manifest.chunking = {object_bytes, kChunkBytesMin};
    for (uint32_t i = 0; i < torrent.manifest.chunking.chunk_count(); ++i) {
      Digest root;
      root.bytes.fill(content);
      root.bytes[0] = static_cast<uint8_t>(i);
      torrent.manifest.chunk_roots.push_back(root);
    }
    torrent.manifest.pieces_root =
        io::pieces_root_of(torrent.manifest.chunking, torrent.manifest.chunk_roots);
    torrent.info = info_dictionary(torrent.manifest);
    return torrent;
  }
  Answer publish(const std::string& target, const Torrent& torrent) {
    return http("PUT", target, write_torrent(torrent), kTorrentType);
  }
};

TEST_F(HttpApiTest, BucketsAreMadeShownChangedAndKeptOverARestart) {
  EXPECT_EQ(get("/api/v1/buckets")["buckets"].size(), 0u);
  Answer made = http("POST", "/api/v1/buckets",
                     R"({"name": "models", "origin": "https://origin.example/m/",
                         "revalidate": "never", "trust_peers": true})");
  EXPECT_EQ(made.status, 201);
  json bucket = get("/api/v1/buckets/models");
  const json answered = json::parse(made.body);
  for (const auto& [field, value] : answered.items()) EXPECT_EQ(bucket[field], value) << field;
  EXPECT_EQ(bucket["kept_bytes"], 0u);
  EXPECT_EQ(bucket["name"], "models");
  EXPECT_EQ(bucket["origin"], "https://origin.example/m/");
  EXPECT_EQ(bucket["revalidate"], "never");
  EXPECT_EQ(bucket["trust_peers"], true);
  EXPECT_EQ(bucket["policy_version"], 1);
  Answer changed =
      http("PUT", "/api/v1/buckets/models", R"({"revalidate": "age", "revalidate_age_ms": 5000})");
  EXPECT_EQ(changed.status, 200) << changed.body;
  start();
  json after = get("/api/v1/buckets/models");
  EXPECT_EQ(after["revalidate"], "age");
  EXPECT_EQ(after["revalidate_age_ms"], 5000);
  EXPECT_EQ(after["origin"], "https://origin.example/m/");
  EXPECT_EQ(after["policy_version"], 2);
  EXPECT_EQ(get("/api/v1/buckets")["buckets"].size(), 1u);
}

TEST_F(HttpApiTest, WrongBucketsAreRefusedAndTheMessageNamesWhatIsWrong) {
  make_bucket(R"({"name": "models"})");
  struct Case {
    const char* body;
    const char* words;
  };
  const Case cases[] = {
      {"not json", "not a JSON object"},
      {"[]", "not a JSON object"},
      {"{}", "bucket"},
      {R"({"name": "Models"})", "Models"},
      {R"({"name": 7})", "\"name\" must be a text"},
      {R"({"name": "x", "orgin": "file:///"})", "\"orgin\" is no member"},
      {R"({"name": "x", "origin": "ftp://host/"})", "ftp://host/"},
      {R"({"name": "x", "origin": "http://"})", "origin"},
      {R"({"name": "x", "origin": "http://h/?a=b"})", "query"},
      {R"({"name": "x", "revalidate": "sometimes"})", "\"never\", \"age\" or \"always\""},
      {R"({"name": "x", "revalidate_age_ms": -1})", "revalidate_age_ms"},
      {R"({"name": "x", "revalidate_age_ms": 1.5})", "revalidate_age_ms"},
      {R"({"name": "x", "trust_peers": "yes"})", "true or false"},
  };
  for (const Case& one : cases) {
    std::string message =
        error_of(http("POST", "/api/v1/buckets", one.body), 400, "invalid_argument");
    EXPECT_NE(message.find(one.words), std::string::npos) << one.body << ": " << message;
  }
  error_of(http("POST", "/api/v1/buckets", R"({"name": "models"})"), 409, "conflict");
  error_of(http("PUT", "/api/v1/buckets/other", "{}"), 404, "not_found");
  error_of(http("PUT", "/api/v1/buckets/models", R"({"name": "renamed"})"), 400,
           "invalid_argument");
  error_of(http("GET", "/api/v1/buckets/other"), 404, "not_found");
  error_of(http("POST", "/api/v1/buckets", R"({"name": "y"})", "text/plain"), 400,
           "invalid_argument");
  EXPECT_EQ(get("/api/v1/buckets")["buckets"].size(), 1u);
}

TEST_F(HttpApiTest, AnObjectIsPinnedListedAndUnpinnedAndPinsOutliveARestart) {
  make_bucket(R"({"name": "models", "origin": "http://origin.example/m"})");
  ASSERT_EQ(publish("/api/v1/buckets/models/objects/dir/a", a_torrent(1'000'000, 3)).status, 201);
  const std::string pin = "/api/v1/buckets/models/pins/dir/a";
  Answer made = http("PUT", pin, R"({"for_ms": 3600000})");
  EXPECT_EQ(made.status, 200) << made.body;
  json object = get("/api/v1/buckets/models/objects/dir/a");
  EXPECT_EQ(object["is_pinned"], true);
  EXPECT_EQ(object["heat"], 0.0);
  stop();
  start();
  json listed = get("/api/v1/buckets/models/pins")["pins"];
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0]["key"], "dir/a");
  EXPECT_EQ(listed[0]["version"], object["version"]);
  EXPECT_EQ(listed[0]["object_bytes"], 1'000'000);
  EXPECT_EQ(listed[0], json::parse(made.body));
  EXPECT_EQ(get("/api/v1/pins")["pins"], listed);
  EXPECT_EQ(get("/api/v1/buckets/models/objects/dir/a")["is_pinned"], true);
  EXPECT_EQ(http("DELETE", pin).status, 200);
  EXPECT_EQ(get("/api/v1/pins")["pins"].size(), 0u);
  error_of(http("DELETE", pin), 404, "not_found");
}

TEST_F(HttpApiTest, PinsThatArePutAtOnceStayWithinTheBucketsLimit) {
  make_bucket(
      R"({"name": "models", "origin": "http://origin.example/m",
          "policy": "[caching]\npinned_max = \"1MiB\"\n"})");
  ASSERT_EQ(publish("/api/v1/buckets/models/objects/a", a_torrent(1'000'000, 3)).status, 201);
  ASSERT_EQ(publish("/api/v1/buckets/models/objects/b", a_torrent(1'000'000, 4)).status, 201);
  io::HttpClient client(loop);
  std::vector<int> statuses;
  auto put = [&](const std::string& key) {
    io::HttpClientRequest request;
    request.method = "PUT";
    request.url = "http://" + server->http_address().text() + "/api/v1/buckets/models/pins/" + key;
    request.body = R"({"for_ms": 60000})";
    request.headers.add("Content-Type", "application/json");
    return client.fetch(std::move(request), kMiB, [&](Result<io::HttpResponse> got) {
      statuses.push_back(got.ok() ? got->status : 0);
    });
  };
  auto first = put("a");
  auto second = put("b");
  ASSERT_TRUE(wait_until([&] { return statuses.size() == 2; }));
  std::sort(statuses.begin(), statuses.end());
  EXPECT_EQ(statuses, (std::vector<int>{200, 507}));
  EXPECT_EQ(get("/api/v1/pins")["pins"].size(), 1u);
}

TEST_F(HttpApiTest, APinThatMakesNoSenseIsRefusedAndSaysWhy) {
  make_bucket(R"({"name": "models", "origin": "http://origin.example/m"})");
  ASSERT_EQ(publish("/api/v1/buckets/models/objects/a", a_torrent(1'000'000, 3)).status, 201);
  const std::string pin = "/api/v1/buckets/models/pins/a";
  struct Case {
    const char* body;
    const char* words;
  };
  const Case cases[] = {{"", "for_ms"},
                        {"[]", "for_ms"},
                        {"{}", "for_ms"},
                        {R"({"for_ms": 0})", "from 1 to 10 years"},
                        {R"({"for_ms": "7d"})", "milliseconds"},
                        {R"({"for_ms": 1, "version": "abc"})", "64 hex digits"},
                        {R"({"for_ms": 1, "until": 5})", "for_ms and version"}};
  for (const Case& one : cases) {
    std::string message = error_of(http("PUT", pin, one.body), 400, "invalid_argument");
    EXPECT_NE(message.find(one.words), std::string::npos) << one.body << ": " << message;
  }
  const std::string good = R"({"for_ms": 1000})";
  error_of(http("PUT", "/api/v1/buckets/models/pins/b", good), 404, "not_found");
  error_of(http("PUT", "/api/v1/buckets/none/pins/a", good), 404, "not_found");
  error_of(http("PUT", "/api/v1/buckets/models/pins", good), 400, "invalid_argument");
  error_of(http("PUT", pin, good, "text/plain"), 400, "invalid_argument");
  error_of(http("GET", "/api/v1/buckets/none/pins"), 404, "not_found");
  EXPECT_EQ(get("/api/v1/pins")["pins"].size(), 0u);
}

TEST_F(HttpApiTest, APublishedTorrentBecomesAnObject) {
  make_bucket(R"({"name": "models", "origin": "http://origin.example/m"})");
  Torrent torrent = a_torrent(1'000'000, 3);
  const std::string target = "/api/v1/buckets/models/objects/dir/gro%C3%9Fe%20datei";
  Answer made = publish(target + "?etag=%22abc%22&modified_unix_ns=1700000000000000000", torrent);
  EXPECT_EQ(made.status, 201) << made.body;
  json object = get(target);
  EXPECT_EQ(object["key"], "dir/große datei");
  EXPECT_EQ(object["version"], io::sha256(torrent.info).hex());
  EXPECT_EQ(object["object_bytes"], 1'000'000);
  EXPECT_EQ(object["chunk_bytes"], 256 * 1024);
  EXPECT_EQ(object["chunks"], 4);
  EXPECT_EQ(object["is_published"], true);
  EXPECT_EQ(object["roots_known"], 4);
  EXPECT_EQ(object["holders"], 0);
  EXPECT_EQ(object["origin"]["url"], "http://origin.example/m/dir/gro%C3%9Fe%20datei");
  EXPECT_EQ(object["origin"]["etag"], "\"abc\"");
  EXPECT_EQ(object["origin"]["modified_unix_ns"], 1700000000000000000);
  EXPECT_EQ(publish(target, torrent).status, 200) << "the same again";
  EXPECT_EQ(publish(target, a_torrent(1'000'000, 4)).status, 201) << "another version";
  start();
  EXPECT_EQ(get(target)["version"], io::sha256(a_torrent(1'000'000, 4).info).hex());
  EXPECT_EQ(get(target)["roots_known"], 4);
}

TEST_F(HttpApiTest, ReadersOpenWhatWasPublishedAndGetItsRoots) {
  make_bucket(R"({"name": "models"})");
  Torrent torrent = a_torrent(600'000, 3);
  ASSERT_EQ(publish("/api/v1/buckets/models/objects/k", torrent).status, 201);
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  ExchangeUp up = one_event(1, an_open(1, "models", "k"));
  up.park = Duration::seconds(10);
  auto down = peer->exchange(up);
  ASSERT_TRUE(down.ok());
  const Opened* opened = nullptr;
  for (const Command& command : down->commands)
    if (auto* one = std::get_if<Opened>(&command)) opened = one;
  ASSERT_NE(opened, nullptr);
  EXPECT_EQ(opened->version.digest, io::sha256(torrent.info));
  auto page = peer->wait(peer->start_roots({opened->version, 1}));
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->roots.size(), 2u);
  EXPECT_EQ(page->roots[0], torrent.manifest.chunk_roots[1]);
}

TEST_F(HttpApiTest, EmptyObjectsCanBePublished) {
  make_bucket(R"({"name": "models"})");
  ASSERT_EQ(publish("/api/v1/buckets/models/objects/empty", a_torrent(0, 0)).status, 201);
  EXPECT_EQ(get("/api/v1/buckets/models/objects/empty")["chunks"], 0);
}

TEST_F(HttpApiTest, WrongPublicationsAreRefusedAndNothingIsKept) {
  make_bucket(R"({"name": "models"})");
  const std::string target = "/api/v1/buckets/models/objects/k";
  Torrent torrent = a_torrent(1'000'000, 3);
  error_of(http("PUT", target, "no torrent", kTorrentType), 400, "invalid_argument");
  error_of(http("PUT", target, write_torrent(torrent), "application/json"), 400,
           "invalid_argument");
  Torrent lying = torrent;
  lying.manifest.chunk_roots[2].bytes[5] ^= 1;
  std::string message = error_of(publish(target, lying), 400, "invalid_argument");
  EXPECT_NE(message.find("contradicts itself"), std::string::npos);
  error_of(publish(target + "?etag=weak", torrent), 400, "invalid_argument");
  error_of(publish(target + "?etag=W/%22x%22", torrent), 400, "invalid_argument");
  error_of(publish(target + "?modified_unix_ns=yesterday", torrent), 400, "invalid_argument");
  error_of(publish(target + "?object_bytes=5", torrent), 400, "invalid_argument");
  error_of(publish(target + "?origin_url=gopher://h/", torrent), 400, "invalid_argument");
  error_of(publish("/api/v1/buckets/other/objects/k", torrent), 404, "not_found");
  error_of(publish("/api/v1/buckets/models/objects/", torrent), 400, "invalid_argument");
  error_of(http("DELETE", target), 405, "unsupported");
  EXPECT_EQ(get("/api/v1/objects?bucket=models")["objects"].size(), 0u);
}

TEST_F(HttpApiTest, AFullCatalogRefusesToPublishAndTheRestGoesOn) {
  settings.catalog_size_max = 200 * kKiB;
  start();
  make_bucket(R"({"name": "models"})");
  Answer last;
  int published = 0;
  for (; published < 200; ++published) {
    last = publish("/api/v1/buckets/models/objects/k" + std::to_string(published),
                   a_torrent(50'000'000 + static_cast<uint64_t>(published), 3));
    if (last.status != 201) break;
  }
  EXPECT_GT(published, 3);
  error_of(last, 507, "no_space");
  EXPECT_EQ(http("GET", "/readyz").status, 200);
  EXPECT_EQ(get("/api/v1/objects?bucket=models&limit=1000")["objects"].size(),
            static_cast<std::size_t>(published));
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(1)).ok());
  EXPECT_TRUE(peer->exchange({}).ok());
  EXPECT_TRUE(wait_until([&] { return logged("the catalog cannot be written") > 0; }));
  EXPECT_EQ(logged("the catalog cannot be written"), 1u);
}

TEST_F(HttpApiTest, BadKeysAreRefusedWithTheirRule) {
  make_bucket(R"({"name": "models"})");
  const std::string below = "/api/v1/buckets/models/objects/";
  for (const std::string& key : {std::string("a/../b"), std::string(".."), std::string("a//b"),
                                 std::string("a/"), std::string("a/./b"), std::string(4000, 'k'),
                                 std::string("a\nb"), std::string("\xff\xfe")}) {
    Answer answer = http("GET", below + io::percent_encode(key));
    std::string message = error_of(answer, 400, "invalid_argument");
    EXPECT_NE(message.find("a key is 1 to 1024 bytes"), std::string::npos) << message;
  }
  std::string message = error_of(http("GET", below + "no%20such%20key"), 404, "not_found");
  EXPECT_NE(message.find("models/no such key"), std::string::npos) << message;
}

TEST_F(HttpApiTest, ListingsArePagedByKey) {
  make_bucket(R"({"name": "models"})");
  make_bucket(R"({"name": "other"})");
  for (uint8_t i = 0; i < 5; ++i) {
    const std::string key = (i < 3 ? "a/" : "b/") + std::to_string(i);
    ASSERT_EQ(
        publish("/api/v1/buckets/models/objects/" + key, a_torrent(10, static_cast<uint8_t>(i + 1)))
            .status,
        201);
  }
  ASSERT_EQ(publish("/api/v1/buckets/other/objects/z", a_torrent(10, 99)).status, 201);
  json first = get("/api/v1/objects?bucket=models&limit=2");
  ASSERT_EQ(first["objects"].size(), 2u);
  EXPECT_EQ(first["objects"][0]["key"], "a/0");
  EXPECT_EQ(first["next_after"], "a/1");
  json second = get("/api/v1/objects?bucket=models&limit=10&after=a/1");
  EXPECT_EQ(second["objects"].size(), 3u);
  EXPECT_TRUE(second["next_after"].is_null());
  json prefixed = get("/api/v1/buckets/models/objects?prefix=b/");
  ASSERT_EQ(prefixed["objects"].size(), 2u);
  EXPECT_EQ(prefixed["objects"][0]["key"], "b/3");
  EXPECT_EQ(get("/api/v1/objects?bucket=models&prefix=c")["objects"].size(), 0u);
  error_of(http("GET", "/api/v1/objects"), 400, "invalid_argument");
  error_of(http("GET", "/api/v1/objects?bucket=nobody"), 404, "not_found");
  error_of(http("GET", "/api/v1/objects?bucket=models&limit=0"), 400, "invalid_argument");
  error_of(http("GET", "/api/v1/objects?bucket=models&limit=x"), 400, "invalid_argument");
}

TEST_F(HttpApiTest, PeersTransfersAndTheClusterAreShown) {
  auto peer = connect();
  ASSERT_TRUE(peer->register_as(a_peer(0x1234)).ok());
  auto superpeer = connect();
  ASSERT_TRUE(superpeer->register_as(a_peer(7, Role::kSuperpeer)).ok());
  json peers = get("/api/v1/peers");
  EXPECT_EQ(peers["total"], 2);
  EXPECT_EQ(peers["peers"][0]["peer"], "0000000000001234");
  EXPECT_EQ(peers["peers"][0]["role"], "peer");
  EXPECT_EQ(peers["peers"][0]["location"], "eu/a/rack1/host4660");
  EXPECT_EQ(peers["peers"][1]["role"], "superpeer");
  EXPECT_EQ(get("/api/v1/peers?limit=1")["peers"].size(), 1u);
  EXPECT_EQ(get("/api/v1/transfers")["total"], 0);
  json cluster = get("/api/v1/cluster");
  EXPECT_GT(cluster["epoch"], 1'600'000'000);
  EXPECT_EQ(cluster["peers"], 1);
  EXPECT_EQ(cluster["superpeers"], 1);
  EXPECT_EQ(cluster["is_ready"], true);
  EXPECT_TRUE(cluster["counters"].contains("bytes_from_origin"));
  const std::string metrics = http("GET", "/metrics").body;
  EXPECT_NE(metrics.find("tyto_tracker_peers{role=\"superpeer\"} 1"), std::string::npos);
  EXPECT_NE(metrics.find("tyto_tracker_decide_seconds_count"), std::string::npos);
  EXPECT_NE(metrics.find("process_resident_memory_bytes"), std::string::npos);
}

TEST_F(HttpApiTest, UnknownPathsUnderTheApiAreJsonErrors) {
  error_of(http("GET", "/api/v1/nothing"), 404, "not_found");
  make_bucket(R"({"name": "models"})");
  error_of(http("GET", "/api/v1/buckets/models/policies"), 404, "not_found");
  error_of(http("GET", "/api/v1/buckets/Not%20A%20Bucket"), 400, "invalid_argument");
}

TEST_F(HttpApiTest, HostileBytesOnTheHttpPortCostTheirOwnConnectionAndAreLoggedOnce) {
  Rng rng(7);
  std::vector<std::string> streams = {
      "GET /healthz HTTP/1.1\r\n" + std::string(100'000, 'a'),
      "GET / HTTP/9.9\r\n\r\n",
      "PUT /api/v1/buckets/x/objects/k HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n",
      "GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n",
      "POST /api/v1/buckets HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "",
  };
  for (int i = 0; i < 100; ++i) {
    std::string noise(1 + rng.below(3000), '\0');
    for (char& c : noise) c = static_cast<char>(rng.next32());
    streams.push_back(std::move(noise));
  }
  EXPECT_TRUE(send_and_await_close(server->http_address().port, streams));
  EXPECT_EQ(http("GET", "/healthz").status, 200);
  EXPECT_EQ(logged("broke the protocol"), 1u);
}

}  // namespace
}  // namespace tyto::tracker
