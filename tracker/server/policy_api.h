// The API's part on buckets' policies: /api/v1/buckets/BUCKET/policy. docs/tracker.md specifies it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "tracker/server/api.h"
#include "tracker/server/api_reply.h"

namespace tyto::tracker {

inline constexpr std::size_t kPolicyNoteBytesMax = 500;

// Shows and changes policies. A document is checked before the catalog is asked to keep it, and in
// force from the core's next decision after that.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows what is handed in. Held by a shared_ptr: answers that come after its end are
//            not given.
// Errors:    as Api's. After an error nothing has changed.
class PolicyApi : public std::enable_shared_from_this<PolicyApi> {
 public:
  PolicyApi(ObjectDirectory& directory, const Api::Hooks& hooks)
      : directory_(directory), hooks_(hooks) {}

  // `part` is what stands behind ".../policy/": empty, or "history".
  void get(const std::string& bucket, const std::string& part, const io::HttpRequest& request,
           const Responder& responder);
  // PUT, PATCH and POST. `part`: empty, or "rollback".
  void change(const std::string& bucket, const std::string& part, const io::HttpRequest& request,
              const Responder& responder);
  // A bucket as a change of the catalog left it: to the directory and to the core.
  // Requires: the change was a CreateBucket, UpdateBucket or SetPolicy.
  void take(const ChangeDone& done);

 private:
  // What all changes may say besides.
  struct Terms {
    std::string note;
    std::optional<uint32_t> expected;
  };
  static Result<Terms> parse_terms(const io::HttpRequest& request);

  void show(const std::string& bucket, const io::HttpRequest& request, const Responder& responder);
  void list(const std::string& bucket, const io::HttpRequest& request, const Responder& responder);
  void put(const std::string& bucket, const io::HttpRequest& request, const Responder& responder);
  void patch(const std::string& bucket, const io::HttpRequest& request, const Responder& responder);
  void roll_back(const std::string& bucket, const io::HttpRequest& request,
                 const Responder& responder);
  // Sets a document that was checked, and answers with it.
  void set(SetPolicy change, const Responder& responder);
  Json json_of_present(const std::string& bucket) const;

  ObjectDirectory& directory_;
  const Api::Hooks& hooks_;
};

// {"document"}: a document with every setting, its meaning, bounds and default.
Json policy_format();

}  // namespace tyto::tracker
