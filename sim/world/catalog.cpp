#include "sim/world/catalog.h"

#include "sim/models/content.h"

namespace tyto::sim {
namespace {

tracker::PinSet pin_of(const BucketConfig& bucket, const ObjectSpec& object,
                       const VersionId& version) {
  tracker::PinSet pin;
  pin.name = {bucket.name, object.key};
  pin.version = version;
  pin.object_bytes = object.bytes;
  pin.until = Instant::never();
  return pin;
}

}  // namespace

void Catalog::put(const VersionFactsRef& facts) {
  versions_[facts->id].facts = facts;
  names_[facts->key] = facts->id;
}

void Catalog::put_root(const ChunkId& chunk, const Digest& root) {
  versions_[chunk.version].roots[chunk.index.value()] = root;
}

void Catalog::publish(const VersionFactsRef& facts) {
  put(facts);
  for (uint32_t i = 0; i < facts->chunking.chunk_count(); ++i) {
    ChunkId chunk{facts->id, ChunkIndex(i)};
    put_root(chunk, root_of(right_content(chunk)));
  }
}

std::vector<tracker::Input> Catalog::load(const Scenario& scenario, TrackerEpoch epoch) const {
  const BucketConfig& bucket = scenario.bucket;
  tracker::Policy known = scenario.policy;
  if (scenario.bug == PlantedBug::kBudgetIgnored) known.origin = {};
  if (scenario.bug == PlantedBug::kRequestsIgnored) known.origin.requests_per_s = 0;
  if (scenario.bug == PlantedBug::kCrossingsIgnored)
    known.selection.bytes_between_regions_per_s = 0;
  auto policy = std::make_shared<const tracker::Policy>(std::move(known));
  std::vector<tracker::Input> inputs{tracker::BucketLoaded{bucket, std::move(policy)}};
  for (const auto& [id, version] : versions_) {
    if (version.facts == nullptr) continue;
    tracker::VersionLoaded loaded{version.facts, {}};
    if (!version.roots.empty()) loaded.roots.resize(version.facts->chunking.chunk_count());
    for (const auto& [index, root] : version.roots) loaded.roots[index] = root;
    inputs.push_back(std::move(loaded));
  }
  for (const auto& [key, id] : names_) {
    const VersionFactsRef& facts = versions_.at(id).facts;
    inputs.push_back(tracker::NameLoaded{bucket.name, key, id, facts->is_published});
  }
  if (scenario.bug != PlantedBug::kPinsIgnored) {
    for (const ObjectSpec& object : scenario.objects)
      if (object.is_pinned) inputs.push_back(pin_of(bucket, object, names_.at(object.key)));
  }
  inputs.push_back(tracker::CatalogLoaded{epoch, epoch.value() <= scenario.trackers});
  return inputs;
}

}  // namespace tyto::sim
