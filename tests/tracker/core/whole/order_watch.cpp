#include "tests/tracker/core/whole/order_watch.h"

namespace tyto::tracker {
namespace {

// How often terms are looked at, see origin/terms.cpp; and how often they may double.
constexpr Duration kTermsLook = Duration::milliseconds(250);
constexpr int kDoublings = 6;

bool is_origin(const Source& source) {
  return source.kind == SourceKind::kOrigin;
}

// The least time from one read to the next under the limits.
Duration spacing(const OriginPolicy& limits, uint64_t bytes) {
  int64_t ns = 0;
  if (limits.requests_per_s > 0) ns = 1'000'000'000 / int64_t{limits.requests_per_s};
  if (limits.bytes_per_s > 0)
    ns = std::max(ns, static_cast<int64_t>(bytes * 1'000'000'000 / limits.bytes_per_s));
  return Duration::nanoseconds(ns);
}

}  // namespace

// Ids of versions begin with their keys, and keys with their buckets.
std::string OrderWatch::bucket_of(const ChunkId& chunk) {
  return std::string(1, static_cast<char>(chunk.version.digest.bytes[0]));
}

void OrderWatch::set_policy(const std::string& bucket, const Policy& policy) {
  buckets_[bucket].policy = policy;
}

void OrderWatch::set_host(PeerId peer, const std::string& host, uint32_t uploads_max) {
  hosts_[peer] = {host, uploads_max};
}

void OrderWatch::pin(const ObjectName& name, const VersionId& version, Instant until) {
  pins_[name] = {version, until};
}

void OrderWatch::unpin(const ObjectName& name) {
  pins_.erase(name);
}

std::set<uint64_t> OrderWatch::under_way() const {
  std::set<uint64_t> numbers;
  t_.core.visit_transfers([&](const TransferPicture& at) { numbers.insert(at.assignment.n); });
  return numbers;
}

void OrderWatch::ordered(const std::string& receiver, const Assign& order) {
  ++orders_;
  if (is_origin(order.source))
    begin_read(receiver, order);
  else
    check_caps(order);
}

void OrderWatch::begin_read(const std::string& holder, const Assign& order) {
  ++reads_;
  Bucket& bucket = buckets_.at(bucket_of(order.chunk));
  if (bucket.began) {
    Duration span = spacing(bucket.policy.origin, bucket.bytes);
    EXPECT_GE((t_.now - *bucket.began).ns(), span.ns())
        << "a read of " << bucket_of(order.chunk) << " begins too soon";
  }
  bucket.began = t_.now;
  bucket.bytes = kChunkBytesMin;
  ++bucket.begun;
  under_way_[order.assignment.n] = {holder, bucket_of(order.chunk), t_.now,
                                    losses_of(order.chunk.version)};
}

// What a source has of uploads, but for those that readers have gone on to by themselves.
void OrderWatch::check_caps(const Assign& order) {
  const std::string bucket = bucket_of(order.chunk);
  const SelectionPolicy& policy = buckets_.at(bucket).policy.selection;
  const auto& [host, uploads_max] = hosts_.at(order.source.peer);
  uint32_t uploads = 0;
  uint32_t of_bucket = 0;
  t_.core.visit_transfers([&](const TransferPicture& at) {
    if (is_origin(at.source) || hosts_.at(at.source.peer).first != host) return;
    if (moved_.contains(at.assignment.n)) return;
    ++uploads;
    of_bucket += bucket_of(at.chunk) == bucket ? 1 : 0;
  });
  EXPECT_LE(uploads, uploads_max) << "uploads of host " << host;
  uint32_t cap = order.source.kind == SourceKind::kSuperpeer ? policy.uploads_per_superpeer
                                                             : policy.uploads_per_host;
  if (cap > 0) {
    EXPECT_LE(of_bucket, cap) << "uploads of host " << host << " for bucket " << bucket;
  }
  EXPECT_LE(order.source.generation.value(), policy.tree_depth);
}

void OrderWatch::ordered(const Evict& order) {
  // What is wrong goes, pinned or not; and what a shadow reader kept to itself is no copy.
  Choice why = order.reason.choice;
  if (why == Choice::kEvictCorrupt || why == Choice::kEvictConflict ||
      why == Choice::kEvictConsumed)
    return;
  for (const auto& [name, pin] : pins_)
    EXPECT_FALSE(pin.version == order.version && pin.until > t_.now)
        << name.text() << " is pinned, and evicted";
}

void OrderWatch::progressed(const Assign& order) {
  auto it = under_way_.find(order.assignment.n);
  if (it == under_way_.end()) return;
  for (auto& [n, read] : under_way_)
    if (read.holder == it->second.holder && read.bucket == it->second.bucket)
      read.progressed = t_.now;
}

void OrderWatch::read_well(const Assign& order) {
  if (is_origin(order.source)) losses_of(order.chunk.version) = 0;
}

void OrderWatch::moved_on(const Assign& order) {
  moved_.insert(order.assignment.n);
}

void OrderWatch::count_losses() {
  std::set<std::string> lost;  // those lost at one moment are one loss
  for (; notices_ < t_.all_notices.size(); ++notices_)
    if (t_.all_notices[notices_].kind == NoticeKind::kLeaseLost)
      lost.insert(t_.all_notices[notices_].subject);
  if (lost.empty()) return;
  t_.core.visit_versions([&](const VersionPicture& version) {
    if (!version.facts) return;
    std::string subject = version.facts->bucket_name + "/" + version.facts->key + " (version " +
                          version.id.short_hex() + ")";
    losses_of(version.id) += lost.contains(subject) ? 1 : 0;
  });
}

// Whoever reads from the origin has made progress within its term.
void OrderWatch::check_terms() {
  std::map<std::string, uint32_t> reads;
  std::map<ChunkId, int> leases;
  t_.core.visit_transfers([&](const TransferPicture& at) {
    if (!is_origin(at.source)) return;
    auto it = under_way_.find(at.assignment.n);
    if (it == under_way_.end()) {
      ADD_FAILURE() << "a read of the origin was ordered of a peer that is not connected";
      return;
    }
    Read& read = it->second;
    ++reads[read.bucket];
    read.losses = std::max(read.losses, losses_of(at.chunk.version));
    Duration term = buckets_.at(read.bucket).policy.origin.lease_term;
    term = term * (int64_t{1} << std::min(read.losses, kDoublings));
    EXPECT_LE((t_.now - read.progressed).ns(), (term + kTermsLook).ns())
        << "an expired lease is honoured";
    bool is_lease = at.reason.choice == Choice::kOriginLease && at.reason.copies == 0;
    leases[at.chunk] += is_lease ? 1 : 0;
    EXPECT_LE(leases[at.chunk], 1) << "chunk " << at.chunk.index.value() << " has two leases";
  });
  for (auto& [name, bucket] : buckets_) {
    uint32_t most = bucket.policy.origin.reads;
    if (bucket.begun > 0 && most > 0) {
      EXPECT_LE(reads[name], most) << "reads of bucket " << name;
    }
    bucket.begun = 0;
  }
}

void OrderWatch::check() {
  t_.core.check_invariants();
  count_losses();
  check_terms();
  std::set<uint64_t> live = under_way();
  std::erase_if(under_way_, [&](const auto& read) { return !live.contains(read.first); });
}

}  // namespace tyto::tracker
