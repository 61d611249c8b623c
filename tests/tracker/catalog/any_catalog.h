// A catalog on each of the databases that there are: what holds for one holds for all.
#pragma once

#include <string>

#include "tests/support/postgres_server.h"
#include "tests/tracker/catalog/catalog_builder.h"
#include "tracker/catalog/postgres_catalog.h"

namespace tyto::tracker {

enum class Backend : uint8_t { kSqlite, kPostgres };

inline std::string backend_name(const testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::kSqlite ? "sqlite" : "postgres";
}

inline io::PostgresAddress address_of(const std::string& database) {
  return *io::PostgresAddress::parse(support::PostgresServer::shared().uri(database));
}

inline std::unique_ptr<PostgresCatalog> open_postgres(
    const std::string& database, const PostgresCatalog::Options& options = {}) {
  auto opened = PostgresCatalog::open(address_of(database), options);
  EXPECT_TRUE(opened.ok()) << opened.error().message;
  return opened.ok() ? std::move(*opened) : nullptr;
}

// An empty catalog, which can be closed and opened again.
class AnyCatalogTest : public testing::TestWithParam<Backend>, protected CatalogActions {
 protected:
  void SetUp() override {
    if (GetParam() == Backend::kPostgres)
      support::PostgresServer::shared().make_database("conformance");
    open();
  }
  void open() {
    catalog.reset();
    if (GetParam() == Backend::kPostgres) {
      catalog = open_postgres("conformance");
    } else {
      auto opened = SqliteCatalog::open(folder.file("catalog.sqlite"), {});
      ASSERT_TRUE(opened.ok()) << opened.error().message;
      catalog = std::move(*opened);
    }
    ASSERT_TRUE(catalog);
  }

  support::TempFolder folder;
};

}  // namespace tyto::tracker
