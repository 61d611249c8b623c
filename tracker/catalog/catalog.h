// What must outlive a tracker: buckets, their policies, versions, manifests, learned roots, names,
// epochs.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "schema/messages/bucket.h"
#include "schema/messages/common.h"

namespace tyto::tracker {

inline constexpr std::size_t kBucketsMax = 65536;
// Of a bucket; older ones are dropped.
inline constexpr uint32_t kPoliciesKept = 1000;

// What is told of a bucket's policy of some time without its document.
struct PolicyHead {
  uint32_t version = 1;          // BucketConfig::policy_version of that time
  std::optional<WallTime> made;  // nothing: before catalogs kept policies
  std::string note;              // why, in words; may be empty
  uint64_t document_bytes = 0;
  bool operator==(const PolicyHead&) const = default;
};
// A bucket's policy as it was at some time.
struct PolicyRevision {
  PolicyHead head;
  std::string document;  // TOML, as given; empty: the default policy
  bool operator==(const PolicyRevision&) const = default;
};

// Makes a bucket; its id is chosen by the catalog. Refused with kConflict if the name is taken.
struct CreateBucket {
  BucketConfig bucket;
  std::string policy_document = {};
};
// Replaces the configuration of the bucket of that name; policy_version grows by one, with the same
// document. Refused with kNotFound if there is none.
struct UpdateBucket {
  BucketConfig bucket;
};
// Replaces the policy of the bucket of that name; policy_version grows by one. Refused with
// kNotFound if there is no such bucket, with kConflict if its version is not the expected one.
// Requires: the document is a good one, which the catalog does not look into.
struct SetPolicy {
  std::string bucket;
  std::string document;
  std::string note = {};
  std::optional<uint32_t> expected_version = {};
};
// Makes `facts.bucket_name`/`facts.key` stand for a version with known roots, one per chunk.
// Publishing the same again changes nothing but the origin pin. Refused with kNotFound if there is
// no such bucket, with kConflict if another bucket has published this version.
struct Publish {
  VersionFacts facts;
  std::vector<Digest> roots;
};
// A name was found to stand for a version at its origin. A published name is left as it is.
struct RecordVersion {
  VersionFactsRef facts;
};
// A chunk's root was learned. Refused with kNotFound if the version is not in the catalog.
struct RecordRoot {
  ChunkId chunk;
  Digest root;
};
using Change =
    std::variant<CreateBucket, UpdateBucket, SetPolicy, Publish, RecordVersion, RecordRoot>;

// Whether somebody waits to hear that the change will last.
bool is_acknowledged(const Change& change);

// What a change came to.
struct ChangeDone {
  BucketConfig bucket;    // as it stands now: of CreateBucket, UpdateBucket and SetPolicy
  PolicyRevision policy;  // as it stands now: of the same
  VersionFactsRef facts;  // as it stands now: of Publish
};

// A start of a tracker on a catalog.
struct StartedEpoch {
  TrackerEpoch epoch;         // greater than any before
  bool is_first_run = false;  // no tracker ever ran on this catalog
};

// Takes the catalog's content, buckets before versions before names. May ask the catalog for
// policies meanwhile.
struct CatalogReader {
  std::function<void(BucketConfig, PolicyRevision)> bucket;
  // `roots`: one per chunk, zero where not known; or empty: none known.
  std::function<void(VersionFactsRef facts, std::vector<Digest> roots)> version;
  std::function<void(const BucketConfig& bucket, std::string key, VersionId version,
                     bool is_published)>
      name;
};

// Which of a bucket's policies to tell of.
struct PolicyHistoryQuery {
  std::string bucket;
  std::optional<uint32_t> before = {};  // versions below this one only; nothing: all
  std::size_t limit = 100;
};

// The durable state of a tracker, behind an interface so that a cluster may keep it elsewhere.
//
// Purity:    shell; calls block on the disk.
// Threads:   confined to one thread at a time.
// Bounds:    kBucketsMax buckets; the rest by the operator's limit on the store's size.
// Errors:    kNoSpace: free space; kCorrupt: restore a copy; kDenied: mend the permissions;
//            kUnavailable: try again. After a failed commit nothing of it is there.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // Counts a new start. Durable when it returns.
  virtual Result<StartedEpoch> start_epoch(WallTime now) = 0;
  // Reads everything once. Cost: all of the catalog.
  virtual Result<void> load(const CatalogReader& reader) = 0;
  // Carries out the changes in their order, all in one transaction. One result per change: a
  // change that is refused leaves the others as they are. Fails as a whole if the transaction
  // fails: then nothing was changed. If any is_acknowledged(), power may fail as soon as this
  // returns.
  virtual Result<std::vector<Result<ChangeDone>>> commit(std::span<const Change> changes,
                                                         WallTime now) = 0;
  // A bucket's policy of that version. kNotFound if there is no such bucket, or it has no such
  // version, or not any more; the message says which there are.
  virtual Result<PolicyRevision> policy(const std::string& bucket, uint32_t version) = 0;
  // A bucket's policies, the newest first. kNotFound if there is no such bucket. Cost: reads their
  // documents.
  virtual Result<std::vector<PolicyHead>> policy_history(const PolicyHistoryQuery& query) = 0;
  // A setting's text; kNotFound if it was never set.
  virtual Result<std::string> setting(const std::string& key) = 0;
  virtual Result<void> set_setting(const std::string& key, const std::string& value) = 0;
  // Reads every page and reference and compares. Cost: all of the catalog.
  virtual Result<void> check() = 0;
};

}  // namespace tyto::tracker
