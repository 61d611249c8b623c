// What an operator can set of a tracker.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/time.h"
#include "io/log/log.h"
#include "io/loop/host_port.h"
#include "tracker/core/admission/admission.h"
#include "tracker/core/config.h"

namespace tyto::io {
class Settings;
}

namespace tyto::tracker {

// How a tracker comes to know the others of its cluster.
enum class ClusterMembership : uint8_t {
  kAuto,     // kList if there is one; else kCatalog if that is on PostgreSQL; else kAlone
  kAlone,    // there are no others
  kList,     // `cluster.members`
  kCatalog,  // rows with leases in the catalog
};

// The defaults are here; what each means stands in add_settings(), and in `tyto-tracker
// --print-config`.
struct TrackerSettings {
  std::string listen_rpc = "0.0.0.0:7400";
  std::string listen_http = "127.0.0.1:7401";
  uint32_t rpc_connections_max = 16384;
  uint32_t http_connections_max = 256;
  uint64_t http_body_bytes_max = 34 * kMiB;

  std::string catalog = "sqlite:tyto-tracker.sqlite";  // may hold a password: never to be shown
  Duration catalog_timeout = Duration::seconds(5);
  uint64_t catalog_size_max = 0;
  Duration catalog_write_behind = Duration::milliseconds(100);
  Duration catalog_keep_unnamed = Duration::seconds(7 * 24 * 3600);

  io::LogLevel log_level = io::LogLevel::kInfo;
  io::LogFormat log_format = io::LogFormat::kText;
  std::string log_file;
  Duration log_repeat_after = Duration::seconds(60);

  std::string cluster_id;  // empty: the advertised address
  ClusterMembership cluster_membership = ClusterMembership::kAuto;
  std::vector<std::string> cluster_members;
  std::string cluster_advertise;  // empty: listen.rpc
  std::string cluster_region;
  Duration cluster_debounce = Duration::milliseconds(300);
  Duration cluster_lease = Duration::seconds(6);

  AdmissionConfig limits{.registrations_per_s = 2000};

  Duration drain_deadline = Duration::seconds(5);
  std::string ready_file;

  Config core;
};

// Adds every setting to the table, bound to the members of `settings`.
// Ownership: borrows `settings`.
void add_settings(io::Settings& table, TrackerSettings& settings);

// `cluster.membership`, with what kAuto means there in its place.
ClusterMembership membership_of(const TrackerSettings& settings);

// What single bounds cannot say. Errors: kInvalidArgument, naming the settings and the remedy.
Result<void> check_settings(const TrackerSettings& settings);

}  // namespace tyto::tracker
