#include "tracker/catalog/catalog_loader.h"

#include <cstring>
#include <set>
#include <utility>

namespace tyto::tracker {
namespace {

// Rows a page. A version of 256 chunks has 8 KiB of roots.
constexpr uint32_t kPageRows = 512;

// What to say of a bucket whose policy cannot be read.
Error without_policy(const BucketConfig& bucket, const Error& error) {
  if (error.code != ErrorCode::kNotFound) return error;
  return {ErrorCode::kCorrupt, "bucket \"" + bucket.name + "\": " + error.message};
}

std::vector<Digest> digests_of(std::span<const std::byte> blob) {
  std::vector<Digest> digests(blob.size() / Digest::kSize);
  if (!digests.empty()) std::memcpy(digests.data(), blob.data(), digests.size() * Digest::kSize);
  return digests;
}

}  // namespace

Result<void> CatalogLoader::load(const CatalogReader& reader) {
  auto buckets = load_buckets(reader, nullptr);
  if (!buckets.ok()) return buckets.error();
  if (auto done = load_versions(reader, *buckets); !done.ok()) return done;
  if (auto done = load_names(reader, *buckets); !done.ok()) return done;
  return load_pins(reader, *buckets);
}

// All are read, for other rows name them by number; with `only`, these alone are handed over.
Result<CatalogLoader::Buckets> CatalogLoader::load_buckets(const CatalogReader& reader,
                                                           const std::set<ChangeNote>* only) {
  Buckets buckets;
  auto rows = database_.prepare(std::string(kSelectBucket) + " ORDER BY id");
  if (!rows.ok()) return rows.error();
  for (;;) {
    auto more = rows->step();
    if (!more.ok()) return more.error();
    if (!*more) return buckets;
    BucketConfig bucket = bucket_of_row(*rows);
    buckets[bucket.id.value()] = bucket;
    if (only != nullptr && !only->contains({.bucket = bucket.id})) continue;
    auto policy = statements_.policies.find(bucket.id, bucket.policy_version);
    if (!policy.ok()) return without_policy(bucket, policy.error());
    reader.bucket(std::move(bucket), std::move(*policy));
  }
}

Result<std::vector<VersionFacts>> CatalogLoader::read_facts(io::SqlStatement& rows,
                                                            const Buckets& buckets) {
  std::vector<VersionFacts> versions;
  for (;;) {
    auto more = rows.step();
    if (!more.ok()) return more.error();
    if (!*more) return versions;
    auto facts = facts_of_row(rows);
    if (!facts.ok()) return facts.error();
    auto bucket = buckets.find(facts->bucket.value());
    if (bucket == buckets.end() || !facts->chunking.is_valid())
      return corrupt("a version that makes no sense: " + facts->id.hex());
    facts->bucket_name = bucket->second.name;
    versions.push_back(std::move(*facts));
  }
}

Result<void> CatalogLoader::load_versions(const CatalogReader& reader, const Buckets& buckets) {
  auto rows = database_.prepare(std::string(kSelectVersion) + " WHERE id > ? ORDER BY id LIMIT " +
                                std::to_string(kPageRows));
  if (!rows.ok()) return rows.error();
  // An empty text of bytes comes before all ids.
  rows->bind_all(std::span<const std::byte>());
  for (;;) {
    auto page = read_facts(*rows, buckets);
    if (!page.ok()) return page.error();
    if (page->empty()) return {};
    const Range range{page->front().id.digest, page->back().id.digest};
    const bool is_last = page->size() < kPageRows;
    if (auto done = hand_over(range, std::move(*page), reader); !done.ok()) return done;
    if (is_last) return {};
    rows->bind_all(range.last);
  }
}

Result<void> CatalogLoader::load_range(const Range& range, const CatalogReader& reader,
                                       const Buckets& buckets) {
  auto rows =
      database_.prepare(std::string(kSelectVersion) + " WHERE id >= ? AND id <= ? ORDER BY id");
  if (!rows.ok()) return rows.error();
  rows->bind_all(range.first, range.last);
  auto versions = read_facts(*rows, buckets);
  if (!versions.ok()) return versions.error();
  return hand_over(range, std::move(*versions), reader);
}

Result<void> CatalogLoader::hand_over(const Range& range, std::vector<VersionFacts> versions,
                                      const CatalogReader& reader) {
  auto roots = read_roots(range, versions);
  if (!roots.ok()) return roots.error();
  for (std::size_t i = 0; i < versions.size(); ++i)
    reader.version(std::make_shared<const VersionFacts>(std::move(versions[i])),
                   std::move((*roots)[i]));
  return {};
}

Result<std::vector<std::vector<Digest>>> CatalogLoader::read_roots(
    const Range& range, const std::vector<VersionFacts>& versions) {
  std::vector<std::vector<Digest>> roots(versions.size());
  std::map<Digest, std::size_t> places;
  for (std::size_t i = 0; i < versions.size(); ++i) places[versions[i].id.digest] = i;
  auto manifests = database_.prepare(
      "SELECT version, roots FROM manifests WHERE version >= ? AND version <= ? ORDER BY version");
  if (!manifests.ok()) return manifests.error();
  auto learned = database_.prepare(
      "SELECT version, chunk, root FROM learned_roots WHERE version >= ? AND version <= ?"
      " AND NOT EXISTS (SELECT 1 FROM manifests WHERE manifests.version = learned_roots.version)"
      " ORDER BY version, chunk");
  if (!learned.ok()) return learned.error();
  manifests->bind_all(range.first, range.last);
  for (;;) {
    auto more = manifests->step();
    if (!more.ok()) return more.error();
    if (!*more) break;
    auto version = manifests->column_digest(0);
    if (!version.ok()) return version.error();
    auto place = places.find(*version);
    if (place == places.end()) continue;
    std::vector<Digest> all = digests_of(manifests->column_blob(1));
    const uint32_t count = versions[place->second].chunking.chunk_count();
    if (all.size() != count)
      return corrupt("a manifest of " + std::to_string(all.size()) + " chunks for version " +
                     version->hex() + " of " + std::to_string(count));
    roots[place->second] = std::move(all);
  }
  learned->bind_all(range.first, range.last);
  for (;;) {
    auto more = learned->step();
    if (!more.ok()) return more.error();
    if (!*more) return roots;
    auto version = learned->column_digest(0);
    auto root = learned->column_digest(2);
    if (!version.ok() || !root.ok()) return version.ok() ? root.error() : version.error();
    auto place = places.find(*version);
    if (place == places.end()) continue;
    std::vector<Digest>& known = roots[place->second];
    if (known.empty()) known.resize(versions[place->second].chunking.chunk_count());
    const uint64_t chunk = learned->column_uint64(1);
    if (chunk < known.size()) known[chunk] = *root;
  }
}

Result<void> CatalogLoader::load_names(const CatalogReader& reader, const Buckets& buckets) {
  auto rows = database_.prepare(
      "SELECT bucket, key, version, is_published FROM names WHERE (bucket, key) > (?, ?)"
      " ORDER BY bucket, key LIMIT " +
      std::to_string(kPageRows));
  if (!rows.ok()) return rows.error();
  int64_t last_bucket = 0;
  std::string last_key;
  for (uint32_t count = kPageRows; count == kPageRows;) {
    rows->bind_all(last_bucket, last_key);
    for (count = 0;; ++count) {
      auto more = rows->step();
      if (!more.ok()) return more.error();
      if (!*more) break;
      last_bucket = rows->column_int64(0);
      last_key = std::string(rows->column_text(1));
      auto bucket = buckets.find(static_cast<uint32_t>(last_bucket));
      auto version = rows->column_digest(2);
      if (!version.ok()) return version.error();
      if (bucket == buckets.end()) return corrupt("a name of an unknown bucket");
      reader.name(bucket->second, last_key, VersionId{*version}, rows->column_int64(3) != 0);
    }
  }
  return {};
}

Result<void> CatalogLoader::load_pins(const CatalogReader& reader, const Buckets& buckets) {
  if (!reader.pin) return {};
  return statements_.pins.load([&](BucketId bucket, SetPin pin) {
    auto known = buckets.find(bucket.value());
    if (known == buckets.end()) return;
    pin.name.bucket = known->second.name;
    reader.pin(std::move(pin));
  });
}

Result<void> CatalogLoader::load_noted(const std::set<ChangeNote>& notes,
                                       const CatalogReader& reader) {
  auto buckets = load_buckets(reader, &notes);
  if (!buckets.ok()) return buckets.error();
  for (const ChangeNote& note : notes) {
    Result<void> done;
    switch (note.kind) {
      case ChangeNote::Kind::kBucket: break;
      case ChangeNote::Kind::kVersion:
        done = load_range({note.version.digest, note.version.digest}, reader, *buckets);
        break;
      case ChangeNote::Kind::kName: done = load_noted_name(note, reader, *buckets); break;
      case ChangeNote::Kind::kPin: done = load_noted_pin(note, reader, *buckets); break;
    }
    if (!done.ok()) return done;
  }
  return {};
}

// With the version that it stands for, of which there may be no note of its own.
Result<void> CatalogLoader::load_noted_name(const ChangeNote& note, const CatalogReader& reader,
                                            const Buckets& buckets) {
  auto row =
      database_.prepare("SELECT version, is_published FROM names WHERE bucket = ? AND key = ?");
  if (!row.ok()) return row.error();
  auto found = row->bind_all(note.bucket.value(), note.key).step();
  if (!found.ok()) return found.error();
  auto bucket = buckets.find(note.bucket.value());
  if (!*found || bucket == buckets.end()) return {};
  auto version = row->column_digest(0);
  if (!version.ok()) return version.error();
  const bool is_published = row->column_int64(1) != 0;
  if (auto done = load_range({*version, *version}, reader, buckets); !done.ok()) return done;
  reader.name(bucket->second, note.key, VersionId{*version}, is_published);
  return {};
}

Result<void> CatalogLoader::load_noted_pin(const ChangeNote& note, const CatalogReader& reader,
                                           const Buckets& buckets) {
  auto bucket = buckets.find(note.bucket.value());
  if (bucket == buckets.end()) return {};
  auto pin = statements_.pins.find(note.bucket, note.key);
  if (!pin.ok()) return pin.error();
  if (*pin) {
    (*pin)->name.bucket = bucket->second.name;
    if (reader.pin) reader.pin(std::move(**pin));
  } else if (reader.no_pin) {
    reader.no_pin({bucket->second.name, note.key});
  }
  return {};
}

}  // namespace tyto::tracker
