#include "tracker/server/bucket_path.h"

#include "base/names.h"

namespace tyto::tracker {

Result<BucketPath> BucketPath::parse(const std::string& path) {
  std::string rest = path.substr(kBucketsPath.size() + 1);
  const std::size_t slash = rest.find('/');
  BucketPath parsed{.bucket = rest.substr(0, slash)};
  if (auto checked = check_bucket_name(parsed.bucket); !checked.ok()) return checked.error();
  if (slash == std::string::npos) return parsed;
  rest.erase(0, slash + 1);
  const std::size_t end = rest.find('/');
  const std::string part = rest.substr(0, end);
  if (end != std::string::npos) parsed.rest = rest.substr(end + 1);
  if (part == "policy") {
    parsed.part = BucketPath::Part::kPolicy;
    return parsed;
  }
  if (part != "objects" && part != "pins")
    return {ErrorCode::kNotFound,
            "there is nothing at " + printable(path) +
                "; a bucket has /objects, /objects/KEY, /pins, /pins/KEY and /policy"};
  parsed.part = part == "pins" ? BucketPath::Part::kPins : BucketPath::Part::kObjects;
  if (!parsed.rest.empty())
    if (auto checked = check_key(parsed.rest); !checked.ok()) return checked.error();
  return parsed;
}

}  // namespace tyto::tracker
