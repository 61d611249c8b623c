#include "tracker/server/settings.h"

#include "io/log/log_settings.h"
#include "io/settings/settings.h"
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
  add_log(table, settings);
  add_process(table, settings);
  add_core_settings(table, settings.core);
}

Result<void> check_settings(const TrackerSettings& settings) {
  for (auto [name, text] : {std::pair("listen.rpc", &settings.listen_rpc),
                            std::pair("listen.http", &settings.listen_http)})
    if (auto parsed = io::HostPort::parse(*text); !parsed.ok())
      return {ErrorCode::kInvalidArgument, std::string(name) + ": " + parsed.error().message};
  if (auto parsed = CatalogLocation::parse(settings.catalog); !parsed.ok()) return parsed.error();
  return check_core_settings(settings.core);
}

}  // namespace tyto::tracker
