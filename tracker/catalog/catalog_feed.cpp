#include "tracker/catalog/catalog_feed.h"

#include <poll.h>

#include <utility>

namespace tyto::tracker {

CatalogReader collect_items(std::vector<CatalogItem>& items) {
  CatalogReader reader;
  reader.bucket = [&items](BucketConfig bucket, PolicyRevision policy) {
    items.push_back(LoadedBucket{std::move(bucket), std::move(policy)});
  };
  reader.version = [&items](VersionFactsRef facts, std::vector<Digest> roots) {
    items.push_back(LoadedVersion{std::move(facts), std::move(roots)});
  };
  reader.name = [&items](const BucketConfig& bucket, std::string key, VersionId version,
                         bool is_published) {
    items.push_back(LoadedName{{bucket.name, std::move(key)}, version, is_published});
  };
  reader.pin = [&items](SetPin pin) { items.push_back(LoadedPin{std::move(pin)}); };
  reader.no_pin = [&items](ObjectName name) { items.push_back(LostPin{std::move(name)}); };
  return reader;
}

CatalogFeed::CatalogFeed(io::PostgresAddress address, const Options& options, Deliver deliver,
                         HealthChanged health_changed)
    : address_(std::move(address)),
      options_(options),
      deliver_(std::move(deliver)),
      health_changed_(std::move(health_changed)),
      seen_(options.since) {
  thread_ = std::thread([this] { run(); });
}

CatalogFeed::~CatalogFeed() {
  is_stopping_ = true;
  wake_.wake();
  thread_.join();
}

void CatalogFeed::run() {
  while (!is_stopping_) {
    const Result<void> looked = look();
    set_health(looked);
    if (looked.ok()) continue;
    pollfd woken{wake_.fd(), POLLIN, 0};
    ::poll(&woken, 1, static_cast<int>(options_.retry.ms()));
  }
}

Result<void> CatalogFeed::look() {
  if (catalog_ == nullptr) {
    PostgresCatalog::Options options;
    options.timeout = options_.timeout;
    options.listening = PostgresCatalog::Listening::kYes;
    auto opened = PostgresCatalog::open(address_, options);
    if (!opened.ok()) return opened.error();
    catalog_ = std::move(*opened);
  }
  // What was said to be healthy a wait ago need not be so: it is read before it is waited again.
  auto waited = catalog_->changes_wait(options_.look_again, wake_.fd());
  if (!waited.ok()) return waited.error();
  if (is_stopping_) return {};
  return read_changes();
}

Result<void> CatalogFeed::read_changes() {
  CatalogUpdate update;
  auto at = catalog_->load_changes({seen_, options_.own}, collect_items(update.items));
  if (!at.ok() && at.error().code == ErrorCode::kNotFound) {
    update = {.kind = CatalogUpdate::Kind::kWhole};
    at = catalog_->load(collect_items(update.items));
  }
  if (!at.ok()) return at.error();
  seen_ = *at;
  if (!update.items.empty() || update.kind == CatalogUpdate::Kind::kWhole)
    deliver_(std::move(update));
  return {};
}

void CatalogFeed::set_health(const Result<void>& state) {
  if (is_failing_.exchange(!state.ok()) == !state.ok()) return;
  if (health_changed_) health_changed_(state);
}

}  // namespace tyto::tracker
