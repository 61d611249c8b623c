#include "peer/core/commands.h"

#include <algorithm>

#include "base/names.h"
#include "peer/core/assignments.h"
#include "peer/core/cache.h"
#include "peer/core/exchange.h"
#include "peer/core/opens.h"
#include "peer/core/session.h"
#include "peer/core/trackers.h"

namespace tyto::peer {
namespace {

void apply(Turn& turn, SetLimits limits) {
  turn.emit(LimitsSet{limits});
}
void apply(Turn& turn, Cancel cancel) {
  cancel_assignment(turn, cancel.assignment);
}
void apply(Turn& turn, Evict order) {
  evict(turn, order);
}
void apply(Turn& turn, Opened opened) {
  on_opened(turn, std::move(opened));
}
void apply(Turn& turn, OpenEnded ended) {
  on_open_ended(turn, std::move(ended));
}
void apply(Turn& turn, const ShowWait& order) {
  on_show_wait(turn, order);
}
void apply(Turn& turn, ListTrackers order) {
  if (order.trackers == nullptr) return complain(turn, "a list without trackers");
  list_trackers(turn.state.trackers, std::move(order.trackers));
  plan_going(turn.state, order.home, turn.now);
}
void apply(Turn& turn, Assign order) {
  assign(turn, std::move(order));
}

void apply(Turn& turn, Describe description) {
  if (!description.facts || !description.facts->chunking.is_valid()) {
    return complain(turn, "a description without a usable version");
  }
  VersionEntry* known = find_version(turn.state, description.facts->id);
  if (known && known->second.chunking != description.facts->chunking) {
    return complain(turn, "version " + description.facts->id.short_hex() +
                              " was described with other sizes than before");
  }
  if (!known && !has_room_for_version(turn.state)) {
    return break_session(turn, "more versions were described than can be kept");
  }
  add_version(turn.state, std::move(description.facts));
}

void apply(Turn& turn, Resolve resolve) {
  auto& pending = turn.state.resolves;
  if (pending.size() >= kResolvesMax) {
    Error error{ErrorCode::kOverloaded, "this peer is looking up too many names at once"};
    return report(turn, NameResolved{.resolve = resolve.resolve, .error = std::move(error)},
                  Urgency::kNow);
  }
  ResolveId ours(++turn.state.last_resolve);
  pending.push_back({ours, resolve.resolve});
  resolve.resolve = ours;
  turn.emit(ResolveName{std::move(resolve)});
}

}  // namespace

void apply_command(Turn& turn, Command command) {
  std::visit([&turn](auto&& order) { apply(turn, std::move(order)); }, std::move(command));
}

void on_resolve_done(Turn& turn, ResolveDone done) {
  auto& pending = turn.state.resolves;
  auto found = std::find_if(pending.begin(), pending.end(),
                            [&](const PendingResolve& p) { return p.ours == done.resolve; });
  if (found == pending.end()) return;  // of a session that is over
  NameResolved event{.resolve = found->theirs};
  pending.erase(found);
  event.facts = std::move(done.facts);
  event.error = std::move(done.error);
  event.error.message = printable(event.error.message, kErrorMessageBytesMax);
  report(turn, std::move(event), Urgency::kNow);
}

}  // namespace tyto::peer
