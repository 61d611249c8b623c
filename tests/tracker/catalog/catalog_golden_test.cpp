// Old catalogs still open. The files are made once, by a program of that version, and kept.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/tracker/catalog/catalog_builder.h"

namespace tyto::tracker {
namespace {

const std::string kGolden = std::string(TYTO_SOURCE_DIR) + "/tests/golden/catalog/";

// What v1.sqlite was made with. Run with TYTO_WRITE_GOLDEN=1 to write the file for a new version.
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

TEST(CatalogGolden, Version1ReadsAsItWasWritten) {
  support::TempFolder folder;
  if (std::getenv("TYTO_WRITE_GOLDEN") != nullptr) {
    {
      auto made = SqliteCatalog::open(folder.file("made.sqlite"), {});
      ASSERT_TRUE(made.ok());
      fill_v1(**made);
    }
    std::filesystem::copy_file(folder.file("made.sqlite"), kGolden + "v1.sqlite");
  }
  std::filesystem::copy_file(kGolden + "v1.sqlite", folder.file("v1.sqlite"));
  auto catalog = SqliteCatalog::open(folder.file("v1.sqlite"), {});
  ASSERT_TRUE(catalog.ok()) << catalog.error().message;
  auto read = content_of(**catalog);
  ASSERT_TRUE(read.ok()) << read.error().message;
  Content& content = *read;

  ASSERT_EQ(content.buckets.size(), 2u);
  BucketConfig models = a_bucket("models");
  models.id = BucketId(1);
  EXPECT_EQ(content.buckets["models"], models);
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
  EXPECT_EQ((*catalog)->setting("made_by").value(), "tyto 0.1");
  auto epoch = (*catalog)->start_epoch(kSomeDay);
  ASSERT_TRUE(epoch.ok());
  EXPECT_EQ(epoch->epoch, TrackerEpoch(3));
  EXPECT_TRUE((*catalog)->check().ok());
}

}  // namespace
}  // namespace tyto::tracker
