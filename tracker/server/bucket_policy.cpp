#include "tracker/server/bucket_policy.h"

#include <utility>

#include "tracker/settings/policy_document.h"

namespace tyto::tracker {
namespace {

// Puts a revision's document in force, or says why it cannot be.
std::optional<Error> enforce(const PolicyRevision& revision, BucketPolicy& policy) {
  auto parsed = parse_policy(revision.document, "policy");
  if (!parsed.ok()) return parsed.error();
  policy.in_force = std::make_shared<const Policy>(*parsed);
  policy.version_in_force = revision.head.version;
  return std::nullopt;
}

}  // namespace

BucketPolicy policy_after(const BucketPolicy& former, PolicyRevision present) {
  BucketPolicy policy = former;
  enforce(present, policy);
  policy.present = std::move(present);
  return policy;
}

LoadedPolicy load_policy(Catalog& catalog, const std::string& bucket, PolicyRevision present) {
  LoadedPolicy loaded;
  const uint32_t version = present.head.version;
  loaded.policy.present = std::move(present);
  loaded.fault = enforce(loaded.policy.present, loaded.policy);
  if (!loaded.fault) return loaded;
  auto earlier =
      catalog.policy_history({.bucket = bucket, .before = version, .limit = kPoliciesTried});
  if (!earlier.ok()) return loaded;
  for (const PolicyHead& head : *earlier) {
    auto revision = catalog.policy(bucket, head.version);
    if (revision.ok() && !enforce(*revision, loaded.policy)) break;
  }
  return loaded;
}

}  // namespace tyto::tracker
