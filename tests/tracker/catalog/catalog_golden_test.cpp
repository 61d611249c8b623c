// Old catalogs still open. The files are made once, by a program of that version, and kept.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/tracker/catalog/catalog_builder.h"

namespace tyto::tracker {
namespace {

const std::string kGolden = std::string(TYTO_SOURCE_DIR) + "/tests/golden/catalog/";

// What v1.sqlite was made with.
void fill_v1(SqliteCatalog& catalog) {
  ASSERT_TRUE(catalog.start_epoch(kSomeDay).ok());
  ASSERT_TRUE(catalog.start_epoch(kSomeDay).ok());
  BucketConfig quiet = a_bucket("quiet");
  quiet.origin = "";
  quiet.revalidate = Revalidate::kNever;
  quiet.trust_peers = false;
  std::vector<Change> changes = {
      CreateBucket{a_bucket("models")},
      CreateBucket{quiet},
      UpdateBucket{quiet},
      a_publish("models", "großes modell/weights.bin", 1, 17),
      a_publish("quiet", "empty", 2, 0),
      RecordVersion{
          std::make_shared<VersionFacts>(some_facts("models", BucketId(1), "found.tar", 3, 4))},
      RecordRoot{{VersionId{digest_of(3)}, ChunkIndex(2)}, digest_of(302)},
  };
  auto results = catalog.commit(changes, kSomeDay);
  ASSERT_TRUE(results.ok());
  for (auto& result : *results) ASSERT_TRUE(result.ok());
  ASSERT_TRUE(catalog.set_setting("made_by", "tyto 0.1").ok());
}

// What v2.sqlite was made with: the same, and policies.
void fill_v2(SqliteCatalog& catalog) {
  fill_v1(catalog);
  std::vector<Change> changes = {
      CreateBucket{a_bucket("made-with-one"), "[origin]\nreads = 2\n"},
      SetPolicy{"models", "# größer\n[selection]\nweight = 3\n", "more for modèles"},
      SetPolicy{"models", "", "back", 2},
  };
  auto results = catalog.commit(changes, WallTime::from_unix_s(kSomeDay.unix_s() + 60));
  ASSERT_TRUE(results.ok());
  for (auto& result : *results) ASSERT_TRUE(result.ok()) << result.error().message;
}

// Opens a copy of a golden file. Run once with TYTO_WRITE_GOLDEN=v2 to write that of a new version.
std::unique_ptr<SqliteCatalog> open_golden(const support::TempFolder& folder,
                                           const std::string& version,
                                           void (*fill)(SqliteCatalog&)) {
  const char* writes = std::getenv("TYTO_WRITE_GOLDEN");
  if (writes != nullptr && version == writes) {
    auto made = SqliteCatalog::open(folder.file("made.sqlite"), {});
    EXPECT_TRUE(made.ok());
    fill(**made);
    made->reset();  // folds the log into the file
    std::filesystem::copy_file(folder.file("made.sqlite"), kGolden + version + ".sqlite");
  }
  std::filesystem::copy_file(kGolden + version + ".sqlite", folder.file("golden.sqlite"));
  auto catalog = SqliteCatalog::open(folder.file("golden.sqlite"), {});
  EXPECT_TRUE(catalog.ok()) << catalog.error().message;
  return catalog.ok() ? std::move(*catalog) : nullptr;
}

// What of it is in every version.
void expect_v1(Content& content) {
  EXPECT_EQ(content.buckets["quiet"].id, BucketId(2));
  EXPECT_EQ(content.buckets["quiet"].origin, "");
  EXPECT_EQ(content.buckets["quiet"].revalidate, Revalidate::kNever);
  EXPECT_EQ(content.buckets["quiet"].policy_version, 2u);

  ASSERT_EQ(content.versions.size(), 3u);
  auto& published = content.versions[VersionId{digest_of(1)}];
  VersionFacts facts = some_facts("models", BucketId(1), "großes modell/weights.bin", 1, 17);
  facts.is_published = true;
  EXPECT_EQ(published.facts, facts);
  EXPECT_EQ(published.roots, some_roots(1, 17));
  EXPECT_EQ(content.versions[VersionId{digest_of(2)}].facts.chunking.object_bytes, 0u);
  auto& found = content.versions[VersionId{digest_of(3)}];
  EXPECT_EQ(found.facts, some_facts("models", BucketId(1), "found.tar", 3, 4));
  EXPECT_EQ(found.roots, (std::vector<Digest>{{}, {}, digest_of(302), {}}));

  ASSERT_EQ(content.names.size(), 3u);
  EXPECT_TRUE(content.names["models/großes modell/weights.bin"].is_published);
  EXPECT_FALSE(content.names["models/found.tar"].is_published);
  EXPECT_EQ(content.names["quiet/empty"].version, VersionId{digest_of(2)});
}

TEST(CatalogGolden, Version1ReadsAsItWasWritten) {
  support::TempFolder folder;
  auto catalog = open_golden(folder, "v1", fill_v1);
  ASSERT_TRUE(catalog);
  auto content = content_of(*catalog);
  ASSERT_TRUE(content.ok()) << content.error().message;
  ASSERT_EQ(content->buckets.size(), 2u);
  BucketConfig models = a_bucket("models");
  models.id = BucketId(1);
  EXPECT_EQ(content->buckets["models"], models);
  expect_v1(*content);
  // Policies came later: each bucket has the default one.
  EXPECT_EQ(content->policies["models"], PolicyRevision{});
  EXPECT_EQ(catalog->policy("quiet", 2)->document, "");
  EXPECT_EQ(catalog->policy("quiet", 1).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(catalog->setting("made_by").value(), "tyto 0.1");
  auto epoch = catalog->start_epoch(kSomeDay);
  ASSERT_TRUE(epoch.ok());
  EXPECT_EQ(epoch->epoch, TrackerEpoch(static_cast<uint64_t>(kSomeDay.unix_s())));
  EXPECT_TRUE(catalog->check().ok());
}

TEST(CatalogGolden, Version2ReadsAsItWasWritten) {
  support::TempFolder folder;
  auto catalog = open_golden(folder, "v2", fill_v2);
  ASSERT_TRUE(catalog);
  auto content = content_of(*catalog);
  ASSERT_TRUE(content.ok()) << content.error().message;
  ASSERT_EQ(content->buckets.size(), 3u);
  expect_v1(*content);
  EXPECT_EQ(content->buckets["models"].policy_version, 3u);
  EXPECT_EQ(content->policies["models"].document, "");
  EXPECT_EQ(content->policies["made-with-one"].document, "[origin]\nreads = 2\n");
  EXPECT_EQ(catalog->policy("models", 2)->document, "# größer\n[selection]\nweight = 3\n");
  auto history = catalog->policy_history({.bucket = "models"});
  ASSERT_TRUE(history.ok());
  const WallTime later = WallTime::from_unix_s(kSomeDay.unix_s() + 60);
  EXPECT_EQ(*history,
            (std::vector<PolicyHead>{
                {3, later, "back", 0}, {2, later, "more for modèles", 34}, {1, kSomeDay, "", 0}}));
  EXPECT_EQ(catalog->policy_history({.bucket = "quiet"})->size(), 2u);
  EXPECT_TRUE(catalog->check().ok());
}

}  // namespace
}  // namespace tyto::tracker
