#include "tracker/server/settings.h"

#include "io/log/log_settings.h"
#include "io/settings/settings.h"

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
  table.add(settings.catalog_path,
            {"catalog.path",
             "The SQLite file that keeps buckets, manifests and learned roots. Made if missing; "
             "its folder must exist."});
  table.add_bytes(settings.catalog_size_max,
                  {"catalog.size_max",
                   "The file grows to this size at most; then publishing is refused. 0: to what "
                   "the disk has."});
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

void add_policy(io::Settings& table, Config& core) {
  table.add(core.uploads_per_host,
            {"policy.uploads_per_host",
             "Uploads at once of a host whose peers name no limit, at most: how many it is given "
             "adapts to how fast they go."},
            {1, 1024, "uploads"});
  table.add(core.uploads_per_superpeer,
            {"policy.uploads_per_superpeer", "The same for a superpeer."}, {1, 65536, "uploads"});
  table.add(core.assignments_per_peer,
            {"policy.assignments_per_peer",
             "Chunks that a reader has under way or ahead. More hides round trips; fewer leave "
             "the tracker more choice."},
            {1, 64, "chunks"});
  table.add(core.origin_reads_per_superpeer,
            {"policy.origin_reads_per_superpeer",
             "Chunks that a superpeer reads from the origin at once. More loads the origin more."},
            {1, 1024, "chunks"});
  table.add(core.patience,
            {"policy.patience",
             "A source of a whole chunk that sends no byte for this long is replaced. Less "
             "recovers sooner, and gives up on slow sources more often."},
            {ms(50), seconds(600)});
  table.add(core.origin_patience, {"policy.origin_patience", "The same for the origin."},
            {ms(50), seconds(3600)});
  table.add(core.suspicion,
            {"policy.suspicion",
             "A source that stalled or was unreachable is left alone this long, or until it "
             "speaks."},
            {Duration(), seconds(3600)});
  table.add(
      core.quarantine,
      {"policy.quarantine", "A source that sent wrong bytes to several is left alone so long."},
      {Duration(), seconds(86400)});
  table.add(core.attempts_max,
            {"policy.attempts_max",
             "Attempts at one chunk by one reader, before its open ends with an error."},
            {1, 1000, "attempts"});
  table.add(core.origin_retry_min,
            {"policy.origin_retry_min",
             "Pause after a failed origin read; doubles with each failure up to "
             "policy.origin_retry_max."},
            {ms(1), seconds(600)});
  table.add(core.origin_retry_max, {"policy.origin_retry_max", "The longest such pause."},
            {ms(1), seconds(3600)});
  table.add(core.resolve_timeout,
            {"policy.resolve_timeout",
             "A look-up of a name at the origin without an answer is given to another peer."},
            {ms(100), seconds(600)});
  table.add(core.seed, {"policy.seed", "For what is drawn by lot. 0: a new one at each start."});
}

void add_sessions(io::Settings& table, Config& core) {
  table.add(core.session_grace,
            {"session.grace",
             "A session whose connection broke may be resumed for this long; then its transfers "
             "are given to others."},
            {Duration(), seconds(600)});
  table.add(core.silence_max,
            {"session.silence_max", "A connected peer that asks nothing for so long is dead."},
            {seconds(1), seconds(3600)});
  table.add(core.park,
            {"session.park",
             "An exchange without news is answered after this long. Longer costs fewer idle "
             "messages."},
            {ms(10), kParkMax});
  table.add(core.recovery,
            {"session.recovery",
             "After a restart, nothing is read from an origin before this has passed, so that "
             "the fleet can say what it holds."},
            {Duration(), seconds(600)});
  table.add(core.max_peers, {"limits.peers", "Registered peers; further ones are refused."},
            {1, 10'000'000, "peers"});
  table.add(core.max_versions, {"limits.versions", "Versions known; further opens are refused."},
            {1, 10'000'000, "versions"});
}

}  // namespace

void add_settings(io::Settings& table, TrackerSettings& settings) {
  add_doors(table, settings);
  add_catalog(table, settings);
  add_log(table, settings);
  add_process(table, settings);
  add_policy(table, settings.core);
  add_sessions(table, settings.core);
}

Result<void> check_settings(const TrackerSettings& settings) {
  for (auto [name, text] : {std::pair("listen.rpc", &settings.listen_rpc),
                            std::pair("listen.http", &settings.listen_http)})
    if (auto parsed = io::HostPort::parse(*text); !parsed.ok())
      return {ErrorCode::kInvalidArgument, std::string(name) + ": " + parsed.error().message};
  if (settings.catalog_path.empty())
    return {ErrorCode::kInvalidArgument, "catalog.path is empty: name the file to keep"};
  if (settings.core.origin_retry_min > settings.core.origin_retry_max)
    return {ErrorCode::kInvalidArgument,
            "policy.origin_retry_min is above policy.origin_retry_max: lower it, or raise the "
            "other"};
  return {};
}

}  // namespace tyto::tracker
