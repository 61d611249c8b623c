// Catalogs as files of lines: round trips between the databases, and files that are wrong.
#include "tracker/catalog/catalog_file.h"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/tracker/catalog/any_catalog.h"

namespace tyto::tracker {
namespace {

// Some of everything, and more versions than fit a page.
void fill(Catalog& catalog) {
  ASSERT_TRUE(catalog.start_epoch(kSomeDay).ok());
  std::vector<Change> changes = {
      CreateBucket{a_bucket("models"), "# größer\n[selection]\nweight = 3\n"},
      CreateBucket{a_bucket("quiet")},
      SetPolicy{"models", "", "a \"note\"\\"},
      a_publish("models", "großes modell/weights.bin", 1, 17),
      a_publish("quiet", "empty", 2, 0),
      SetPin{{"quiet", "empty"}, VersionId{digest_of(2)}, 7, kSomeDay},
  };
  for (uint64_t n = 10; n < 700; ++n) {
    auto facts = std::make_shared<VersionFacts>(
        some_facts("models", BucketId(1), "found-" + std::to_string(n), n, 2));
    if (n % 2 == 0) facts->origin.modified.reset();
    changes.push_back(RecordVersion{facts});
    changes.push_back(RecordRoot{{facts->id, ChunkIndex(n % 2)}, digest_of(n + 1)});
  }
  auto results = catalog.commit(changes, kSomeDay);
  ASSERT_TRUE(results.ok()) << results.error().message;
  for (auto& result : *results) ASSERT_TRUE(result.ok()) << result.error().message;
  ASSERT_TRUE(catalog.set_setting("made_by", "tyto 0.2").ok());
}

class CatalogFile : public testing::Test {
 protected:
  std::unique_ptr<SqliteCatalog> open_sqlite(const std::string& name) {
    auto opened = SqliteCatalog::open(folder.file(name), {});
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  static std::string text_of(SqlCatalog& catalog) {
    std::ostringstream out;
    auto done = export_catalog(catalog, out);
    EXPECT_TRUE(done.ok()) << done.error().message;
    return out.str();
  }
  static Result<void> read(SqlCatalog& catalog, const std::string& text,
                           ImportInto into = ImportInto::kEmpty) {
    std::istringstream in(text);
    return import_catalog(catalog, in, into, kSomeDay);
  }
  support::TempFolder folder;
};

TEST_F(CatalogFile, GoesFromSqliteToPostgresAndBackWithoutAChange) {
  auto first = open_sqlite("first.sqlite");
  fill(*first);
  const std::string text = text_of(*first);
  EXPECT_EQ(text.substr(0, text.find('\n')), "{\"tyto_catalog\":1}");
  EXPECT_EQ(text, text_of(*first));

  support::PostgresServer::shared().make_database("copy");
  auto shared = open_postgres("copy");
  auto imported = read(*shared, text);
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  EXPECT_EQ(text_of(*shared), text);
  EXPECT_TRUE(shared->check().ok());

  auto back = open_sqlite("back.sqlite");
  ASSERT_TRUE(read(*back, text_of(*shared)).ok());
  EXPECT_EQ(text_of(*back), text);
  // It works as any other: a new bucket's number is a new one.
  Change create = CreateBucket{a_bucket("third")};
  EXPECT_EQ(back->commit(std::span(&create, 1), kSomeDay)->at(0)->bucket.id, BucketId(3));
  EXPECT_EQ(shared->commit(std::span(&create, 1), kSomeDay)->at(0)->bucket.id, BucketId(3));
}

TEST_F(CatalogFile, ACatalogThatIsNotEmptyIsReplacedOnlyWhenTold) {
  auto first = open_sqlite("first.sqlite");
  fill(*first);
  auto other = open_sqlite("other.sqlite");
  Change create = CreateBucket{a_bucket("mine")};
  ASSERT_TRUE(other->commit(std::span(&create, 1), kSomeDay).ok());
  auto refused = read(*other, text_of(*first));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_NE(refused.error().message.find("--replace"), std::string::npos);
  EXPECT_EQ(content_of(*other)->buckets.count("mine"), 1u);
  ASSERT_TRUE(read(*other, text_of(*first), ImportInto::kAnything).ok());
  EXPECT_EQ(text_of(*other), text_of(*first));
}

TEST_F(CatalogFile, WhatIsWrongIsNamedWithItsLineAndNothingOfItIsTaken) {
  const std::string head = "{\"tyto_catalog\":1}\n";
  const std::string epoch = "{\"epoch\":{\"epoch\":1,\"started_unix_ns\":5}}\n";
  struct Case {
    std::string text;
    ErrorCode code;
    const char* words;
  };
  const Case cases[] = {
      {"", ErrorCode::kInvalidArgument, "line 1"},
      {"{\"tyto_catalog\":2}\n", ErrorCode::kUnsupported, "version 2"},
      {head + epoch, ErrorCode::kCorrupt, "cut short"},
      {head + epoch + "{\"end\":{\"lines\":9}}\n", ErrorCode::kCorrupt, "line 3"},
      {head + epoch + "nonsense\n", ErrorCode::kInvalidArgument, "line 3"},
      {head + "{\"wonder\":{}}\n", ErrorCode::kInvalidArgument, "\"wonder\""},
      {head + "{\"epoch\":{\"epoch\":\"1\",\"started_unix_ns\":5}}\n", ErrorCode::kInvalidArgument,
       "epoch.epoch, not an integer"},
      {head + "{\"epoch\":{\"epoch\":1}}\n", ErrorCode::kInvalidArgument, "started_unix_ns"},
      {head + "{\"manifest\":{\"version\":\"xy\",\"roots\":\"\"}}\n", ErrorCode::kInvalidArgument,
       "manifest.version, not bytes"},
      {head + epoch + epoch, ErrorCode::kConflict, "line 3"},
  };
  for (Backend backend : {Backend::kSqlite, Backend::kPostgres}) {
    std::unique_ptr<SqlCatalog> catalog;
    if (backend == Backend::kSqlite) {
      catalog = open_sqlite("wrong.sqlite");
    } else {
      support::PostgresServer::shared().make_database("wrong");
      catalog = open_postgres("wrong");
    }
    for (const Case& one : cases) {
      auto done = read(*catalog, one.text);
      ASSERT_FALSE(done.ok()) << one.text;
      EXPECT_EQ(error_code_name(done.error().code), error_code_name(one.code))
          << done.error().message;
      EXPECT_NE(done.error().message.find(one.words), std::string::npos) << done.error().message;
    }
    EXPECT_EQ(text_of(*catalog), head + "{\"end\":{\"lines\":2}}\n");
  }
}

}  // namespace
}  // namespace tyto::tracker
