#include "peer/origin/http_origin.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/names.h"
#include "peer/origin/http_exchange.h"
#include "peer/origin/http_lookup.h"
#include "peer/origin/http_range_read.h"
#include "peer/origin/http_whole_read.h"
#include "peer/transfer/failure.h"

namespace tyto::peer {
namespace {

// URLs of which it is known whether ranges work; forgotten all at once beyond.
constexpr std::size_t kUrlsKnownMax = 4096;

struct Entry {
  ChunkRead read;
  std::shared_ptr<RangeRead> range;  // set while it reads by ranges; shared by a run
  bool has_ended = false;            // its call-back is on its way
};

}  // namespace

// Decides for each chunk how it is read. As long as nothing is known of an origin's ranges, the
// first chunk of a URL goes ahead alone and finds out.
struct HttpOrigin::Impl final : RangeRead::Owner, WholeRead::Owner {
  Impl(io::Loop& loop, HttpOriginOptions options) : shared(loop, std::move(options)) {}

  void begin(Entry& entry);
  bool join_run(Entry& entry);
  void read_by_ranges(Entry& entry);
  void read_whole(Entry& entry, std::unique_ptr<Exchange> exchange);
  WholeRead* whole_of(const VersionId& version);
  void make_room(uint64_t bytes);
  void learn(const std::string& url, bool support);
  void release(const std::string& url);
  void deliver(uint64_t id, Outcome outcome);

  void ranges_work(ChunkRead& read) override;
  void whole_object_came(const std::vector<ChunkRead*>& reads,
                         std::unique_ptr<Exchange> exchange) override;
  void progressed(ChunkRead& read) override;
  void ended(ChunkRead& read, Outcome outcome) override;
  void unused(const VersionId& version) override { wholes.erase(version); }

  HttpShared shared;
  uint64_t last_id = 0;
  std::map<std::string, bool> ranges_known;
  std::map<std::string, std::set<uint64_t>> probing;  // URL: reads that wait for the first one
  std::map<uint64_t, std::unique_ptr<Entry>> reads;
  std::weak_ptr<RangeRead> open_run;  // that more chunks may join in this turn of the loop
  std::map<VersionId, std::unique_ptr<WholeRead>> wholes;
  std::map<uint64_t, std::unique_ptr<HttpLookup>> lookups;
  std::shared_ptr<int> alive = std::make_shared<int>(0);  // for what is posted
};

WholeRead* HttpOrigin::Impl::whole_of(const VersionId& version) {
  auto it = wholes.find(version);
  if (it == wholes.end()) return nullptr;
  if (!it->second->is_broken()) return it->second.get();
  wholes.erase(it);
  return nullptr;
}

void HttpOrigin::Impl::begin(Entry& entry) {
  const OriginPin& pin = entry.read.fetch.facts->origin;
  if (WholeRead* whole = whole_of(entry.read.fetch.facts->id)) return whole->add(entry.read);
  if (join_run(entry)) return;
  if (auto known = ranges_known.find(pin.url); known != ranges_known.end()) {
    if (known->second) return read_by_ranges(entry);
    return read_whole(entry, nullptr);
  }
  if (auto first = probing.find(pin.url); first != probing.end()) {
    first->second.insert(entry.read.id);
    return;
  }
  probing[pin.url];
  read_by_ranges(entry);
}

bool HttpOrigin::Impl::join_run(Entry& entry) {
  auto run = open_run.lock();
  if (!run || !run->can_add() || !run->is_followed_by(entry.read)) return false;
  run->add(entry.read);
  entry.range = std::move(run);
  return true;
}

// The chunks of a run come in one turn of the loop, and are asked for in the next.
void HttpOrigin::Impl::read_by_ranges(Entry& entry) {
  entry.range = std::make_shared<RangeRead>(shared, entry.read, *this);
  if (entry.read.fetch.run < 2) return entry.range->start();
  open_run = entry.range;
  shared.loop.post([run = open_run] {
    if (auto begun = run.lock()) begun->start();
  });
}

// Destroys spools that nobody uses until `bytes` more fit.
void HttpOrigin::Impl::make_room(uint64_t bytes) {
  std::erase_if(wholes, [&](const auto& item) {
    return shared.spool_bytes + bytes > shared.options.spool_bytes_max && item.second->is_idle();
  });
}

void HttpOrigin::Impl::read_whole(Entry& entry, std::unique_ptr<Exchange> exchange) {
  const OriginFetch& fetch = entry.read.fetch;
  WholeRead* whole = whole_of(fetch.facts->id);
  if (whole == nullptr) {
    make_room(fetch.facts->chunking.object_bytes);
    auto created = WholeRead::create(shared, fetch.facts, fetch.patience, *this);
    if (!created) {
      ended(entry.read, {std::nullopt, FailureKind::kOriginFailed, created.error().message});
      return;
    }
    whole = created.value().get();
    wholes.emplace(fetch.facts->id, std::move(created.value()));
    if (exchange)
      whole->adopt(std::move(exchange));
    else
      whole->start();
  }
  whole->add(entry.read);
}

void HttpOrigin::Impl::learn(const std::string& url, bool support) {
  if (ranges_known.size() >= kUrlsKnownMax) ranges_known.clear();
  ranges_known[url] = support;
  release(url);
}

void HttpOrigin::Impl::release(const std::string& url) {
  auto node = probing.extract(url);
  if (node.empty()) return;
  for (uint64_t id : node.mapped())
    if (auto it = reads.find(id); it != reads.end() && !it->second->has_ended) begin(*it->second);
}

void HttpOrigin::Impl::ranges_work(ChunkRead& read) {
  const std::string& url = read.fetch.facts->origin.url;
  if (!ranges_known.contains(url)) learn(url, true);
}

void HttpOrigin::Impl::whole_object_came(const std::vector<ChunkRead*>& came,
                                         std::unique_ptr<Exchange> exchange) {
  const std::string url = came.front()->fetch.facts->origin.url;
  for (ChunkRead* read : came) {
    Entry& entry = *reads.at(read->id);
    entry.range.reset();
    read_whole(entry, std::move(exchange));
  }
  learn(url, false);
}

void HttpOrigin::Impl::progressed(ChunkRead& read) {
  uint8_t quarter = read.assembly ? read.assembly->quarters_written() : 0;
  if (quarter <= read.quarter || quarter > 3) return;
  read.quarter = quarter;
  auto call = read.events.progressed;  // which may cancel the read
  if (call) call(quarter);
}

void HttpOrigin::Impl::ended(ChunkRead& read, Outcome outcome) {
  Entry& entry = *reads.at(read.id);
  entry.has_ended = true;
  shared.loop.post([this, watch = std::weak_ptr<int>(alive), id = read.id,
                    outcome = std::move(outcome)]() mutable {
    if (!watch.expired()) deliver(id, std::move(outcome));
  });
}

void HttpOrigin::Impl::deliver(uint64_t id, Outcome outcome) {
  auto node = reads.extract(id);
  if (node.empty()) return;
  uint32_t bytes = node.mapped()->read.assembly->received_bytes();
  std::string url = node.mapped()->read.fetch.facts->origin.url;
  TransferEvents events = std::move(node.mapped()->read.events);
  node.mapped().reset();  // the writer leaves no trace before anyone hears of it
  if (!outcome.root) ++shared.stats.failures;
  if (!ranges_known.contains(url)) release(url);
  if (outcome.root && events.done) events.done(*outcome.root, bytes);
  if (!outcome.root && events.failed) events.failed(outcome.kind, bytes, outcome.detail);
}

HttpOrigin::HttpOrigin(io::Loop& loop, HttpOriginOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}

HttpOrigin::~HttpOrigin() = default;

void HttpOrigin::resolve(const std::string& url, Resolved resolved) {
  Impl* impl = impl_.get();
  uint64_t id = ++impl->last_id;
  auto ended = [impl, id, url, resolved = std::move(resolved)](Result<OriginObject> object,
                                                               std::optional<bool> support) {
    auto node = impl->lookups.extract(id);
    if (!object) ++impl->shared.stats.failures;
    if (support) impl->learn(url, *support);
    resolved(std::move(object));
  };
  auto lookup = std::make_unique<HttpLookup>(impl->shared, url, std::move(ended));
  lookup->start();
  impl->lookups.emplace(id, std::move(lookup));
}

uint64_t HttpOrigin::fetch(OriginFetch fetch, std::unique_ptr<ChunkWriter> writer,
                           TransferEvents events) {
  uint64_t id = ++impl_->last_id;
  auto entry = std::make_unique<Entry>();
  entry->read.id = id;
  entry->read.assembly = std::make_unique<ChunkAssembly>(fetch.facts->chunking, fetch.chunk,
                                                         fetch.expected_root, std::move(writer));
  entry->read.events = std::move(events);
  entry->read.fetch = std::move(fetch);
  Entry& added = *impl_->reads.emplace(id, std::move(entry)).first->second;
  const OriginFetch& asked = added.read.fetch;
  const OriginPin& pin = asked.facts->origin;
  if (pin.etag.empty() && !pin.modified && !asked.expected_root)
    impl_->ended(added.read, {std::nullopt, FailureKind::kOriginFailed,
                              printable(pin.url) + ": neither ETag, time nor root pins it"});
  else
    impl_->begin(added);
  return id;
}

void HttpOrigin::cancel(uint64_t fetch) {
  auto it = impl_->reads.find(fetch);
  if (it == impl_->reads.end()) return;
  std::string url = it->second->read.fetch.facts->origin.url;
  bool probes = it->second->range != nullptr && !impl_->ranges_known.contains(url);
  if (WholeRead* whole = impl_->whole_of(it->second->read.fetch.facts->id)) whole->remove(fetch);
  if (it->second->range) it->second->range->remove(it->second->read);
  impl_->reads.erase(it);
  if (probes) impl_->release(url);
}

OriginStats HttpOrigin::stats() const {
  return impl_->shared.stats;
}

}  // namespace tyto::peer
