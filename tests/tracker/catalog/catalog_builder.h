// Catalogs and what goes into them, with defaults for all that a test is not about.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tests/support/temp_folder.h"
#include "tracker/catalog/sqlite_catalog.h"

namespace tyto::tracker {

inline constexpr WallTime kSomeDay = WallTime::from_unix_s(1'700'000'000);

// A digest that only `n` determines; never zero.
inline Digest digest_of(uint64_t n) {
  Digest digest;
  for (std::size_t i = 0; i < Digest::kSize; ++i)
    digest.bytes[i] = static_cast<uint8_t>(mix64(n * 32 + i));
  return digest;
}

inline BucketConfig a_bucket(const std::string& name) {
  BucketConfig bucket;
  bucket.name = name;
  bucket.origin = "http://origin.example/" + name + "/";
  bucket.revalidate = Revalidate::kAlways;
  bucket.revalidate_age = Duration::milliseconds(1500);
  bucket.trust_peers = true;
  return bucket;
}

// A version of `chunks` chunks, the last of which is one byte long.
inline VersionFacts some_facts(const std::string& bucket, BucketId id, const std::string& key,
                               uint64_t n, uint32_t chunks) {
  VersionFacts facts;
  facts.id = VersionId{digest_of(n)};
  facts.bucket = id;
  facts.bucket_name = bucket;
  facts.key = key;
  facts.chunking.chunk_bytes = kChunkBytesMin;
  facts.chunking.object_bytes = chunks == 0 ? 0 : uint64_t{chunks - 1} * kChunkBytesMin + 1;
  facts.origin.url = "http://origin.example/" + bucket + "/" + key;
  facts.origin.etag = "\"v" + std::to_string(n) + "\"";
  facts.origin.modified = WallTime::from_unix_s(1'600'000'000 + static_cast<int64_t>(n));
  return facts;
}

inline std::vector<Digest> some_roots(uint64_t n, uint32_t chunks) {
  std::vector<Digest> roots;
  for (uint32_t i = 0; i < chunks; ++i) roots.push_back(digest_of(n * 1'000'003 + i + 1));
  return roots;
}

inline Publish a_publish(const std::string& bucket, const std::string& key, uint64_t n,
                         uint32_t chunks) {
  Publish publish{some_facts(bucket, BucketId(), key, n, chunks), some_roots(n, chunks)};
  publish.facts.is_published = true;
  return publish;
}

// All that a catalog holds.
struct Content {
  struct Version {
    VersionFacts facts;
    std::vector<Digest> roots;
  };
  struct Name {
    VersionId version;
    bool is_published = false;
  };
  std::map<std::string, BucketConfig> buckets;
  std::map<std::string, PolicyRevision> policies;  // by bucket
  std::map<VersionId, Version> versions;
  std::map<std::string, Name> names;   // by bucket/key
  std::map<std::string, SetPin> pins;  // by bucket/key
};

inline Result<Content> content_of(Catalog& catalog) {
  Content content;
  CatalogReader reader;
  reader.bucket = [&](BucketConfig bucket, PolicyRevision policy) {
    content.policies[bucket.name] = std::move(policy);
    content.buckets[bucket.name] = std::move(bucket);
  };
  reader.version = [&](VersionFactsRef facts, std::vector<Digest> roots) {
    content.versions[facts->id] = {*facts, std::move(roots)};
  };
  reader.name = [&](const BucketConfig& bucket, std::string key, VersionId version,
                    bool is_published) {
    content.names[bucket.name + "/" + key] = {version, is_published};
  };
  reader.pin = [&](SetPin pin) { content.pins[pin.name.text()] = pin; };
  if (auto done = catalog.load(reader); !done.ok()) return done.error();
  return content;
}

// A catalog, and what tests do with it.
class CatalogActions {
 protected:
  // Commits one change and expects it to be done.
  ChangeDone done(Change change) {
    auto results = catalog->commit(std::span(&change, 1), kSomeDay);
    EXPECT_TRUE(results.ok()) << results.error().message;
    if (!results.ok()) return {};
    EXPECT_TRUE(results->at(0).ok()) << results->at(0).error().message;
    return results->at(0).ok() ? results->at(0).value() : ChangeDone{};
  }
  // Commits one change and expects it to be refused.
  Error refused(Change change) {
    auto results = catalog->commit(std::span(&change, 1), kSomeDay);
    EXPECT_TRUE(results.ok() && !results->at(0).ok());
    return results.ok() && !results->at(0).ok() ? results->at(0).error() : Error{};
  }
  Content content() {
    auto content = content_of(*catalog);
    EXPECT_TRUE(content.ok()) << content.error().message;
    return content.ok() ? *content : Content{};
  }

  std::unique_ptr<Catalog> catalog;
};

// A catalog on SQLite in a folder of its own, which can be closed and opened again.
class CatalogTest : public testing::Test, protected CatalogActions {
 protected:
  void SetUp() override { open(); }
  void open() {
    catalog.reset();
    auto opened = SqliteCatalog::open(path(), options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    catalog = std::move(*opened);
  }
  std::string path() const { return folder.file("catalog.sqlite"); }

  support::TempFolder folder;
  SqliteCatalog::Options options;
};

}  // namespace tyto::tracker
