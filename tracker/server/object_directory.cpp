#include "tracker/server/object_directory.h"

#include <algorithm>
#include <utility>

namespace tyto::tracker {

void ObjectDirectory::put_bucket(BucketConfig bucket, BucketPolicy policy) {
  std::string name = bucket.name;
  policies_.insert_or_assign(name, std::move(policy));
  buckets_.insert_or_assign(std::move(name), std::move(bucket));
}

const BucketConfig* ObjectDirectory::bucket(const std::string& name) const {
  auto found = buckets_.find(name);
  return found == buckets_.end() ? nullptr : &found->second;
}

const BucketPolicy* ObjectDirectory::policy(const std::string& name) const {
  auto found = policies_.find(name);
  return found == policies_.end() ? nullptr : &found->second;
}

bool ObjectDirectory::put(const ObjectName& name, Entry entry) {
  auto found = names_.find(name);
  if (found == names_.end()) {
    if (names_.size() >= names_max_ && !entry.is_published) return false;
    names_.emplace(name, std::move(entry));
    return true;
  }
  if (!found->second.is_published || entry.is_published) found->second = std::move(entry);
  return true;
}

const ObjectDirectory::Entry* ObjectDirectory::find(const ObjectName& name) const {
  auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

bool ObjectDirectory::list(
    const Query& query,
    const std::function<void(const ObjectName& name, const Entry& entry)>& visit) const {
  auto at = query.after >= query.prefix && !query.after.empty()
                ? names_.upper_bound({query.bucket, query.after})
                : names_.lower_bound({query.bucket, query.prefix});
  for (std::size_t count = 0; at != names_.end(); ++at, ++count) {
    if (at->first.bucket != query.bucket || !at->first.key.starts_with(query.prefix)) return false;
    if (count == query.limit) return true;
    visit(at->first, at->second);
  }
  return false;
}

}  // namespace tyto::tracker
