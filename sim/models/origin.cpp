#include "sim/models/origin.h"

#include <utility>

#include "base/assert.h"

namespace tyto::sim {

OriginModel::OriginModel(const OriginSpec& spec, BucketId bucket, std::string bucket_name,
                         const std::vector<ObjectSpec>& objects, uint64_t seed)
    : spec_(spec),
      bucket_(bucket),
      bucket_name_(std::move(bucket_name)),
      rng_(make_stream(seed, Stream::kOriginMoods)) {
  for (const ObjectSpec& object : objects) {
    objects_.push_back({object, 0, nullptr});
    describe(static_cast<uint32_t>(objects_.size() - 1));
  }
}

void OriginModel::change(uint32_t object) {
  ++objects_[object].generation;
  describe(object);
}

void OriginModel::describe(uint32_t index) {
  Object& object = objects_[index];
  auto facts = std::make_shared<VersionFacts>();
  facts->id.digest = digest_of(uint64_t{index} << 32 | object.generation, 2);
  facts->bucket = bucket_;
  facts->bucket_name = bucket_name_;
  facts->key = object.spec.key;
  facts->chunking = Chunking::of(object.spec.bytes);
  facts->is_published = object.spec.is_published && object.generation == 0;
  facts->origin.url = "http://origin/" + object.spec.key;
  facts->origin.etag = "\"g" + std::to_string(object.generation) + "\"";
  facts->origin.modified = WallTime::from_unix_s(1'000'000 + object.generation);
  object.facts = facts;
  versions_[facts->id] = object.facts;
}

VersionFactsRef OriginModel::find(const std::string& key) const {
  for (const Object& object : objects_) {
    if (object.spec.key == key) return object.facts;
  }
  return nullptr;
}

bool OriginModel::is_current(const VersionFacts& facts) const {
  VersionFactsRef now = find(facts.key);
  return now != nullptr && now->origin.etag == facts.origin.etag;
}

OriginModel::Answer OriginModel::admit(const VersionFacts& facts, uint64_t read) {
  if (mode_ == Mode::kRefusing) return {Admission::kFail, FailureKind::kOriginFailed};
  if (find(facts.key) == nullptr) return {Admission::kFail, FailureKind::kOriginMissing};
  if (!is_current(facts)) return {Admission::kFail, FailureKind::kOriginChanged};
  if (mode_ == Mode::kSilent || reads_ >= spec_.reads_max) {
    waiting_.push_back(read);
    return {Admission::kWait};
  }
  if (spec_.errors_permille > 0 && rng_.one_in(spec_.errors_permille, 1000))
    return {Admission::kFail, FailureKind::kOriginFailed};
  ++reads_;
  return {Admission::kServe};
}

Duration OriginModel::draw_latency() {
  if (spec_.jitter_max == Duration()) return spec_.latency;
  return spec_.latency + between(rng_, Duration(), spec_.jitter_max);
}

void OriginModel::release() {
  TYTO_ASSERT(reads_ > 0);
  --reads_;
}

uint64_t OriginModel::next_waiting() {
  if (waiting_.empty() || mode_ == Mode::kSilent || reads_ >= spec_.reads_max) return 0;
  uint64_t read = waiting_.front();
  waiting_.pop_front();
  return read;
}

}  // namespace tyto::sim
