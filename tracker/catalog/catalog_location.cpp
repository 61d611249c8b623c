#include "tracker/catalog/catalog_location.h"

#include <string_view>
#include <utility>

#include "base/names.h"
#include "tracker/catalog/postgres_catalog.h"
#include "tracker/catalog/sqlite_catalog.h"

namespace tyto::tracker {
namespace {

constexpr std::string_view kExpected = "expected sqlite:PATH or postgres://USER@HOST:PORT/DATABASE";

}  // namespace

Result<CatalogLocation> CatalogLocation::parse(const std::string& text) {
  const std::size_t colon = text.find(':');
  const std::string scheme = text.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : text.substr(colon + 1);
  CatalogLocation location;
  if (scheme == "sqlite" && !rest.empty()) {
    location.path = rest;
    location.shown = text;
    return location;
  }
  if ((scheme == "postgres" || scheme == "postgresql") && !rest.empty()) {
    auto address = io::PostgresAddress::parse(rest.starts_with("//") ? text : rest);
    if (!address.ok()) return Error{address.error().code, "catalog: " + address.error().message};
    location.shown = address->shown();
    location.postgres = std::move(*address);
    return location;
  }
  // Only the scheme is repeated: what follows it may be a password.
  const bool is_scheme = colon != std::string::npos && scheme.find('/') == std::string::npos;
  return {ErrorCode::kInvalidArgument,
          is_scheme && !rest.empty()
              ? "catalog: the scheme \"" + printable(scheme) + "\" is not known; " +
                    std::string(kExpected)
              : "catalog: its place has no scheme, or nothing after it; " + std::string(kExpected)};
}

bool is_on_postgres(const std::string& location) {
  return location.starts_with("postgres:") || location.starts_with("postgresql:");
}

Result<std::unique_ptr<SqlCatalog>> open_catalog(const CatalogLocation& location,
                                                 const CatalogOptions& options) {
  if (!location.postgres) {
    auto file = SqliteCatalog::open(
        location.path, {.bytes_max = options.bytes_max, .keep_unnamed = options.keep_unnamed});
    if (!file.ok()) return file.error();
    return std::unique_ptr<SqlCatalog>(std::move(*file));
  }
  PostgresCatalog::Options shared;
  shared.keep_unnamed = options.keep_unnamed;
  shared.timeout = options.timeout;
  if (options.use == CatalogUse::kMigrate) shared.old_schema = PostgresCatalog::OldSchema::kMigrate;
  auto catalog = PostgresCatalog::open(*location.postgres, shared);
  if (!catalog.ok()) return catalog.error();
  return std::unique_ptr<SqlCatalog>(std::move(*catalog));
}

}  // namespace tyto::tracker
