// What the peers of a random fleet do with the orders they are given.
#include <array>

#include "tests/tracker/core/whole/random_fleet.h"

namespace tyto::tracker {
namespace {

constexpr std::array kFailures = {
    FailureKind::kUnreachable, FailureKind::kStalled,   FailureKind::kCorrupt,
    FailureKind::kLacking,     FailureKind::kBusy,      FailureKind::kRefused,
    FailureKind::kNoSpace,     FailureKind::kCancelled, FailureKind::kInternal};
constexpr std::array kOriginFailures = {FailureKind::kOriginFailed, FailureKind::kOriginFailed,
                                        FailureKind::kOriginChanged, FailureKind::kOriginMissing,
                                        FailureKind::kCancelled};

constexpr int kCalmRounds = 6000;
constexpr Duration kRound = Duration::milliseconds(100);

}  // namespace

Medium RandomFleet::store(Host& host, const Assign& order) {
  Copy copy{order.chunk.version, order.chunk.index.value()};
  bool is_new = host.store.insert(copy).second;
  if (is_new && order.placement == Placement::kMemory) host.in_memory.insert(copy);
  return host.in_memory.contains(copy) ? Medium::kMemory : Medium::kDisk;
}

void RandomFleet::forget(Host& host, const Copy& copy) {
  host.store.erase(copy);
  host.in_memory.erase(copy);
  host.unbooked.erase(copy);
}

void RandomFleet::finish(Host& host, std::size_t at) {
  auto& assigns = peer(host).assigns;
  if (assigns.empty() || !host.is_up) return;
  at = std::min(at, assigns.size() - 1);
  Assign order = assigns[at];
  assigns.erase(assigns.begin() + static_cast<std::ptrdiff_t>(at));
  ChunkVerified brought = t_.verified(order);
  brought.medium = store(host, order);
  watch_.progressed(order);
  watch_.read_well(order);
  t_.send(host.name, {brought});
  settle();
  check_store(host);
}

void RandomFleet::progress(Host& host) {
  auto& assigns = peer(host).assigns;
  if (assigns.empty() || !host.is_up) return;
  const Assign& order = assigns[rng_.below(static_cast<uint32_t>(assigns.size()))];
  watch_.progressed(order);
  t_.send(host.name, {ChunkProgressed{order.assignment, static_cast<uint8_t>(1 + rng_.below(3))}});
}

void RandomFleet::fail(Host& host) {
  auto& assigns = peer(host).assigns;
  if (assigns.empty() || !host.is_up) return;
  const Assign order = assigns.front();
  bool is_origin = order.source.kind == SourceKind::kOrigin;
  FailureKind kind = is_origin ? kOriginFailures[rng_.below(kOriginFailures.size())]
                               : kFailures[rng_.below(kFailures.size())];
  // A source that is said to lack the chunk has lost it.
  for (Host& source : hosts_) {
    if (kind != FailureKind::kLacking || t_.request(source.name, "").peer != order.source.peer)
      continue;
    forget(source, {order.chunk.version, order.chunk.index.value()});
  }
  t_.fail_one(host.name, kind);
}

void RandomFleet::go_on(Host& host) {
  if (!host.is_up) return;
  for (Assign& order : peer(host).assigns) {
    if (order.fallbacks.empty()) continue;
    SourceFailed event{order.assignment, order.chunk, order.source, FailureKind::kStalled, 0};
    order.source = order.fallbacks.front();
    order.fallbacks.erase(order.fallbacks.begin());
    watch_.moved_on(order);
    return t_.send(host.name, {event});
  }
}

// A result, or progress, of a lease that went to another: it ends nothing, and extends nothing.
void RandomFleet::tell_late(Host& host) {
  if (host.lost.empty() || !host.is_up) return;
  Assign order = host.lost.back();
  host.lost.pop_back();
  ++late_results_;
  std::set<uint64_t> before = watch_.under_way();
  EXPECT_FALSE(before.contains(order.assignment.n));
  ChunkVerified brought = t_.verified(order);
  switch (rng_.below(3)) {
    case 0: t_.send(host.name, {ChunkProgressed{order.assignment, 2}}); break;
    case 1:
      t_.send(host.name, {AssignmentFailed{order.assignment, order.chunk, order.source,
                                           FailureKind::kOriginFailed, 0, "late"}});
      break;
    default:
      bool is_memory = order.placement == Placement::kMemory;
      std::size_t there =
          is_memory ? host.in_memory.size() : host.store.size() - host.in_memory.size();
      brought.stored = there < (is_memory ? host.memory_room : host.room);
      Copy copy{order.chunk.version, order.chunk.index.value()};
      if (brought.stored && !host.store.contains(copy)) host.unbooked.insert(copy);
      if (brought.stored) brought.medium = store(host, order);
      watch_.read_well(order);
      t_.send(host.name, {brought});
  }
  std::set<uint64_t> after = watch_.under_way();
  for (uint64_t n : before) EXPECT_TRUE(after.contains(n)) << "a late result ended a transfer";
}

void RandomFleet::drop(Host& host) {
  if (!host.is_up) return;
  std::vector<Event> events;
  for (const Evict& order : host.evictions) {
    events.push_back(ChunksDropped{order.version, order.first, order.count});
    for (uint32_t c = order.first; c < order.first + order.count; ++c) {
      forget(host, {order.version, c});
    }
  }
  host.evictions.clear();
  if (!events.empty()) t_.send(host.name, events);
}

void RandomFleet::resolve(Host& host) {
  if (!host.is_up || host.look_ups.empty()) return;
  Resolve asked = host.look_ups.front();
  host.look_ups.erase(host.look_ups.begin());
  bool fails = !is_calm_ && rng_.one_in(1, 5);
  NameResolved answer{asked.resolve, std::nullopt, {ErrorCode::kUnavailable, "by lot"}};
  if (!fails) answer.facts = TrackerDriver::facts(asked.key, chunks_of(asked.key));
  t_.send(host.name, {answer});
}

bool RandomFleet::is_read_out(const Host& host, const Handle& handle) const {
  if (!handle.version) return false;
  for (uint32_t c = handle.first; c < chunks_of(handle.key); ++c) {
    if (handle.is_stream && c >= handle.first + handle.count) return false;
    if (!host.store.contains({*handle.version, c})) return false;
  }
  return true;
}

// Streams move on over what they have.
void RandomFleet::close_finished(Host& host) {
  std::vector<Event> events;
  for (auto it = host.handles.begin(); it != host.handles.end();) {
    Handle& handle = it->second;
    if (is_read_out(host, handle) || handle.is_ended) {
      if (!handle.is_ended) events.push_back(OpenClosed{it->first});
      it = host.handles.erase(it);
      continue;
    }
    bool has_first =
        handle.is_stream && handle.version && host.store.contains({*handle.version, handle.first});
    if (has_first) events.push_back(WindowMoved{it->first, ++handle.first, handle.count});
    ++it;
  }
  if (!events.empty()) t_.send(host.name, events);
}

// Nobody is left without a call that orders can come by.
void RandomFleet::park_all() {
  for (bool is_done = false; !is_done;) {
    is_done = true;
    for (Host& host : hosts_) {
      if (!host.is_up || peer(host).calls_open > 0) continue;
      if (!peer(host).keeps_parked) {
        ADD_FAILURE() << host.name << " was shut out: " << t_.refused.rbegin()->second.message;
        return;
      }
      t_.send(host.name);
      is_done = false;
    }
  }
}

void RandomFleet::settle() {
  park_all();
  for (Host& host : hosts_) take_commands(host);
  watch_.check();
}

void RandomFleet::take_commands(Host& host) {
  if (!host.is_up) return;
  TrackerDriver::Peer& row = peer(host);
  for (; host.seen < row.commands.size(); ++host.seen) {
    const Command& command = row.commands[host.seen];
    if (const auto* assign = std::get_if<Assign>(&command)) {
      watch_.ordered(host.name, *assign);
      EXPECT_TRUE(assign->placement == Placement::kDisk || host.memory_room > 0)
          << host.name << " lends no memory";
    } else if (const auto* evict = std::get_if<Evict>(&command)) {
      watch_.ordered(*evict);
      host.evictions.push_back(*evict);
    } else if (const auto* look_up = std::get_if<Resolve>(&command)) {
      host.look_ups.push_back(*look_up);
    } else if (const auto* opened = std::get_if<Opened>(&command)) {
      auto it = host.handles.find(opened->open);
      if (it != host.handles.end()) it->second.version = opened->version;
    } else if (const auto* ended = std::get_if<OpenEnded>(&command)) {
      auto it = host.handles.find(ended->open);
      if (it != host.handles.end()) it->second.is_ended = true;
    } else if (const auto* cancel = std::get_if<Cancel>(&command)) {
      auto given = std::find_if(row.assigns.begin(), row.assigns.end(), [&](const Assign& order) {
        return order.assignment == cancel->assignment;
      });
      if (given == row.assigns.end()) continue;
      host.lost.push_back(*given);
      row.assigns.erase(given);
    }
  }
}

// What was booked fits into the store and into memory, and into each bucket's part of either.
void RandomFleet::check_store(const Host& host) {
  if (host.was_known) return;
  for (Medium medium : {Medium::kDisk, Medium::kMemory}) {
    bool is_memory = medium == Medium::kMemory;
    std::map<std::string, uint64_t> chunks;
    for (const Copy& copy : host.store) {
      if (host.unbooked.contains(copy) || host.in_memory.contains(copy) != is_memory) continue;
      ++chunks[std::string(1, static_cast<char>(copy.first.digest.bytes[0]))];
    }
    uint64_t all = 0;
    for (const auto& [bucket, count] : chunks) {
      uint64_t quota = quotas_.at(bucket);
      EXPECT_TRUE(quota == 0 || count * kChunkBytesMin <= quota)
          << host.name << " keeps " << count << " chunks of bucket " << bucket;
      all += count;
    }
    EXPECT_LE(all, is_memory ? host.memory_room : host.room)
        << host.name << " was sent more than it lends";
  }
}

void RandomFleet::calm_down() {
  is_calm_ = true;
  for (const auto& [bucket, policy] : std::map(policies_)) change_policy(bucket);
  while (!pinned_.empty()) unpin();
  for (Host& host : hosts_)
    if (!host.is_up) join(host);
  settle();
  auto is_busy = [](const Host& host) { return !host.handles.empty(); };
  for (int i = 0; i < kCalmRounds && std::any_of(hosts_.begin(), hosts_.end(), is_busy); ++i) {
    for (Host& host : hosts_) {
      resolve(host);
      for (std::size_t n = peer(host).assigns.size(); n > 0; --n) finish(host, 0);
      drop(host);
      settle();
      close_finished(host);
    }
    advance(kRound);
    settle();
    if (::testing::Test::HasFailure()) return;
  }
}

std::string RandomFleet::unfinished() const {
  std::string text;
  for (const Host& host : hosts_)
    for (const auto& [open, handle] : host.handles)
      text += host.name + " reads " + handle.key + (handle.is_stream ? " as a stream; " : "; ");
  return text;
}

}  // namespace tyto::tracker
