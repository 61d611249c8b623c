#include "tracker/server/settings.h"

#include "io/log/log_settings.h"
#include "io/settings/settings.h"
#include "schema/messages/cluster_limits.h"
#include "tracker/catalog/catalog_location.h"
#include "tracker/settings/core_settings.h"

namespace tyto::tracker {

namespace {

constexpr Duration ms(int64_t n) {
  return Duration::milliseconds(n);
}
constexpr Duration seconds(int64_t n) {
  return Duration::seconds(n);
}

void add_doors(io::Settings& table, TrackerSettings& settings) {
  table.add(settings.listen_rpc,
            {"listen.rpc", "Where peers reach this tracker: host:port. Port 0 takes a free one."});
  table.add(settings.listen_http,
            {"listen.http",
             "Where /healthz, /readyz, /metrics and the JSON API are served: host:port. There is "
             "no authorisation yet: keep it on loopback or a trusted network."});
  table.add(settings.rpc_connections_max,
            {"rpc.connections_max",
             "Connections of peers at once; further ones are closed. Each costs about 12 KiB, "
             "and an open file."},
            {1, 1'000'000, "connections"});
  table.add(settings.http_connections_max,
            {"http.connections_max", "HTTP connections at once; further ones are answered 503."},
            {1, 65536, "connections"});
  table.add_bytes(settings.http_body_bytes_max,
                  {"http.body_max",
                   "The largest request body, which is a torrent of 32 bytes a chunk. Each "
                   "publishing request may take this much memory."},
                  {64 * kKiB, 1 * kGiB});
}

void add_catalog(io::Settings& table, TrackerSettings& settings) {
  table.add(
      settings.catalog,
      {"catalog.location",
       "What keeps buckets, manifests and learned roots: sqlite:PATH, a file, for one tracker "
       "(made if missing; its folder must exist), or postgres://USER@HOST:PORT/DATABASE, for "
       "several. A password is better kept in PGPASSWORD or ~/.pgpass. The flag is --catalog."});
  table.add(settings.catalog_timeout,
            {"catalog.timeout",
             "How long a PostgreSQL server may take to be connected to, and over one answer; then "
             "publishing is refused until it answers again. Longer bears with a slower one."},
            {ms(100), seconds(60)});
  table.add_bytes(settings.catalog_size_max,
                  {"catalog.size_max",
                   "A catalog's file grows to this size at most; then publishing is refused. 0: to "
                   "what the disk has."});
  table.add(settings.catalog_write_behind,
            {"catalog.write_behind",
             "How long learned facts are collected before they are written. Longer means fewer "
             "writes, and more to learn again after a crash."},
            {ms(1), seconds(60)});
  table.add(settings.catalog_keep_unnamed,
            {"catalog.keep_unnamed",
             "Versions found at an origin that no name stands for any more are forgotten at a "
             "start, once they are this old."},
            {Duration(), seconds(10 * 366 * 86400LL)});
}

void add_cluster(io::Settings& table, TrackerSettings& settings) {
  table.add_choice(
      settings.cluster_membership,
      {"cluster.membership",
       "How this tracker finds the others of its cluster. \"list\": cluster.members names them. "
       "\"catalog\": they share one on PostgreSQL, where each keeps a row. \"alone\": there are "
       "none. \"auto\": by the list if there is one; else by the catalog if that is on PostgreSQL; "
       "else it is alone."},
      {{"auto", ClusterMembership::kAuto},
       {"list", ClusterMembership::kList},
       {"catalog", ClusterMembership::kCatalog},
       {"alone", ClusterMembership::kAlone}});
  table.add(
      settings.cluster_members,
      {"cluster.members",
       "Where the trackers of the cluster reach one another: host:port of each one's RPC port. "
       "The list may be the same for all, this tracker's own address among them."});
  table.add(settings.cluster_id,
            {"cluster.id",
             "This tracker's name in the cluster, the same in each of its runs and no other's. "
             "Empty: the address that it advertises."});
  table.add(settings.cluster_advertise,
            {"cluster.advertise",
             "host:port at which peers and other trackers reach this one. Empty: listen.rpc, whose "
             "host must then be an address of this machine, and not all of them."});
  table.add(settings.cluster_region,
            {"cluster.region",
             "The region that this tracker stands in, as peers name it in their locations. Peers "
             "go to a tracker of their own region where there is one."});
  table.add(settings.cluster_debounce,
            {"cluster.debounce",
             "How long a tracker must be linked, or gone, before it counts as a member or not: "
             "then chunks and peers change their trackers. Shorter notices sooner, longer bears "
             "more with a bad network."},
            {ms(0), seconds(60)});
  table.add(
      settings.cluster_lease,
      {"cluster.lease",
       "With the catalog's membership: how long a tracker's row counts that it does not renew "
       "any more; it renews it three times as often. Longer bears more with a slow catalog, "
       "and keeps the address of a dead tracker longer."},
      {seconds(1), seconds(300)});
}

void add_limits(io::Settings& table, TrackerSettings& settings) {
  table.add(
      settings.limits.exchanges_per_s,
      {"limits.exchanges_per_s",
       "Exchanges with peers a second. Beyond, peers are told to come back later: first those "
       "that prefetch, then idle ones, new readers, and readers of large chunks. 0: no limit."},
      {0, 10'000'000, "exchanges a second"});
  table.add(settings.limits.registrations_per_s,
            {"limits.registrations_per_s",
             "Peers that may register a second; the others are told when to come back. It keeps a "
             "tracker that was restarted from being overrun. 0: no limit."},
            {0, 10'000'000, "registrations a second"});
  table.add(
      settings.limits.lag_max,
      {"limits.lag_max",
       "How late the tracker may be with what is due before it refuses prefetches; twice that: "
       "new readers, too; four and eight times: what is under way. 0: it does not matter."},
      {Duration(), seconds(60)});
}

void add_log(io::Settings& table, TrackerSettings& settings) {
  io::add_log_settings(table, settings.log_level, settings.log_format, settings.log_file);
  table.add(settings.log_repeat_after,
            {"log.repeat_after",
             "What a peer or client can provoke at will is logged at once, and then at most once "
             "in this time per cause, with a count of what was left out."},
            {Duration(), seconds(86400)});
}

void add_process(io::Settings& table, TrackerSettings& settings) {
  table.add(settings.drain_deadline,
            {"drain.deadline",
             "After SIGTERM or SIGINT: how long answers and the catalog may take before the exit."},
            {ms(100), seconds(300)});
  table.add(settings.ready_file,
            {"ready_file",
             "Written, in one piece, once the tracker listens: {\"rpc\", \"http\", \"pid\"}. "
             "Empty: none."});
}

}  // namespace

void add_settings(io::Settings& table, TrackerSettings& settings) {
  add_doors(table, settings);
  add_catalog(table, settings);
  add_cluster(table, settings);
  add_limits(table, settings);
  add_log(table, settings);
  add_process(table, settings);
  add_core_settings(table, settings.core);
}

namespace {

Error wrong(const std::string& what) {
  return {ErrorCode::kInvalidArgument, what};
}

Result<void> check_member_list(const TrackerSettings& settings) {
  for (const std::string& member : settings.cluster_members) {
    auto parsed = io::HostPort::parse(member);
    if (!parsed.ok()) return wrong("cluster.members: " + parsed.error().message);
    if (parsed->port == 0)
      return wrong("cluster.members: '" + member + "' has no port: name each tracker's RPC port");
  }
  if (settings.cluster_members.size() > kClusterMembersMax)
    return wrong("cluster.members names " + std::to_string(settings.cluster_members.size()) +
                 " trackers; at most " + std::to_string(kClusterMembersMax) + " make a cluster");
  return {};
}

Result<void> check_membership(const TrackerSettings& settings) {
  const ClusterMembership membership = membership_of(settings);
  const bool is_listed = !settings.cluster_members.empty();
  if (membership == ClusterMembership::kList && !is_listed)
    return wrong(
        "cluster.membership is \"list\", but cluster.members names no tracker: name them all, or "
        "leave cluster.membership out");
  if (membership != ClusterMembership::kList && is_listed)
    return wrong(
        "cluster.members names trackers, but cluster.membership says that they are not to be "
        "found by a list: leave out one of the two");
  if (membership == ClusterMembership::kCatalog && !is_on_postgres(settings.catalog))
    return wrong(
        "cluster.membership is \"catalog\", which needs a catalog that trackers share: set "
        "--catalog to postgres://USER@HOST:PORT/DATABASE, or name the trackers in cluster.members");
  return {};
}

Result<void> check_advertised(const TrackerSettings& settings) {
  const bool is_advertised = !settings.cluster_advertise.empty();
  auto where =
      io::HostPort::parse(is_advertised ? settings.cluster_advertise : settings.listen_rpc);
  if (!where.ok()) return wrong("cluster.advertise: " + where.error().message);
  const bool is_anywhere = where->host == "0.0.0.0" || where->host == "::";
  if (is_advertised && (is_anywhere || where->port == 0))
    return wrong("cluster.advertise is '" + settings.cluster_advertise +
                 "', which nobody can connect to: give a host or an address, and a port");
  const ClusterMembership membership = membership_of(settings);
  if (membership == ClusterMembership::kAlone || !is_anywhere) return {};
  const bool is_chosen = settings.cluster_membership != ClusterMembership::kAuto;
  return wrong("listen.rpc is '" + settings.listen_rpc +
               "', which other trackers can't connect to: set cluster.advertise to the host:port "
               "at which they reach this one" +
               (membership == ClusterMembership::kCatalog && !is_chosen
                    ? ". Those that share this catalog find one another in it; if there are no "
                      "others, set cluster.membership to \"alone\""
                    : ""));
}

Result<void> check_cluster(const TrackerSettings& settings) {
  if (auto checked = check_member_list(settings); !checked.ok()) return checked;
  if (auto checked = check_membership(settings); !checked.ok()) return checked;
  if (settings.cluster_id.size() > kClusterNameBytesMax)
    return wrong("cluster.id is longer than 255 bytes");
  if (settings.cluster_region.size() > kClusterRegionBytesMax)
    return wrong("cluster.region is longer than 63 bytes");
  return check_advertised(settings);
}

}  // namespace

ClusterMembership membership_of(const TrackerSettings& settings) {
  if (settings.cluster_membership != ClusterMembership::kAuto) return settings.cluster_membership;
  if (!settings.cluster_members.empty()) return ClusterMembership::kList;
  return is_on_postgres(settings.catalog) ? ClusterMembership::kCatalog : ClusterMembership::kAlone;
}

Result<void> check_settings(const TrackerSettings& settings) {
  for (auto [name, text] : {std::pair("listen.rpc", &settings.listen_rpc),
                            std::pair("listen.http", &settings.listen_http)})
    if (auto parsed = io::HostPort::parse(*text); !parsed.ok())
      return {ErrorCode::kInvalidArgument, std::string(name) + ": " + parsed.error().message};
  if (auto parsed = CatalogLocation::parse(settings.catalog); !parsed.ok()) return parsed.error();
  if (auto checked = check_cluster(settings); !checked.ok()) return checked.error();
  return check_core_settings(settings.core);
}

}  // namespace tyto::tracker
