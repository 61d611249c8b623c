#include "peer/origin/version.h"

#include "base/limits.h"
#include "base/names.h"
#include "io/hash/sha256.h"

namespace tyto::peer {
namespace {

void append_u64(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void append_text(std::string& out, const std::string& text) {
  append_u64(out, text.size());
  out += text;
}

}  // namespace

VersionId version_id_of(const OriginObject& object) {
  std::string encoded = "tyto origin version 1\n";
  append_text(encoded, object.url);
  append_text(encoded, object.etag);
  append_u64(encoded, object.size);
  encoded.push_back(object.modified ? 1 : 0);
  if (object.modified) append_u64(encoded, static_cast<uint64_t>(object.modified->unix_ns()));
  // Tyto 0.1 cut objects of these sizes into several chunks, under the id without this.
  if (object.size > kChunkBytesMin && object.size <= kOneChunkBytesMax)
    append_u64(encoded, chunk_size_for(object.size));
  return VersionId{io::sha256(encoded)};
}

Result<VersionFacts> facts_from(const OriginName& name, const OriginObject& object) {
  if (object.size > kObjectBytesMax)
    return {ErrorCode::kInvalidArgument,
            printable(object.url) + " has " + std::to_string(object.size) +
                " bytes, more than the " + std::to_string(kObjectBytesMax) + " an object may have"};
  if (object.etag.empty() && !object.modified)
    return {ErrorCode::kUnsupported,
            printable(object.url) +
                ": its origin tells neither a strong ETag nor Last-Modified, so a change in "
                "mid-download could not be noticed; publish the object, or mend the origin"};
  VersionFacts facts;
  facts.id = version_id_of(object);
  facts.bucket = name.bucket;
  facts.bucket_name = name.bucket_name;
  facts.key = name.key;
  facts.chunking = Chunking::of(object.size);
  facts.origin = OriginPin{object.url, object.etag, object.modified};
  return facts;
}

}  // namespace tyto::peer
