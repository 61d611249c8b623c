// Peers come, say what they hold, fall silent and leave.
#include <algorithm>

#include "tracker/core/caching/books.h"
#include "tracker/core/caching/fleet_quota.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

SetLimits limits_of(const State& state, const RegisterRequest& request) {
  uint32_t fallback = request.role == Role::kSuperpeer ? state.config.uploads_per_superpeer
                                                       : state.config.uploads_per_host;
  return {.uploads_max = request.uploads_max == 0 ? fallback : request.uploads_max,
          .upload_bytes_per_s = request.upload_bytes_per_s,
          .download_bytes_per_s = request.download_bytes_per_s};
}

std::vector<SuperpeerListed> list_superpeers(const State& state) {
  std::vector<SuperpeerListed> list;
  for (PeerIndex index : state.fleet.superpeers()) {
    if (list.size() == kSuperpeersListedMax) break;
    if (state.fleet.peer(index).is_leaving) continue;
    list.push_back({state.fleet.peer(index).id, state.fleet.details(index).data_address});
  }
  return list;
}

RegisterReply reply_to(const State& state, SessionIndex index, const RegisterRequest& request) {
  RegisterReply reply;
  reply.session = state.sessions[index].id;
  reply.epoch = state.epoch;
  reply.superpeers = list_superpeers(state);
  reply.limits = limits_of(state, request);
  reply.data_address = state.fleet.details(state.sessions[index].peer).data_address;
  if (state.sessions[index].protocol_version >= 3 && state.homes.trackers != nullptr) {
    reply.tracker = state.homes.self;
    reply.trackers = state.homes.trackers;
  }
  return reply;
}

// The session that the request wants to go on with, if it may.
SessionIndex resumable(const State& state, const RegisterRequest& request) {
  if (request.resume_epoch != state.epoch) return kNoSession;
  SessionIndex index = state.sessions.find(request.resume_session);
  if (index == kNoSession) return kNoSession;
  return state.fleet.peer(state.sessions[index].peer).id == request.peer ? index : kNoSession;
}

void resume(State& state, SessionIndex index, ConnectionId connection,
            const RegisterRequest& request) {
  Session& session = state.sessions[index];
  state.sessions.attach(index, connection);
  session.outbox.rewind();
  session.ends_at = state.now + state.config.silence_max;
  arm_session(state, index);
  for (ReaderIndex reader : session.readers) state.mark_dirty(reader);
  RegisterReply reply = reply_to(state, index, request);
  reply.resumed = true;
  state.emit(RegisterAnswered{connection, std::move(reply)});
  state.notice(NoticeKind::kPeerResumed, session.peer, kNoPeer,
               state.fleet.details(session.peer).name);
}

PeerIndex add_peer(State& state, const RegisterRequest& request) {
  PeerIndex index = state.fleet.add(request.peer);
  PeerRow& row = state.fleet.peer(index);
  row.store_bytes = request.store_bytes;
  row.is_superpeer = request.role == Role::kSuperpeer ? 1 : 0;
  row.host = state.fleet.host_at(request.location);
  HostRow& host = state.fleet.host(row.host);
  SetLimits limits = limits_of(state, request);
  if (host.peers == 0) host.uploads_max = 0;
  host.uploads_max = static_cast<uint16_t>(
      std::min<uint32_t>(std::max<uint32_t>(host.uploads_max, limits.uploads_max), 0xffff));
  host.upload_bytes_per_s = std::max(host.upload_bytes_per_s, request.upload_bytes_per_s);
  state.fleet.note_uploads(row.host);
  ++host.peers;
  PeerDetails& details = state.fleet.details(index);
  details.name = request.name;
  details.lent_bytes = request.store_bytes;
  details.full_until = Instant();
  details.data_address = request.data_address;
  state.fleet.peer(index).is_serving = details.data_address.port != 0 ? 1 : 0;
  if (row.is_superpeer) state.fleet.list_superpeer(index);
  return index;
}

// What a holder tells of itself once its session is there: versions whose readers may go on.
void wake_versions_held(State& state, PeerIndex peer) {
  HoldingIndex holding = state.fleet.peer(peer).newest_holding;
  for (int i = 0; i < 64 && holding != kNoHolding; ++i) {
    state.mark_dirty(state.holdings[holding].version);
    holding = state.holdings[holding].older;
  }
}

// A superpeer's roots teach, where none are known; a chunk that contradicts a known one is not
// listed, and is to go.
void enter_holdings(State& state, PeerIndex peer, VersionIndex version,
                    const InventoryEntry& entry) {
  PeerRow& row = state.fleet.peer(peer);
  VersionRow& facts = state.versions[version];
  bool may_teach = row.is_superpeer && facts.facts != nullptr && !entry.roots.empty();
  std::size_t next_root = 0;
  for (uint32_t c = entry.chunks.next_set(0); c < entry.chunks.size();
       c = entry.chunks.next_set(c + 1)) {
    const Digest* root = may_teach ? &entry.roots[next_root++] : nullptr;
    bool is_listed = state.holdings.add(version, peer, c);
    bool is_in_memory = entry.in_memory.size() > 0 && entry.in_memory.test(c);
    if (is_listed) book(state, peer, {version, c}, is_in_memory ? Medium::kMemory : Medium::kDisk);
    if (root == nullptr) continue;
    if (!facts.knows_root(c)) {
      facts.learn(c, *root);
      note_edge(state, version, c);
      state.emit(RootLearned{{facts.id, ChunkIndex(c)}, *root});
    } else if (facts.roots[c] != *root) {
      state.notice(NoticeKind::kRootConflict, peer, kNoPeer, state.subject_of(version), c,
                   "what a superpeer holds does not match the known root; dropped");
      unlist_copy(state, peer, version, c);
      Evict order{facts.id, c, 1, {.choice = Choice::kEvictConflict, .copies = facts.copies[c]}};
      note_evicted(state, peer, order);
      state.stage(row.session, std::move(order));
    }
  }
}

}  // namespace

void register_peer(State& state, ConnectionId connection, RegisterRequest request) {
  if (!state.is_loaded) {
    state.emit(RegisterRefused{
        connection, {ErrorCode::kUnavailable, "the tracker is still loading its catalog; retry"}});
    return;
  }
  if (request.peer == PeerId(0)) {
    state.emit(RegisterRefused{
        connection, {ErrorCode::kInvalidArgument, "peer id 0 means nobody; draw 64 random bits"}});
    return;
  }
  if (SessionIndex index = resumable(state, request); index != kNoSession) {
    resume(state, index, connection, request);
    return;
  }
  if (PeerIndex old = state.fleet.find(request.peer); old != kNoPeer)
    end_session(state, state.fleet.peer(old).session, EndKind::kReplaced, "registered anew");
  if (auto moved = home_elsewhere(state, request)) {
    state.emit(RegisterMovedOn{connection, std::move(*moved)});
    return;
  }
  if (state.fleet.peer_count() >= state.config.max_peers) {
    state.emit(RegisterRefused{
        connection,
        {ErrorCode::kOverloaded, "the tracker knows " + std::to_string(state.config.max_peers) +
                                     " peers, its limit (limits.peers); retry later or raise it"}});
    return;
  }
  PeerIndex peer = add_peer(state, request);
  SessionId id((state.epoch.value() << 32) | ++state.session_serial);
  SessionIndex index = state.sessions.add(id, peer);
  state.fleet.peer(peer).session = index;
  state.sessions.attach(index, connection);
  state.sessions[index].protocol_version = std::min(request.protocol_version, kProtocolVersion);
  set_memory_lent(state.sessions[index], request.memory_bytes);
  state.sessions[index].heard_at = state.now;
  state.sessions[index].ends_at = state.now + state.config.silence_max;
  state.sessions[index].left = {request.resume_session, request.resume_epoch};
  state.sessions[index].came_from = request.resume_epoch;
  state.sessions[index].came_at = state.now;
  arm_session(state, index);
  count_in(state, index, request);
  state.emit(RegisterAnswered{connection, reply_to(state, index, request)});
  state.notice(NoticeKind::kPeerRegistered, peer, kNoPeer, request.name, 0,
               state.fleet.location_of(peer));
  if (request.role == Role::kSuperpeer) {
    for (uint32_t v = 0; v < state.versions.size(); ++v) state.mark_dirty(VersionIndex(v));
  }
}

void take_inventory(State& state, SessionId id, const InventoryPage& page) {
  SessionIndex index = state.sessions.find(id);
  if (index == kNoSession) return;
  PeerIndex peer = state.sessions[index].peer;
  for (const InventoryEntry& entry : page.entries) {
    if (!state.versions.find(entry.version) && state.versions.size() >= state.config.max_versions)
      continue;
    VersionIndex version = state.versions.intern(entry.version, entry.chunking);
    VersionRow& facts = state.versions[version];
    if (!facts.facts) {
      state.notice(NoticeKind::kVersionUnknown, peer, kNoPeer, state.subject_of(version), 0,
                   "the catalog does not know it; its chunks can be evicted, not assigned");
    }
    if (facts.chunking != entry.chunking) continue;
    enter_holdings(state, peer, version, entry);
    for (const ChunkUnderway& what : entry.underway) carry_over(state, peer, version, what);
    state.mark_dirty(version);
  }
}

void lose_connection(State& state, ConnectionId connection) {
  SessionIndex index = state.sessions.find(connection);
  if (index == kNoSession) return;
  Session& session = state.sessions[index];
  state.sessions.detach(index);
  if (session.has_left) {
    end_session(state, index, EndKind::kLeft, "");
    return;
  }
  session.ends_at = state.now + state.config.session_grace;
  arm_session(state, index);
}

void end_session(State& state, SessionIndex index, EndKind kind, const std::string& detail) {
  PeerIndex peer = state.sessions[index].peer;
  count_out(state, index);
  note_gone(state, index, detail.empty() ? "it left" : detail);
  // Copies: ending handles and transfers changes the session's own lists.
  std::vector<ReaderIndex> readers = state.sessions[index].readers;
  std::vector<VersionIndex> was_read;
  for (ReaderIndex reader : readers) {
    leave_origin_line(state, reader);
    was_read.push_back(state.readers[reader].version);
    if (--state.versions[was_read.back()].readers == 0) state.overdue.remove(was_read.back());
    state.work.remove_reader(state.versions[was_read.back()].bucket);
    state.parking.leave(reader);
    state.readers.remove(reader);
  }
  state.sessions[index].readers.clear();
  std::vector<Download> downloads = state.sessions[index].downloads;
  for (const Download& download : downloads) finish_transfer(state, download.transfer);
  for (const PendingExchange& pending : state.sessions[index].pending) {
    state.emit(ExchangeRefused{pending.token,
                               {ErrorCode::kNotFound, "the session has ended; register again"}});
  }
  std::vector<uint32_t> resolving = state.sessions[index].resolving;
  NoticeKind what = kind == EndKind::kLost             ? NoticeKind::kPeerLost
                    : kind == EndKind::kProtocolBroken ? NoticeKind::kProtocolBroken
                                                       : NoticeKind::kPeerLeft;
  if (kind != EndKind::kReplaced)
    state.notice(what, peer, kNoPeer, state.fleet.details(peer).name, 0, detail);
  wake_versions_held(state, peer);
  state.holdings.remove_all(peer);
  Books(state, state.sessions[index]).close();
  state.fleet.set_in_doubt(peer, Doubt::kCleared);
  --state.fleet.host(state.fleet.peer(peer).host).peers;
  state.fleet.retire(peer);
  state.sessions.remove(index);
  for (VersionIndex version : was_read) {
    drop_unread(state, version);
    look_at_fleet_quota(state, state.versions[version].bucket);
  }
  abandon_resolutions(state, resolving);
}

void start_leaving(State& state, SessionIndex index) {
  Session& session = state.sessions[index];
  session.has_left = true;
  state.fleet.peer(session.peer).is_leaving = 1;
  wake_versions_held(state, session.peer);
}

}  // namespace tyto::tracker
