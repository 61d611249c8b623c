#include "tracker/settings/core_settings.h"

#include "base/limits.h"
#include "settings/table.h"

namespace tyto::tracker {
namespace {

constexpr Duration ms(int64_t n) {
  return Duration::milliseconds(n);
}
constexpr Duration seconds(int64_t n) {
  return Duration::seconds(n);
}

void add_policy(settings::Table& table, Config& core) {
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

void add_sessions(settings::Table& table, Config& core) {
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

void add_explain(settings::Table& table, Config& core) {
  table.add(core.explain.records,
            {"explain.records",
             "Decisions and results kept for `tyto explain`, over the oldest; half of them for "
             "assignments and deliveries, half for all else. Each takes 104 bytes. 0: none."},
            {0, 16'777'216, "records"});
  table.add(core.explain.details,
            {"explain.details",
             "Of these, how many are kept in full, with candidates or messages; half of them "
             "failures. Each takes 440 bytes and its text."},
            {0, 1'048'576, "records"});
  table.add(core.explain.detail_rate,
            {"explain.detail_rate",
             "Assignments kept in full a second; beyond these, one in 256. Failures always are."},
            {0, 1'000'000, "records a second"});
}

}  // namespace

void add_core_settings(settings::Table& table, Config& core) {
  add_policy(table, core);
  add_sessions(table, core);
  add_explain(table, core);
}

Result<void> check_core_settings(const Config& core) {
  if (core.origin_retry_min > core.origin_retry_max)
    return {ErrorCode::kInvalidArgument,
            "policy.origin_retry_min is above policy.origin_retry_max: lower it, or raise the "
            "other"};
  return {};
}

}  // namespace tyto::tracker
