// A catalog as a text file: one JSON object a line. To copy a catalog from one database to another,
// and to look into it. docs/tracker.md specifies the lines.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>

#include "base/result.h"
#include "tracker/catalog/sql_catalog.h"

namespace tyto::tracker {

// The version of the lines' format that this program writes. It reads all up to it.
inline constexpr int64_t kCatalogFileVersion = 1;

// Writes all that lasts, as it is at one moment, in an order that depends on nothing else: two
// catalogs with the same content give the same bytes. Which changes were made in which order, and
// the members of a cluster, are not part of it.
// Errors: the catalog's; kNoSpace if the stream takes no more. Cost: all of the catalog.
Result<void> export_catalog(SqlCatalog& catalog, std::ostream& out);

enum class ImportInto : uint8_t {
  kEmpty,     // refuses a catalog that has anything in it, with kConflict
  kAnything,  // replaces what is there
};

// Reads what export_catalog() wrote, in one transaction: all of it, or nothing.
// Errors: kInvalidArgument, naming the line, what was found and what is expected; kCorrupt if the
//         file is cut short; kUnsupported if a newer program wrote it; the catalog's.
Result<void> import_catalog(SqlCatalog& catalog, std::istream& in, ImportInto into, WallTime now);

}  // namespace tyto::tracker
