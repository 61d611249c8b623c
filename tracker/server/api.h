// The HTTP API: JSON under /api/v1, for tools, dashboards and people. docs/tracker.md specifies it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "tracker/catalog/catalog.h"
#include "tracker/core/admission/admission.h"
#include "tracker/core/tracker_core.h"
#include "tracker/server/cluster/link_picture.h"
#include "tracker/server/object_directory.h"

namespace tyto::io {
class HttpServer;
}

namespace tyto::tracker {

inline constexpr std::size_t kListLimitDefault = 100;
inline constexpr std::size_t kListLimitMax = 1000;

// What GET /api/v1/cluster says besides the core's counters.
struct ClusterPicture {
  TrackerEpoch epoch;
  std::string version;      // of the program
  std::string rpc_address;  // as bound
  Duration uptime;
  bool is_ready = false;
  bool is_draining = false;
  std::size_t connections = 0;
  std::size_t peers = 0;  // connected, by role
  std::size_t superpeers = 0;
  bool is_catalog_failing = false;
  std::size_t catalog_queue = 0;
  std::optional<LinksPicture> links;  // nothing: this tracker is the only one
  std::array<uint64_t, kExchangeClasses> exchanges_refused{};
  uint64_t registrations_refused = 0;
  Duration lag;  // of the loop
};

// Answers the API's requests out of the core and the directory; changes go through the catalog
// first, and are answered after their commit.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows what is handed in; is destroyed after the server that it added routes to.
// Errors:    every error is {"error": {"code", "message"}} with the HTTP status of its code.
class Api {
 public:
  struct Hooks {
    // Writes a change and calls back on the loop after its commit; see CatalogWriter::submit().
    std::function<void(Change change, std::function<void(Result<ChangeDone>)> answer)> submit;
    std::function<void(Input input)> apply;
    // Look into the catalog and call back on the loop; see Catalog.
    std::function<void(std::string bucket, uint32_t version,
                       std::function<void(Result<PolicyRevision>)> answer)>
        find_policy;
    std::function<void(PolicyHistoryQuery query,
                       std::function<void(Result<std::vector<PolicyHead>>)> answer)>
        list_policies;
    std::function<ClusterPicture()> cluster;
    std::function<Instant()> now;
  };
  Api(const TrackerCore& core, ObjectDirectory& directory, Hooks hooks);
  ~Api();
  Api(const Api&) = delete;
  Api& operator=(const Api&) = delete;

  void add_routes(io::HttpServer& server);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::tracker
