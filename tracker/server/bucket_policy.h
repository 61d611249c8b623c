// From the documents that the catalog keeps to the policies that are in force.
#pragma once

#include <cstdint>
#include <optional>

#include "tracker/catalog/catalog.h"
#include "tracker/core/policy.h"

namespace tyto::tracker {

// A bucket's policy: the document as the catalog has it, and what is in force.
struct BucketPolicy {
  PolicyRevision present;
  PolicyRef in_force = std::make_shared<const Policy>();  // never null
  // The version whose document is in force; 0: none is, but the default policy. Another than the
  // present one only if this program does not understand that.
  uint32_t version_in_force = 0;
};

// What is in force once a bucket has come to this policy: its document, or, should that not be
// understood, what was in force before. Cost: linear in the document.
BucketPolicy policy_after(const BucketPolicy& former, PolicyRevision present);

// The policy of a bucket that was loaded.
struct LoadedPolicy {
  BucketPolicy policy;
  std::optional<Error> fault;  // why the present document is not in force
};

// How many earlier policies are looked at for one that is understood.
inline constexpr std::size_t kPoliciesTried = 32;

// The present policy of a bucket, which a newer tracker may have written: if this program does not
// understand it, the newest earlier one that it does understand is in force, of the last
// kPoliciesTried; else the default policy.
// Cost: reads the earlier documents, in that case. Threads: the catalog's.
LoadedPolicy load_policy(Catalog& catalog, const std::string& bucket, PolicyRevision present);

}  // namespace tyto::tracker
