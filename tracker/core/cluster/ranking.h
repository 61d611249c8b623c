// Which member is whose: rendezvous hashing (Thaler and Ravishankar 1998), so that a member that
// comes or goes moves only what is its own.
#pragma once

#include <cstdint>

#include "base/names.h"
#include "schema/messages/cluster.h"

namespace tyto::tracker {

// Chunks that follow on one another and have one directory.
inline constexpr uint32_t kDirectoryRun = 16;

// Which members there are, in 64 bits.
uint64_t fingerprint(const Members& members);

// The member that ranks first for this salt. Requires: there are members.
MemberId first_ranked(const Members& members, uint64_t salt);

// What stands for a chunk's run, for a bucket (the name: ids are numbered by catalogs), for a name.
uint64_t salt_of_run(const VersionId& version, uint32_t chunk);
uint64_t salt_of_bucket(const std::string& bucket);
uint64_t salt_of_name(const ObjectName& name);

// The chunk at which the k-th of n members begins to wish, so that each group gets another share
// first. 0 for who is no member.
uint32_t first_chunk_of(const Members& members, MemberId self, uint32_t chunks);

}  // namespace tyto::tracker
