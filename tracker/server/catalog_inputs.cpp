#include "tracker/server/catalog_inputs.h"

#include <algorithm>
#include <set>
#include <utility>

#include "tracker/server/bucket_policy.h"
#include "tracker/server/pins_api.h"

namespace tyto::tracker {

Result<CatalogPosition> CatalogInputs::load(Catalog& catalog) {
  Versions versions;
  CatalogReader reader;
  reader.bucket = [&](BucketConfig bucket, PolicyRevision policy) {
    load_bucket(catalog, std::move(bucket), std::move(policy));
  };
  reader.version = [&](VersionFactsRef facts, std::vector<Digest> roots) {
    take(LoadedVersion{std::move(facts), std::move(roots)}, versions);
  };
  reader.name = [&](const BucketConfig& bucket, std::string key, VersionId version,
                    bool is_published) {
    take(LoadedName{{bucket.name, std::move(key)}, version, is_published}, versions);
  };
  reader.pin = [&](SetPin pin) { take(std::move(pin)); };
  auto at = catalog.load(reader);
  versions_loaded_ = versions.size();
  return at;
}

void CatalogInputs::load_bucket(Catalog& catalog, BucketConfig bucket, PolicyRevision policy) {
  LoadedPolicy loaded = load_policy(catalog, bucket.name, std::move(policy));
  if (loaded.fault)
    log_.error(
        "a bucket's policy is not understood: an earlier version of it is in force, or the "
        "default policy (0); set one that is understood, or run the tracker that wrote it",
        {{"bucket", bucket.name},
         {"version", uint64_t{loaded.policy.present.head.version}},
         {"version_in_force", uint64_t{loaded.policy.version_in_force}},
         {"error", *loaded.fault}});
  driver_.apply(BucketLoaded{bucket, loaded.policy.in_force});
  directory_.put_bucket(std::move(bucket), std::move(loaded.policy));
}

void CatalogInputs::apply(CatalogUpdate update) {
  if (update.kind == CatalogUpdate::Kind::kWhole) {
    log_.warning(
        "the catalog was read anew: it was put back to an older copy, or more was changed than it "
        "keeps the order of");
    remove_pins_besides(update.items);
  }
  Versions versions;
  for (CatalogItem& item : update.items) {
    if (auto* bucket = std::get_if<LoadedBucket>(&item)) {
      take(std::move(*bucket), update.kind);
    } else if (auto* version = std::get_if<LoadedVersion>(&item)) {
      take(std::move(*version), versions);
    } else if (auto* name = std::get_if<LoadedName>(&item)) {
      take(std::move(*name), versions);
    } else if (auto* pin = std::get_if<LoadedPin>(&item)) {
      take(std::move(pin->pin));
    } else {
      driver_.apply(PinRemoved{std::get<LostPin>(item).name});
    }
  }
}

bool CatalogInputs::is_number_taken(const BucketConfig& bucket) const {
  const auto& buckets = directory_.buckets();
  return std::any_of(buckets.begin(), buckets.end(), [&](const auto& known) {
    return known.second.id == bucket.id && known.first != bucket.name;
  });
}

void CatalogInputs::take(LoadedBucket item, CatalogUpdate::Kind kind) {
  const BucketConfig* known = directory_.bucket(item.bucket.name);
  if (known != nullptr && *known == item.bucket) return;
  // Read before the last change was answered: that one is told of in its turn.
  if (kind == CatalogUpdate::Kind::kChanges && known != nullptr &&
      known->policy_version > item.bucket.policy_version)
    return;
  if (is_number_taken(item.bucket))
    return log_.error(
        "a bucket is not served: its number is that of another which the catalog had before it was "
        "put back to an older copy; restart this tracker",
        {{"bucket", item.bucket.name}, {"number", uint64_t{item.bucket.id.value()}}});
  const BucketPolicy* former = directory_.policy(item.bucket.name);
  BucketPolicy policy = policy_after(former == nullptr ? BucketPolicy() : *former, item.policy);
  driver_.apply(BucketLoaded{item.bucket, policy.in_force});
  directory_.put_bucket(std::move(item.bucket), std::move(policy));
}

void CatalogInputs::take(LoadedVersion item, Versions& versions) {
  if (directory_.bucket(item.facts->bucket_name) == nullptr) return;
  versions[item.facts->id] = item.facts;
  driver_.apply(VersionLoaded{std::move(item.facts), std::move(item.roots)});
}

void CatalogInputs::take(LoadedName item, const Versions& versions) {
  auto facts = versions.find(item.version);
  if (facts == versions.end()) return;
  const ObjectDirectory::Entry* known = directory_.find(item.name);
  const bool is_same = known != nullptr && known->is_published == item.is_published &&
                       known->facts->id == item.version;
  // What was found at an origin does not replace what was published.
  if (is_same || (known != nullptr && known->is_published && !item.is_published)) return;
  directory_.put(item.name, {facts->second, item.is_published});
  driver_.apply(NameLoaded{std::move(item.name.bucket), std::move(item.name.key), item.version,
                           item.is_published});
}

void CatalogInputs::take(SetPin pin) {
  driver_.apply(PinSet{std::move(pin.name), pin.version, pin.object_bytes,
                       instant_of(pin.expires, now_()), pin.expires});
}

void CatalogInputs::remove_pins_besides(const std::vector<CatalogItem>& items) {
  std::set<ObjectName> there;
  for (const CatalogItem& item : items)
    if (auto* pin = std::get_if<LoadedPin>(&item)) there.insert(pin->pin.name);
  std::vector<ObjectName> gone;
  driver_.core().visit_pins(now_(), [&](const PinSet& pin) {
    if (!there.contains(pin.name)) gone.push_back(pin.name);
  });
  for (ObjectName& name : gone) driver_.apply(PinRemoved{std::move(name)});
}

}  // namespace tyto::tracker
