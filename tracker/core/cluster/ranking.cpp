#include "tracker/core/cluster/ranking.h"

#include "base/assert.h"
#include "base/rng.h"

namespace tyto::tracker {
namespace {

uint64_t salt_of_text(uint64_t salt, const std::string& text) {
  for (char c : text) salt = mix64(salt ^ static_cast<unsigned char>(c));
  return mix64(salt ^ text.size());
}

}  // namespace

uint64_t fingerprint(const Members& members) {
  uint64_t sum = 0;
  for (const Member& member : members.members) sum = mix64(sum ^ member.id.value());
  return sum;
}

MemberId first_ranked(const Members& members, uint64_t salt) {
  TYTO_ASSERT(!members.members.empty());
  MemberId best;
  uint64_t weight = 0;
  for (const Member& member : members.members) {
    uint64_t own = mix64(salt ^ mix64(member.id.value()));
    if (best != MemberId() && own <= weight) continue;
    best = member.id;
    weight = own;
  }
  return best;
}

uint64_t salt_of_run(const VersionId& version, uint32_t chunk) {
  return mix64(version.digest.prefix() ^ mix64(chunk / kDirectoryRun));
}

uint64_t salt_of_bucket(const std::string& bucket) {
  return salt_of_text(1, bucket);
}

uint64_t salt_of_name(const ObjectName& name) {
  return salt_of_text(salt_of_text(2, name.bucket), name.key);
}

uint32_t first_chunk_of(const Members& members, MemberId self, uint32_t chunks) {
  for (std::size_t k = 0; k < members.members.size(); ++k)
    if (members.members[k].id == self)
      return static_cast<uint32_t>(uint64_t{chunks} * k / members.members.size());
  return 0;
}

}  // namespace tyto::tracker
