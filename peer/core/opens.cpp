#include "peer/core/opens.h"

#include <algorithm>

#include "base/names.h"
#include "peer/core/cache.h"
#include "peer/core/exchange.h"
#include "peer/core/partials.h"
#include "peer/core/session.h"
#include "peer/core/transfers.h"

namespace tyto::peer {
namespace {

using Opens = std::vector<Open>;

Opens::iterator find(CoreState& state, OpenId id) {
  return std::find_if(state.opens.begin(), state.opens.end(),
                      [id](const Open& open) { return open.request.open == id; });
}

std::string name_of(const Open& open) {
  return printable(open.request.bucket) + "/" + printable(open.request.key);
}

// What the handle wants, in chunks: [first, end).
struct Range {
  uint32_t first = 0;
  uint32_t end = 0;
};
Range wanted(const Open& open) {
  uint32_t size = open.version->second.held.size();
  if (open.request.mode == ReadMode::kWhole) return {0, size};
  uint32_t first = std::min(open.request.window_first, size);
  return {first, first + std::min(open.request.window_count, size - first)};
}

bool lacks_something(const Open& open) {
  return next_lacking(open, 0).has_value();
}

// The handle is gone: what only it kept here can go as well.
void after_close(Turn& turn, VersionEntry* version) {
  if (version == nullptr) return;
  settle_evictions(turn, *version);
  const CoreState& state = turn.state;
  if (state.policy.role != Role::kPeer) return;
  bool is_read = std::any_of(state.opens.begin(), state.opens.end(),
                             [&](const Open& open) { return open.version == version; });
  if (is_read) return;
  cancel_transfers_of(turn, *version, "nobody here reads it any more");
  drop_partials(turn, version->first, 0, kChunksMax);
}

enum class Tell : uint8_t { kTracker, kNobody };

void fail(Turn& turn, Opens::iterator at, Error error, Tell tell) {
  Open open = std::move(*at);
  turn.state.opens.erase(at);
  turn.emit(OpenFailed{open.request.open, std::move(error)});
  if (tell == Tell::kTracker) report(turn, OpenClosed{open.request.open}, Urgency::kNow);
  after_close(turn, open.version);
}

template <class Which>
void fail_where(Turn& turn, const Error& error, Which which) {
  auto& opens = turn.state.opens;
  for (std::size_t i = 0; i < opens.size();) {
    auto at = opens.begin() + static_cast<std::ptrdiff_t>(i);
    if (which(*at))
      fail(turn, at, error, Tell::kTracker);
    else
      ++i;
  }
}

Error timed_out(const CoreState& state, const Open& open) {
  const Session& session = state.session;
  if (open.version != nullptr) {
    return {ErrorCode::kTimedOut,
            name_of(open) + ": no source sent anything for " +
                std::to_string(state.policy.stuck_timeout.s()) +
                " s; see the tracker's page of transfers, and whether its origin answers"};
  }
  std::string waited = std::to_string(state.policy.open_timeout.s()) + " s";
  if (is_connected(state)) {
    return {ErrorCode::kTimedOut, name_of(open) + ": the tracker gave no answer within " + waited +
                                      "; see its log, and whether the bucket's origin answers"};
  }
  std::string why = session.last_error.message.empty() ? "no answer" : session.last_error.message;
  return {ErrorCode::kUnavailable, name_of(open) + ": no tracker could be reached for " + waited +
                                       " (" + printable(why, 400) +
                                       "); check its address and that it runs"};
}

// What no tracker could make sense of: sent, it would end the session for all that is open here.
std::optional<Error> fault_of(const OpenRequested& request) {
  if (auto good = check_bucket_name(request.bucket); !good.ok()) return good.error();
  if (auto good = check_key(request.key); !good.ok()) return good.error();
  if (request.pinned && request.pinned->digest.is_zero())
    return Error{ErrorCode::kInvalidArgument, "a version of zeros only names no content"};
  return std::nullopt;
}

// When something last came from the origin at which a chunk of this version waits for its turn;
// nothing if none does.
std::optional<Instant> line_moved(const CoreState& state, const VersionEntry& version) {
  bool is_in_line =
      std::any_of(state.transfers.begin(), state.transfers.end(), [&](const Transfer& t) {
        return t.version == &version && t.source.kind == SourceKind::kOrigin;
      });
  if (!is_in_line) return std::nullopt;
  for (const OriginMoved& origin : state.origins)
    if (origin.bucket == version.second.facts->bucket) return origin.at;
  return std::nullopt;
}

// From when on the handle's patience counts anew, if it does.
std::optional<Instant> patience_renewed(const Turn& turn, const Open& open) {
  if (open.version == nullptr) return std::nullopt;
  if (!lacks_something(open)) return turn.now;
  return line_moved(turn.state, *open.version);
}

}  // namespace

void on_open_asked(Turn& turn, OpenRequested request) {
  CoreState& state = turn.state;
  if (auto fault = fault_of(request)) return turn.emit(OpenFailed{request.open, *fault});
  if (state.leave.is_asked) {
    return turn.emit(
        OpenFailed{request.open, {ErrorCode::kCancelled, "this peer is shutting down"}});
  }
  if (state.opens.size() >= kOpensMax) {
    return turn.emit(OpenFailed{
        request.open,
        {ErrorCode::kOverloaded, "too many objects are open here at once (" +
                                     std::to_string(kOpensMax) + "); close some first"}});
  }
  if (find(state, request.open) != state.opens.end()) return;
  state.opens.push_back({.request = request,
                         .asked = turn.now,
                         .patience_ends = turn.now + state.policy.open_timeout});
  report(turn, std::move(request), Urgency::kNow);
}

void on_window_asked(Turn& turn, WindowAsked asked) {
  auto open = find(turn.state, asked.open);
  if (open == turn.state.opens.end() || open->request.mode != ReadMode::kStream) return;
  OpenRequested& request = open->request;
  if (request.window_first == asked.first && request.window_count == asked.count) return;
  request.window_first = asked.first;
  request.window_count = asked.count;
  report(turn, WindowMoved{asked.open, asked.first, asked.count}, Urgency::kSoon);
  if (open->version == nullptr) return;
  open->patience_ends = turn.now + turn.state.policy.stuck_timeout;
  settle_evictions(turn, *open->version);
}

void on_close_asked(Turn& turn, OpenId id) {
  auto open = find(turn.state, id);
  if (open == turn.state.opens.end()) return;
  VersionEntry* version = open->version;
  turn.state.opens.erase(open);
  report(turn, OpenClosed{id}, Urgency::kSoon);  // with the last results, or with the next open
  after_close(turn, version);
}

void on_opened(Turn& turn, Opened opened) {
  CoreState& state = turn.state;
  auto open = find(state, opened.open);
  if (open == state.opens.end()) return;  // closed meanwhile
  VersionEntry* version = find_version(state, opened.version);
  if (open->version != nullptr && version != open->version) {
    if (!lacks_something(*open)) return;  // it has all that it will ever need
    return fail(turn, open,
                {ErrorCode::kConflict, name_of(*open) + " is another version now than the one "
                                                        "being read; open it again"},
                Tell::kTracker);
  }
  if (version == nullptr || !version->second.facts) {
    complain(turn, "a handle was opened on a version that was never described");
    return fail(turn, open,
                {ErrorCode::kInternal, name_of(*open) + ": the tracker did not say what it is; "
                                                        "please report this"},
                Tell::kTracker);
  }
  version->second.placement = opened.placement;
  const VersionFactsRef& facts = version->second.facts;
  if (!opened.ticket.text.empty()) {
    turn.emit(TicketRenewed{facts->bucket, std::move(opened.ticket)});
  }
  if (open->version != nullptr) return;
  open->version = version;
  open->patience_ends = turn.now + state.policy.stuck_timeout;
  turn.emit(OpenSucceeded{opened.open, facts, medium_of(opened.placement)});
}

void on_open_ended(Turn& turn, OpenEnded ended) {
  auto open = find(turn.state, ended.open);
  if (open == turn.state.opens.end()) return;
  if (open->version != nullptr && open->request.mode == ReadMode::kWhole &&
      !lacks_something(*open)) {
    return;  // all is here: nothing that the tracker says can keep it from its end
  }
  fail(turn, open, std::move(ended.error), Tell::kNobody);
}

void on_show_wait(Turn& turn, const ShowWait& told) {
  auto open = find(turn.state, told.open);
  if (open == turn.state.opens.end() || open->version == nullptr) return;
  // The turn at an origin or a limit comes. Who waits for a source or for room may wait for
  // somebody that does not come back.
  WaitsFor what = told.wait.what;
  bool is_coming = what == WaitsFor::kOriginBudget || what == WaitsFor::kBandwidthLimit ||
                   what == WaitsFor::kLease;
  if (is_coming) open->patience_ends = turn.now + turn.state.policy.stuck_timeout;
  turn.emit(OpenWaits{told.open, told.wait});
}

void report_opens_again(Turn& turn) {
  for (const Open& open : turn.state.opens) {
    OpenRequested again = open.request;
    if (open.version != nullptr) again.pinned = open.version->first;
    if (again.deadline > Duration()) {
      Duration rest = again.deadline - (turn.now - open.asked);
      again.deadline = std::max(rest, Duration::nanoseconds(1));
    }
    report(turn, std::move(again), Urgency::kNow);
  }
}

void check_opens(Turn& turn) {
  auto& opens = turn.state.opens;
  for (std::size_t i = 0; i < opens.size();) {
    Open& open = opens[i];
    if (open.patience_ends <= turn.now) {
      if (auto since = patience_renewed(turn, open))
        open.patience_ends = *since + turn.state.policy.stuck_timeout;
    }
    if (open.patience_ends > turn.now) {
      ++i;
    } else {
      fail(turn, opens.begin() + static_cast<std::ptrdiff_t>(i), timed_out(turn.state, open),
           Tell::kTracker);
    }
  }
}

Instant opens_deadline(const CoreState& state) {
  Instant at = Instant::never();
  for (const Open& open : state.opens) {
    if (open.patience_ends >= at) continue;
    if (open.version == nullptr || lacks_something(open)) at = open.patience_ends;
  }
  return at;
}

void prolong_patience(Turn& turn, const VersionEntry& version) {
  bool is_alone = !is_connected(turn.state);  // then all share few transfers: one helps all
  for (Open& open : turn.state.opens) {
    if (open.version == nullptr || (open.version != &version && !is_alone)) continue;
    open.patience_ends = turn.now + turn.state.policy.stuck_timeout;
  }
}

void origin_moved(Turn& turn, BucketId bucket) {
  std::vector<OriginMoved>& origins = turn.state.origins;
  std::erase_if(origins, [&](const OriginMoved& origin) { return origin.bucket == bucket; });
  if (origins.size() >= kOriginsKept) origins.erase(origins.begin());
  origins.push_back({bucket, turn.now});
}

bool wants(const Open& open, ChunkIndex chunk) {
  Range range = wanted(open);
  return chunk.value() >= range.first && chunk.value() < range.end;
}

std::optional<ChunkIndex> next_lacking(const Open& open, uint32_t from) {
  if (open.version == nullptr) return std::nullopt;
  Range range = wanted(open);
  uint32_t next = open.version->second.held.next_unset(std::max(from, range.first));
  if (next >= range.end) return std::nullopt;
  return ChunkIndex(next);
}

bool anyone_waits(const CoreState& state) {
  return std::any_of(state.opens.begin(), state.opens.end(), [](const Open& open) {
    return open.version == nullptr || lacks_something(open);
  });
}

bool is_in_use(const CoreState& state, const VersionEntry& version, ChunkIndex chunk) {
  return std::any_of(state.opens.begin(), state.opens.end(), [&](const Open& open) {
    return open.version == &version && wants(open, chunk);
  });
}

void fail_opens_lacking(Turn& turn, const VersionEntry& version, ChunkIndex chunk, Error error) {
  if (is_held(version.second, chunk)) return;
  fail_where(turn, error,
             [&](const Open& open) { return open.version == &version && wants(open, chunk); });
}

void fail_unanswered_opens(Turn& turn, const Error& error) {
  fail_where(turn, error, [](const Open& open) { return open.version == nullptr; });
}

void end_all_opens(Turn& turn, const Error& error) {
  fail_where(turn, error, [](const Open&) { return true; });
}

}  // namespace tyto::peer
