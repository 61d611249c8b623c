// GET /api/v1/explain: what the journal says of an object or a peer.
#pragma once

#include "base/result.h"
#include "base/time.h"
#include "io/http/http_server.h"
#include "tracker/core/tracker_core.h"
#include "tracker/server/api_json.h"

namespace tyto::tracker {

// What is asked for.
struct ExplainQuery {
  RecordFilter filter;
  std::size_t limit = kListLimitDefault;  // records in the answer: the newest
};
// Reads the parameters bucket, key, peer, chunk, since_ms (how far back) and limit.
// Errors: kInvalidArgument, naming the parameter.
Result<ExplainQuery> parse_explain(const io::HttpRequest& request, Instant now);

// The same moment on both clocks, by which records get their dates.
struct Moment {
  Instant now;
  WallTime wall;
};
// The answer: what the records selected say together, the newest of them, and how far back the
// journal goes. Cost: all that the journal keeps.
// Errors: kNotFound: no such peer; kInvalidArgument: the object has no such chunk.
Result<Json> explain_json(const TrackerCore& core, const ExplainQuery& query, const Moment& moment);

}  // namespace tyto::tracker
