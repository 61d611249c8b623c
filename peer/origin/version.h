// From what an origin says of an object to a version's facts.
#pragma once

#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "peer/origin/origin_reader.h"
#include "schema/messages/common.h"

namespace tyto::peer {

// The id of a version that is only a URL at its origin: SHA-256 of
//
//   "tyto origin version 1\n"
//   u64 length of the URL, the URL
//   u64 length of the ETag, the ETag (empty if there is no strong one)
//   u64 size in bytes
//   u8 1 and i64 nanoseconds since 1970, or u8 0, for the modification time
//
// with numbers in big endian. Every field has its own length, so no two objects share an encoding.
VersionId version_id_of(const OriginObject& object);

// The name that an object was asked for by.
struct OriginName {
  BucketId bucket;
  std::string bucket_name;
  std::string key;
};

// The facts of an object that was never published. Fails with kUnsupported if nothing pins it (the
// origin tells neither a strong ETag nor a modification time): a change could not be noticed;
// kInvalidArgument if it is larger than kObjectBytesMax.
Result<VersionFacts> facts_from(const OriginName& name, const OriginObject& object);

}  // namespace tyto::peer
