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

#include "base/names.h"
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

// Makes a bucket; its id is chosen by the catalog, above all that it has and above the one given.
// That is the largest that the tracker knows, which the catalog may have had before it was put back
// to an older copy. Refused with kConflict if the name is taken.
struct CreateBucket {
  BucketConfig bucket;
  std::string policy_document = {};
};
// Replaces the configuration of the bucket of that name; policy_version grows by one, with the same
// document. Refused with kNotFound if there is none, with kConflict if its version is not the
// expected one.
struct UpdateBucket {
  BucketConfig bucket;
  std::optional<uint32_t> expected_version = {};
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
// no such bucket, with kConflict if another bucket has published this version, or if the name
// stands for another published version than the expected one by now: the message names it.
struct Publish {
  VersionFacts facts;
  std::vector<Digest> roots;
  // The published version that the name stands for, as far as the publisher knows; zero: none was
  // ever published. Nothing: whichever it is.
  std::optional<VersionId> expected_former = {};
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
// Pins a version under a name until a time, in place of the name's former pin. Refused with
// kNotFound if there is no such bucket, with kNoSpace if the bucket's pins would then hold more
// than they may, with kOverloaded if there are Pins::kPinsMax.
struct SetPin {
  ObjectName name;
  VersionId version;
  uint64_t object_bytes = 0;
  WallTime expires;
  uint64_t bucket_bytes_max = 0;  // of all the bucket's pins, this one included; 0: no limit
};
// Refused with kNotFound if the name has no pin.
struct RemovePin {
  ObjectName name;
};
using Change = std::variant<CreateBucket, UpdateBucket, SetPolicy, Publish, RecordVersion,
                            RecordRoot, SetPin, RemovePin>;

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
  // Greater than any before: one more than the last in the catalog, and at least the seconds since
  // 1970, so that it is new for a catalog, too, that was put back to an older copy.
  TrackerEpoch epoch;
  bool is_first_run = false;  // no tracker ever ran on this catalog
};

// Takes the catalog's content, buckets before versions before names before pins. May ask the
// catalog for policies meanwhile.
struct CatalogReader {
  std::function<void(BucketConfig, PolicyRevision)> bucket;
  // `roots`: one per chunk, zero where not known; or empty: none known.
  std::function<void(VersionFactsRef facts, std::vector<Digest> roots)> version;
  std::function<void(const BucketConfig& bucket, std::string key, VersionId version,
                     bool is_published)>
      name;
  std::function<void(SetPin pin)> pin;          // may be left out
  std::function<void(ObjectName name)> no_pin;  // of load_changes() only; may be left out
};

// A place in the order of a catalog's changes. All but `serial` tells one history from another
// that a restored copy began at the same place.
struct CatalogPosition {
  uint64_t serial = 0;  // of the last change; 0: before the first
  uint64_t epoch = 0;   // of the tracker that made it
  WallTime at;          // when it did
  bool operator==(const CatalogPosition&) const = default;
};

// Which changes to tell of.
struct ChangesQuery {
  CatalogPosition since;
  TrackerEpoch own;  // facts found on the way by this run are left out; zero: none are
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
//            kUnavailable: try again. After a failed commit nothing of it is there, but if a
//            server was lost during it: then all of it may be. Doing it again does no harm.
class Catalog {
 public:
  virtual ~Catalog() = default;
  // Counts a new start. Durable when it returns.
  virtual Result<StartedEpoch> start_epoch(WallTime now) = 0;
  // Reads everything once, as it was at one moment, and says which. Cost: all of the catalog.
  virtual Result<CatalogPosition> load(const CatalogReader& reader) = 0;
  // Reads what was changed since, as it is at one moment, and says which: versions before names
  // before pins. kNotFound if the catalog's history is another, or does not reach back so far:
  // load() it. kUnsupported where nobody else can write. Cost: what was changed.
  virtual Result<CatalogPosition> load_changes(const ChangesQuery& query,
                                               const CatalogReader& reader) = 0;
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
