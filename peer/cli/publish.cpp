#include "peer/cli/publish.h"

#include <sys/stat.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/names.h"
#include "io/hash/merkle.h"
#include "io/hash/sha256.h"
#include "io/http/url.h"
#include "io/loop/loop.h"
#include "peer/cli/exit_codes.h"
#include "peer/cli/tracker_api.h"
#include "peer/engine/save_file.h"
#include "peer/origin/origins.h"
#include "peer/origin/version.h"
#include "peer/store/memory_store.h"
#include "schema/manifest/manifest.h"

namespace tyto::cli {
namespace {

constexpr Duration kResolveWithin = Duration::seconds(60);
constexpr Duration kChunkWithin = Duration::seconds(600);

bool is_url(const std::string& source) {
  return source.find("://") != std::string::npos;
}

// Reads an object chunk by chunk through an origin reader, and keeps only the roots.
class RootReader {
 public:
  explicit RootReader(const PublishOptions& options)
      : origins_(loop_, origin_options(options)), store_(kChunkBytesMax) {}

  Result<peer::OriginObject> look_up(const std::string& url) {
    std::optional<Result<peer::OriginObject>> found;
    origins_.resolve(url, [&](Result<peer::OriginObject> object) { found = std::move(object); });
    loop_.run_until([&] { return found.has_value(); }, kResolveWithin);
    if (!found) return Error{ErrorCode::kTimedOut, url + " does not answer"};
    return *found;
  }

  Result<std::vector<Digest>> roots(const VersionFactsRef& facts) {
    std::vector<Digest> roots;
    if (auto kept = store_.remember(facts); !kept.ok()) return kept.error();
    for (uint32_t c = 0; c < facts->chunking.chunk_count(); ++c) {
      auto root = read(facts, ChunkIndex(c));
      if (!root.ok()) return root.error();
      roots.push_back(*root);
    }
    return roots;
  }

 private:
  static peer::OriginsOptions origin_options(const PublishOptions& options) {
    peer::OriginsOptions origins;
    origins.http.ca_file = options.ca_file;
    return origins;
  }

  Result<Digest> read(const VersionFactsRef& facts, ChunkIndex chunk) {
    auto writer = store_.begin(facts->id, chunk);
    if (!writer.ok()) return writer.error();
    std::optional<Result<Digest>> outcome;
    peer::TransferEvents on;
    on.progressed = [](uint8_t) {};
    on.done = [&](const Digest& root, uint32_t) { outcome = root; };
    on.failed = [&](FailureKind kind, uint32_t, std::string detail) {
      ErrorCode code =
          kind == FailureKind::kOriginChanged ? ErrorCode::kConflict : ErrorCode::kUnavailable;
      outcome = Error{
          code, facts->origin.url + ", chunk " + std::to_string(chunk.value()) + ": " + detail};
    };
    origins_.fetch({facts, chunk, std::nullopt}, std::move(*writer), std::move(on));
    loop_.run_until([&] { return outcome.has_value(); }, kChunkWithin);
    if (!outcome) return Error{ErrorCode::kTimedOut, facts->origin.url + " is too slow"};
    if (auto dropped = store_.drop(facts->id, chunk.value(), 1); !dropped.ok())
      return dropped.error();
    return *outcome;
  }

  io::Loop loop_;
  peer::Origins origins_;
  peer::MemoryStore store_;
};

Result<std::string> url_of_source(const std::string& source) {
  if (is_url(source)) return source;
  std::error_code error;
  auto path = std::filesystem::canonical(source, error);
  if (error || !std::filesystem::is_regular_file(path))
    return Error{ErrorCode::kNotFound, "'" + source + "' is not a file that can be read"};
  return "file://" + io::percent_encode_path(path.string());
}

struct Made {
  Torrent torrent;
  VersionId version;
  peer::OriginObject object;
};

Result<Made> make_manifest(const PublishOptions& options, const ObjectName& name) {
  auto url = url_of_source(options.source);
  if (!url.ok()) return url.error();
  RootReader reader(options);
  Made made;
  auto object = reader.look_up(*url);
  if (!object.ok()) return object.error();
  made.object = *object;
  auto facts = peer::facts_from({BucketId(1), name.bucket, name.key}, *object);
  if (!facts.ok()) return facts.error();
  auto roots = reader.roots(std::make_shared<const VersionFacts>(*facts));
  if (!roots.ok()) return roots.error();
  Manifest& manifest = made.torrent.manifest;
  manifest.name = std::string(name_of_key(name.key));
  manifest.chunking = facts->chunking;
  manifest.chunk_roots = std::move(*roots);
  if (!manifest.chunk_roots.empty())
    manifest.pieces_root = io::pieces_root_of(manifest.chunking, manifest.chunk_roots);
  if (auto good = check_manifest(manifest); !good.ok()) return good.error();
  made.torrent.info = info_dictionary(manifest);
  made.version = {io::sha256(std::as_bytes(std::span(made.torrent.info)))};
  return made;
}

Result<void> keep_torrent(const std::string& path, const std::string& text) {
  SaveFile file(path);
  if (auto opened = file.open(); !opened.ok()) return opened;
  if (auto put = file.write(std::as_bytes(std::span(text))); !put.ok()) return put;
  return file.commit();
}

// The origin's own facts are told only where the source is the origin: a local file's time says
// nothing of the object that the bucket's origin has.
std::string publish_path(const ObjectName& name, const PublishOptions& options, const Made& made) {
  std::string path = "/buckets/" + name.bucket + "/objects/" + io::percent_encode_path(name.key);
  if (!is_url(options.source)) return path;
  path += "?origin_url=" + io::percent_encode(made.object.url) +
          "&object_bytes=" + std::to_string(made.object.size);
  if (!made.object.etag.empty()) path += "&etag=" + io::percent_encode(made.object.etag);
  if (made.object.modified)
    path += "&modified_unix_ns=" + std::to_string(made.object.modified->unix_ns());
  return path;
}

}  // namespace

int run_publish(const ApiOptions& options, const PublishOptions& publish) {
  auto name = ObjectName::parse(publish.object);
  if (!name.ok()) return report(name.error(), options.format);
  auto made = make_manifest(publish, *name);
  if (!made.ok()) return report(made.error(), options.format);
  std::string text = write_torrent(made->torrent);
  if (!publish.torrent_file.empty())
    if (auto kept = keep_torrent(publish.torrent_file, text); !kept.ok())
      return report(kept.error(), options.format);
  nlohmann::json answer = {{"version", made->version.hex()},
                           {"object_bytes", made->torrent.manifest.chunking.object_bytes}};
  if (!publish.only_torrent) {
    auto told = call_tracker(options.api, {"PUT", publish_path(*name, publish, *made), text,
                                           "application/x-bittorrent"});
    if (!told.ok()) return report(told.error(), options.format);
    answer = *told;
  }
  if (options.format == Format::kJson) {
    std::puts(answer.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  } else {
    std::printf("%s: version %s, %s in %u chunks\n", publish.object.c_str(),
                made->version.hex().c_str(),
                human_bytes(made->torrent.manifest.chunking.object_bytes).c_str(),
                made->torrent.manifest.chunking.chunk_count());
  }
  return kExitOk;
}

}  // namespace tyto::cli
