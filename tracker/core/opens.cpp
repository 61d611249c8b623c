// From names to versions to readers.
#include <algorithm>

#include "tracker/core/caching/fleet_quota.h"
#include "tracker/core/origin/shadow.h"

namespace tyto::tracker {
namespace {

constexpr uint16_t kResolveTriesMax = 3;
// When nobody who could look a name up is connected: how long until that is tried again.
constexpr Duration kResolverWait = Duration::milliseconds(500);

// Joins the demands of a reader's handles into its row.
void rebuild_demand(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  const Session& session = state.sessions[state.fleet.peer(reader.peer).session];
  uint32_t chunks = state.versions[reader.version].chunk_count();
  reader.wants_all = false;
  reader.window = Bitmap();
  reader.priority = Priority::kPrefetch;
  for (OpenId open : reader.opens) {
    const OpenRequested& request = session.opens.at(open).request;
    reader.priority = std::max(reader.priority, request.priority);
    if (request.mode == ReadMode::kWhole) {
      reader.wants_all = true;
      continue;
    }
    if (reader.window.size() == 0) reader.window = Bitmap(chunks);
    uint64_t end =
        std::min<uint64_t>(chunks, uint64_t{request.window_first} + request.window_count);
    for (uint64_t c = request.window_first; c < end; ++c)
      reader.window.set(static_cast<uint32_t>(c));
  }
  state.mark_dirty(index);
}

void note_heat(State& state, VersionIndex version) {
  VersionRow& row = state.versions[version];
  row.heat.note_open(state.now);
  bool is_hot = row.heat.is_at_least(state.policy(version).selection.hot_from, state.now);
  state.counters.opens_hot += is_hot ? 1 : 0;
}

struct Need {
  Medium medium = Medium::kDisk;
  uint64_t bytes = 0;
  uint64_t room = 0;
};
Error why_too_large(const State& state, PeerIndex peer, const OpenRequested& request,
                    const Need& need) {
  bool is_memory = need.medium == Medium::kMemory;
  bool is_quota = need.room < account_of(state, peer, need.medium).limit_bytes;
  return {ErrorCode::kNoSpace, request.bucket + "/" + request.key + " needs " +
                                   std::to_string(need.bytes) + " bytes of this peer's " +
                                   (is_memory ? "memory, " : "store, ") +
                                   (is_quota ? "of which its bucket may take " : "which lends ") +
                                   std::to_string(need.room) + "; raise " +
                                   (is_quota    ? "caching.bytes_per_peer"
                                    : is_memory ? "--memory-bytes"
                                                : "its limit") +
                                   ", or stream the object"};
}

// The handle now stands for this version: tells the peer, and counts its demand.
void attach_open(State& state, SessionIndex session_index, OpenId open, VersionIndex version) {
  Session& session = state.sessions[session_index];
  OpenRow& row = session.opens.at(open);
  const VersionRow& facts = state.versions[version];
  try_full_store_again(state, session.peer);
  const Medium medium = medium_now(state, version);
  const uint64_t room = room_for(state, session.peer, version);
  uint64_t bytes = facts.chunking.object_bytes;
  uint64_t needed = row.request.mode == ReadMode::kWhole
                        ? bytes
                        : std::min<uint64_t>(bytes, facts.chunking.chunk_bytes);
  bool lacks_memory = medium == Medium::kMemory && !lends_memory(state, session.peer);
  if (needed > 0 && lacks_memory)
    return end_open(state, session_index, open, why_no_memory(state, version));
  if (needed > room)
    return end_open(state, session_index, open,
                    why_too_large(state, session.peer, row.request, {medium, needed, room}));
  note_heat(state, version);
  row.version = version;
  state.describe(session_index, version);
  Placement placement = placement_at(state, session.peer, version, medium);
  if (lacks_memory) placement = Placement::kDisk;  // there is nothing to keep
  state.stage(session_index, Opened{open, facts.id, {}, placement});
  note_opened(state, session_index, row);
  ReaderIndex reader = state.readers.intern(session.peer, version, facts.chunk_count());
  if (state.readers[reader].opens.empty()) {
    session.readers.push_back(reader);
    ++state.versions[version].readers;
    state.work.add_reader(state.versions[version].bucket);
    state.readers[reader].served_at = state.readers[reader].brought_at = state.now;
    // What an earlier reader of the same peer had asked for still comes.
    for (const Download& coming : session.downloads) {
      if (coming.version != version || state.readers[reader].in_flight.test(coming.chunk)) continue;
      state.readers[reader].in_flight.set(coming.chunk);
      ++state.readers[reader].active;
    }
    begin_at_origin(state, reader, row.asked_at);
    begin_wishes(state, version);
  }
  state.readers[reader].opens.push_back(open);
  HoldingIndex holding = state.holdings.find(version, session.peer);
  if (holding != kNoHolding) state.holdings.touch(holding);
  rebuild_demand(state, reader);
}

bool is_fresh(const State& state, const BucketConfig& bucket, const NameRow& name) {
  if (!name.version) return false;
  if (name.is_published || bucket.revalidate == Revalidate::kNever) return true;
  if (!name.checked_at || bucket.revalidate == Revalidate::kAlways) return false;
  return state.now - *name.checked_at < bucket.revalidate_age;
}

bool can_resolve(const State& state, SessionIndex index) {
  if (index == kNoSession) return false;
  const Session& session = state.sessions[index];
  return session.connection.has_value() && !session.has_left;
}

// A superpeer by rendezvous hashing on the name, another one at each try; without superpeers the
// peer that has waited longest.
SessionIndex choose_resolver(const State& state, const NameRow& name) {
  std::vector<std::pair<uint64_t, SessionIndex>> ranked;
  uint64_t salt = 0;
  for (char c : name.name.key) salt = mix64(salt ^ static_cast<unsigned char>(c));
  for (PeerIndex superpeer : state.fleet.superpeers()) {
    SessionIndex session = state.fleet.peer(superpeer).session;
    if (can_resolve(state, session))
      ranked.emplace_back(mix64(salt ^ state.fleet.peer(superpeer).id.value()), session);
  }
  std::sort(ranked.begin(), ranked.end());
  if (!ranked.empty()) return ranked[name.resolve_tries % ranked.size()].second;
  for (const NameWaiter& waiter : name.waiters) {
    SessionIndex session = state.sessions.find(waiter.session);
    if (can_resolve(state, session)) return session;
  }
  return kNoSession;
}

void fail_waiters(State& state, NameIndex index, const Error& error) {
  std::vector<NameWaiter> waiters = std::move(state.names[index].waiters);
  state.names[index].waiters.clear();
  for (const NameWaiter& waiter : waiters) {
    SessionIndex session = state.sessions.find(waiter.session);
    if (session != kNoSession) end_open(state, session, waiter.open, error);
  }
  answer_lookups(state, index, nullptr, error);
}

// No answer came, try after try. Who asked after the last try had begun is not told of a failure
// that may be over: a look-up is begun anew for these.
void give_up_resolve(State& state, NameIndex index, const Error& error) {
  NameRow& name = state.names[index];
  const Instant began = name.resolve_by - state.config.resolve_timeout;
  std::vector<NameWaiter> late;
  std::erase_if(name.waiters, [&](const NameWaiter& waiter) {
    SessionIndex session = state.sessions.find(waiter.session);
    if (session == kNoSession) return true;
    auto open = state.sessions[session].opens.find(waiter.open);
    if (open == state.sessions[session].opens.end()) return true;
    if (open->second.asked_at <= began) return false;
    late.push_back(waiter);
    return true;
  });
  fail_waiters(state, index, error);
  state.names[index].waiters = std::move(late);
  state.names[index].resolve_tries = 0;
  start_resolve(state, index);
}

}  // namespace

void start_resolve(State& state, NameIndex index) {
  NameRow& name = state.names[index];
  std::erase_if(name.waiters, [&](const NameWaiter& waiter) {
    SessionIndex session = state.sessions.find(waiter.session);
    return session == kNoSession || !state.sessions[session].opens.contains(waiter.open);
  });
  name.resolver = SessionId(0);
  bool is_owed = is_lookup_owed(state, index);
  if (name.waiters.empty() && !is_owed) return;
  if (ask_lookup(state, index)) return;
  SessionIndex resolver = choose_resolver(state, name);
  if (resolver == kNoSession && is_owed) {
    answer_lookups(state, index, nullptr,
                   {ErrorCode::kUnavailable, "the tracker asked has nobody to look it up"});
    if (name.waiters.empty()) return;
  }
  if (resolver == kNoSession) {  // nobody is connected at the moment
    state.timers.set({state.now + kResolverWait, TimerKind::kName, index.value()});
    return;
  }
  const BucketConfig* bucket = state.bucket(name.name.bucket);
  Session& session = state.sessions[resolver];
  name.resolver = session.id;
  name.resolve = ResolveId(++session.resolve_serial);
  name.resolve_by = state.now + state.config.resolve_timeout;
  session.resolving.push_back(index.value());
  state.timers.set({name.resolve_by, TimerKind::kName, index.value()});
  ++state.counters.resolves;
  note_resolving(state, resolver, index);
  state.stage(resolver, Resolve{name.resolve, bucket->id, bucket->name, name.name.key,
                                origin_url(bucket->origin, name.name.key)});
}

namespace {

// A version belongs to one bucket, whose policy holds for it. What another bucket has found at the
// same origin already goes by an id of this bucket's own.
VersionId id_within(const State& state, const VersionFacts& found) {
  auto version = state.versions.find(found.id);
  const VersionFacts* facts = version ? state.versions[*version].facts.get() : nullptr;
  VersionId id = found.id;
  if (facts == nullptr || facts->bucket_name == found.bucket_name) return id;
  uint64_t salt = mix64(found.bucket.value());
  for (std::size_t i = 0; i < 8; ++i) id.digest.bytes[i] ^= static_cast<uint8_t>(salt >> (8 * i));
  return id;
}

// The version that a resolver found, entered into the tables. Nothing if it contradicts itself.
std::optional<VersionIndex> enter_version(State& state, const NameRow& name,
                                          const VersionFacts& found) {
  const BucketConfig* bucket = state.bucket(name.name.bucket);
  bool is_sound = found.bucket_name == name.name.bucket && found.key == name.name.key &&
                  found.bucket == bucket->id && !found.is_published && found.chunking.is_valid() &&
                  found.origin.url == origin_url(bucket->origin, name.name.key);
  if (!is_sound) return std::nullopt;
  VersionFacts facts = found;
  facts.id = id_within(state, found);
  VersionIndex version = state.versions.intern(facts.id, facts.chunking);
  VersionRow& row = state.versions[version];
  if (row.chunking != facts.chunking) return std::nullopt;
  if (!row.facts) state.set_facts(version, std::make_shared<const VersionFacts>(facts));
  row.is_origin_gone = false;
  return version;
}

Error version_unknown(const OpenRequested& request) {
  return {ErrorCode::kNotFound, "version " + request.pinned->short_hex() + " of " + request.bucket +
                                    "/" + printable(request.key) +
                                    " is unknown; open the object without a version"};
}

// A handle that names another version than the one found gets an error.
void attach_waiters(State& state, NameIndex index, VersionIndex version,
                    std::optional<SessionId> only) {
  std::vector<NameWaiter> waiters = std::move(state.names[index].waiters);
  state.names[index].waiters.clear();
  for (const NameWaiter& waiter : waiters) {
    if (only && waiter.session != *only) {
      state.names[index].waiters.push_back(waiter);
      continue;
    }
    SessionIndex session = state.sessions.find(waiter.session);
    if (session == kNoSession || !state.sessions[session].opens.contains(waiter.open)) continue;
    const OpenRequested& request = state.sessions[session].opens.at(waiter.open).request;
    if (request.pinned && *request.pinned != state.versions[version].id)
      end_open(state, session, waiter.open, version_unknown(request));
    else
      attach_open(state, session, waiter.open, version);
  }
}

// The version that the handle names, if the tables know that it is one of the object.
std::optional<VersionIndex> find_pinned(const State& state, const OpenRequested& request) {
  auto version = state.versions.find(*request.pinned);
  const VersionFacts* facts = version ? state.versions[*version].facts.get() : nullptr;
  if (facts == nullptr || facts->bucket_name != request.bucket || facts->key != request.key)
    return std::nullopt;
  return version;
}

// Answers from what is known, or has the name looked up. The error, if it can be told at once.
std::optional<Error> open_name(State& state, SessionIndex session, const OpenRequested& request) {
  if (auto good = check_bucket_name(request.bucket); !good.ok()) return good.error();
  if (auto good = check_key(request.key); !good.ok()) return good.error();
  const BucketConfig* bucket = state.bucket(request.bucket);
  if (bucket == nullptr) {
    return Error{ErrorCode::kNotFound, "bucket '" + request.bucket +
                                           "' does not exist; make it with: tyto bucket create " +
                                           request.bucket + " --origin URL"};
  }
  std::string text = request.bucket + "/" + printable(request.key);
  // A tracker that was killed may have lost a version that it told of just before: the reader which
  // goes on with it has the name looked up again.
  if (request.pinned) {
    if (auto version = find_pinned(state, request)) {
      attach_open(state, session, request.open, *version);
      return std::nullopt;
    }
    if (bucket->origin.empty()) return version_unknown(request);
  }
  ObjectName object{request.bucket, request.key};
  auto known = state.names.find(object);
  bool has_version = known && state.names[*known].version.has_value();
  if (!has_version && bucket->origin.empty()) {
    return Error{ErrorCode::kNotFound, text + " is not published, and bucket '" + request.bucket +
                                           "' has no origin; publish it with: tyto publish"};
  }
  if (!known && state.names.size() >= state.config.max_versions) {
    return Error{ErrorCode::kOverloaded, "the tracker knows " +
                                             std::to_string(state.config.max_versions) +
                                             " names, its limit (limits.versions)"};
  }
  NameIndex name = state.names.intern(object);
  if (has_version && (bucket->origin.empty() || is_fresh(state, *bucket, state.names[name]))) {
    if (request.pinned) return version_unknown(request);
    attach_open(state, session, request.open, *state.names[name].version);
    return std::nullopt;
  }
  state.names[name].waiters.push_back({state.sessions[session].id, request.open});
  if (state.names[name].resolver == SessionId(0)) {
    state.names[name].resolve_tries = 0;
    start_resolve(state, name);
  }
  return std::nullopt;
}

}  // namespace

void open_object(State& state, SessionIndex index, OpenRequested request) {
  Session& session = state.sessions[index];
  if (session.opens.contains(request.open)) return;
  ++state.counters.opens;
  OpenId open = request.open;
  session.opens.emplace(open, OpenRow{std::nullopt, request, state.now});
  if (auto error = open_name(state, index, request)) end_open(state, index, open, *error);
}

void take_resolution(State& state, SessionIndex index, NameResolved event) {
  Session& session = state.sessions[index];
  auto it = std::find_if(session.resolving.begin(), session.resolving.end(), [&](uint32_t n) {
    const NameRow& name = state.names[NameIndex(n)];
    return name.resolver == session.id && name.resolve == event.resolve;
  });
  if (it == session.resolving.end()) return;  // given to another meanwhile
  NameIndex name_index(*it);
  session.resolving.erase(it);
  NameRow& name = state.names[name_index];
  name.resolver = SessionId(0);
  note_resolved(state, index, name_index, event);
  const BucketConfig* bucket = state.bucket(name.name.bucket);
  bool is_trusted = state.fleet.peer(session.peer).is_superpeer || bucket->trust_peers;
  if (!event.facts) {
    bool may_retry =
        event.error.code == ErrorCode::kUnavailable || event.error.code == ErrorCode::kTimedOut;
    if (may_retry && ++name.resolve_tries < kResolveTriesMax) {
      start_resolve(state, name_index);
      return;
    }
    if (may_retry) return give_up_resolve(state, name_index, event.error);
    fail_waiters(state, name_index, event.error);
    return;
  }
  auto version = enter_version(state, name, *event.facts);
  if (!version) {
    state.notice(NoticeKind::kProtocolBroken, session.peer, kNoPeer, name.name.text(), 0,
                 "its look-up of the name contradicts what was asked");
    fail_waiters(state, name_index,
                 {ErrorCode::kInternal,
                  "the look-up of " + name.name.text() + " brought nonsense; see the log"});
    return;
  }
  if (is_trusted) {
    name.version = *version;
    name.checked_at = state.now;
    name.gone.reset();
    state.emit(VersionResolved{state.versions[*version].facts});
    attach_waiters(state, name_index, *version, std::nullopt);
    answer_lookups(state, name_index, state.versions[*version].facts.get(), {});
  } else {
    attach_waiters(state, name_index, *version, session.id);
    start_resolve(state, name_index);  // the others look for themselves
  }
}

bool is_name_fresh(const State& state, NameIndex index) {
  const NameRow& name = state.names[index];
  return is_fresh(state, *state.bucket(name.name.bucket), name);
}

void take_lookup(State& state, NameIndex index, const NameAnswered& answer) {
  NameRow& name = state.names[index];
  auto version = answer.facts ? enter_version(state, name, *answer.facts) : std::nullopt;
  if (!version) {
    bool is_answer = answer.facts.has_value();
    return fail_waiters(
        state, index,
        is_answer ? Error{ErrorCode::kInternal, "another tracker's look-up of " + name.name.text() +
                                                    " brought nonsense; see the log"}
                  : answer.error);
  }
  name.version = *version;
  name.checked_at = state.now;
  name.gone.reset();
  state.emit(VersionResolved{state.versions[*version].facts});
  attach_waiters(state, index, *version, std::nullopt);
  answer_lookups(state, index, state.versions[*version].facts.get(), {});
}

void fire_name_timer(State& state, NameIndex index) {
  NameRow& name = state.names[index];
  if (name.resolver == SessionId(0)) return start_resolve(state, index);  // if anyone waits
  if (name.resolve_by > state.now) return;
  SessionIndex resolver = state.sessions.find(name.resolver);
  if (resolver != kNoSession) std::erase(state.sessions[resolver].resolving, index.value());
  if (++name.resolve_tries >= kResolveTriesMax) {
    name.resolver = SessionId(0);
    return give_up_resolve(state, index,
                           {ErrorCode::kTimedOut, "no peer could look up " + name.name.text() +
                                                      " at its origin in time; retry later"});
  }
  start_resolve(state, index);
}

void abandon_resolutions(State& state, const std::vector<uint32_t>& names) {
  for (uint32_t name : names) start_resolve(state, NameIndex(name));
}

void distrust_name(State& state, VersionIndex version) {
  const VersionFactsRef& facts = state.versions[version].facts;
  if (!facts || facts->is_published) return;
  auto name = state.names.find({facts->bucket_name, facts->key});
  if (!name || state.names[*name].version != version) return;
  state.names[*name].checked_at.reset();
  state.names[*name].version.reset();
  state.names[*name].gone = version;
}

void move_window(State& state, SessionIndex index, const WindowMoved& event) {
  Session& session = state.sessions[index];
  auto it = session.opens.find(event.open);
  if (it == session.opens.end()) return;
  it->second.request.window_first = event.first;
  it->second.request.window_count = event.count;
  if (it->second.version)
    rebuild_demand(state, state.readers.find(session.peer, *it->second.version));
}

void close_open(State& state, SessionIndex index, OpenId open) {
  Session& session = state.sessions[index];
  auto it = session.opens.find(open);
  if (it == session.opens.end()) return;
  std::optional<VersionIndex> version = it->second.version;
  session.opens.erase(it);
  if (!version) return;
  ReaderIndex reader = state.readers.find(session.peer, *version);
  std::erase(state.readers[reader].opens, open);
  if (!state.readers[reader].opens.empty()) {
    rebuild_demand(state, reader);
    return;
  }
  note_served(state, reader);
  end_at_origin(state, reader);
  std::erase(session.readers, reader);
  if (--state.versions[*version].readers == 0) state.overdue.remove(*version);
  state.work.remove_reader(state.versions[*version].bucket);
  state.parking.leave(reader);
  state.readers.remove(reader);
  drop_unread(state, *version);
  look_at_fleet_quota(state, state.versions[*version].bucket);
}

void end_open(State& state, SessionIndex index, OpenId open, Error error) {
  ++state.counters.opens_failed;
  note_refused(state, index, open, error);
  state.stage(index, OpenEnded{open, std::move(error)});
  close_open(state, index, open);
}

void end_reader(State& state, ReaderIndex reader, const Error& error) {
  SessionIndex session = state.fleet.peer(state.readers[reader].peer).session;
  std::vector<OpenId> opens = state.readers[reader].opens;
  for (OpenId open : opens) end_open(state, session, open, error);
}

}  // namespace tyto::tracker
