// Reading the origin for all, when a chunk's directory has granted the lease.
#include <algorithm>

#include "tracker/core/cluster/ranking.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

bool is_held(const VersionRow& version, uint32_t chunk) {
  return version.copies[chunk] > 0 && version.knows_root(chunk);
}

void give_back(State& state, MemberId directory, ChunkKey key, FailureKind kind,
               const std::string& detail) {
  tell_member(state, directory, key.version,
              LeaseFailed{state.versions[key.version].id, key.chunk, kind, detail});
}

// Whether the member said, when it last told all that it holds, that it takes others to live.
bool is_of_another_part(const State& state, MemberId member) {
  const Link* link = state.cluster.link(member);
  bool is_known = member != state.cluster.self && link != nullptr && link->synced != 0;
  return is_known && link->synced != fingerprint(state.cluster.members);
}

// Whoever waits may not read from the superpeer that has the chunk here, and no more would come of
// reading it once more: the directory looks for somebody else.
constexpr FailureKind kOfNoUse = FailureKind::kCancelled;

void end_reading(State& state, ChunkKey key) {
  auto it = state.cluster.wishes.find(key);
  if (it == state.cluster.wishes.end() || it->second.stage != WishStage::kReading) return;
  if (is_held(state.versions[key.version], key.chunk)) return forget_wish(state, key);
  state.versions[key.version].awaited.push_back(key.chunk);
  // What was offered meanwhile was refused, and the directory takes the wish for served: it is told
  // of it anew.
  tell_wish(state, key);
}

// Whether the chunk has come back, or has come by another way, since the lease was granted, and its
// reader needs no other copy.
bool is_here_by_now(State& state, ReaderIndex index, ChunkKey key) {
  const VersionRow& row = state.versions[key.version];
  if (!is_held(row, key.chunk)) return false;
  if (state.cluster.wishes.at(key).is_anew) return row.superpeer_copies[key.chunk] > 0;
  if (index == kNoReader) return true;
  const Reader& reader = state.readers[index];
  HoldingIndex holding = state.holdings.find(key.version, reader.peer);
  if (holding != kNoHolding && state.holdings.has(holding, key.chunk)) return true;
  if (reader.in_flight.test(key.chunk)) return true;
  Found found = find_source(state, reader, key.chunk, Scope::kAnywhere);
  return found.is_found() || found.reason.rejected_busy > 0;
}

// The lease of a wish is carried out, or given back, if that can be said now.
void serve_grant(State& state, ChunkKey key) {
  const Wish wish = state.cluster.wishes.at(key);
  const VersionRow& row = state.versions[key.version];
  auto end = [&](FailureKind kind, const std::string& detail) {
    forget_wish(state, key);
    give_back(state, wish.directory, key, kind, detail);
    state.mark_dirty(key.version);
  };
  if (row.facts->origin.url.empty() || row.is_origin_gone)
    return end(FailureKind::kOriginMissing, "the origin does not give it any more");
  PeerIndex peer = state.fleet.find(wish.reader);
  ReaderIndex reader = peer == kNoPeer ? kNoReader : state.readers.find(peer, key.version);
  if (is_here_by_now(state, reader, key)) {
    if (wish.is_anew) return end(kOfNoUse, "a superpeer here holds it");
    forget_wish(state, key);
    return announce_again(state, key);
  }
  switch (carry_out_lease(state, key.version, key.chunk, reader)) {
    case LeaseOutcome::kGranted:
    case LeaseOutcome::kAssignedToReader: return begin_reading(state, key);
    case LeaseOutcome::kNoRoom:
      end(FailureKind::kNoSpace, "no room");
      end_reader(state, reader, why_refused(state, peer, key.version));
      return;
    case LeaseOutcome::kNever:
      return end(FailureKind::kCancelled, "nobody here can be sent to the origin");
    case LeaseOutcome::kNoRoomYet:
    case LeaseOutcome::kWait:
    case LeaseOutcome::kOverBudget: break;
  }
  // It is kept until a superpeer can be sent; the directory is told that it is not forgotten.
  constexpr Duration kTellEvery = Duration::seconds(5);
  if (wish.until > state.now) return;
  state.cluster.wishes.at(key).until = state.now + kTellEvery;
  tell_member(state, wish.directory, key.version, LeaseProgressed{row.id, key.chunk});
}

// Whether the order to read the chunk may not have reached the session's peer: that has not said
// so. If it has, its new tracker tells the directory of the read, which is not this one's to give
// back then.
bool is_order_under_way(const State& state, SessionIndex session, ChunkKey key) {
  const ChunkId chunk{state.versions[key.version].id, ChunkIndex(key.chunk)};
  auto is_it = [&](const Command& command) {
    const auto* order = std::get_if<Assign>(&command);
    return order != nullptr && order->chunk == chunk && order->source.kind == SourceKind::kOrigin;
  };
  const Session& row = state.sessions[session];
  return std::any_of(row.outbox.items().begin(), row.outbox.items().end(), is_it) ||
         std::any_of(row.staged.begin(), row.staged.end(), is_it);
}

}  // namespace

void begin_reading(State& state, ChunkKey key) {
  Wish& wish = state.cluster.wishes.at(key);
  if (wish.want == WantId()) return forget_wish(state, key);
  wish.stage = WishStage::kReading;
  state.cluster.granted.erase(key);
  std::erase(state.versions[key.version].awaited, key.chunk);
}

void take_grant(State& state, MemberId from, const LeaseGranted& grant) {
  Cluster& cluster = state.cluster;
  auto version = state.versions.find(grant.version);
  if (!version || state.versions[*version].facts == nullptr ||
      grant.chunk >= state.versions[*version].chunk_count())
    return note_nonsense(state, from, "granted a lease of what is not known");
  ChunkKey key{*version, grant.chunk};
  const VersionRow& row = state.versions[*version];
  if (row.is_leased(grant.chunk)) return;  // on its way already
  // So that those who take the same members to live read a chunk once among them, whatever others
  // take to live.
  if (is_of_another_part(state, from))
    return give_back(state, from, key, FailureKind::kCancelled,
                     "other trackers live, seen from here");
  auto wish = cluster.wishes.find(key);
  bool is_own = grant.want != WantId();
  if (is_own && (wish == cluster.wishes.end() || wish->second.want != grant.want))
    return give_back(state, from, key, FailureKind::kCancelled, "it is not wished for any more");
  // What is held is read anew only for a reader that can't have it from here.
  if (!is_own && is_held(row, grant.chunk)) {
    if (!grant.is_anew) return announce_again(state, key);
    if (row.superpeer_copies[grant.chunk] > 0)
      return give_back(state, from, key, kOfNoUse, "a superpeer here holds it");
  }
  if (wish == cluster.wishes.end()) {
    wish = cluster.wishes.emplace(key, Wish{}).first;
    state.versions[*version].awaited.push_back(grant.chunk);
  }
  if (wish->second.stage == WishStage::kReading) return;
  leave_crossing(state, key);
  wish->second.directory = from;
  wish->second.stage = WishStage::kGranted;
  wish->second.is_anew = grant.is_anew && !is_own;
  wish->second.had_superpeers = !state.fleet.superpeers().empty();
  wish->second.until = state.now + Duration::seconds(5);
  cluster.granted.insert(key);
  cluster.is_grant_waiting = true;
}

void tell_duties(State& state, MemberId directory) {
  for (auto& [transfer, duty] : state.cluster.duties) {
    const ChunkKey& key = duty.chunk;
    SessionIndex session = state.fleet.peer(state.transfers[transfer].receiver).session;
    // Who has lost its connection may go on elsewhere, and be told of from there.
    bool is_here = session != kNoSession && state.sessions[session].connection.has_value();
    if (!is_here || directory_of(state, key.version, key.chunk) != directory) continue;
    duty.directory = directory;
    tell_member(state, directory, key.version,
                LeaseProgressed{state.versions[key.version].id, key.chunk});
  }
}

void pass_duty(State& state, SessionIndex session, TransferIndex transfer) {
  auto it = state.cluster.duties.find(transfer);
  if (it == state.cluster.duties.end()) return;
  const Duty duty = std::move(it->second);
  state.cluster.duties.erase(it);
  end_reading(state, duty.chunk);
  if (is_order_under_way(state, session, duty.chunk))
    give_back(state, duty.directory, duty.chunk, FailureKind::kCancelled,
              "the superpeer went to another tracker before it heard of it");
}

void serve_grants(State& state) {
  const std::vector<ChunkKey> granted(state.cluster.granted.begin(), state.cluster.granted.end());
  for (const ChunkKey& key : granted)
    if (state.cluster.granted.contains(key)) serve_grant(state, key);
}

void end_duties(State& state) {
  std::vector<Duty> ended = std::move(state.cluster.duties_ended);
  state.cluster.duties_ended.clear();
  for (const Duty& duty : ended) {
    end_reading(state, duty.chunk);
    if (is_held(state.versions[duty.chunk.version], duty.chunk.chunk))
      announce_again(state, duty.chunk);
    else
      give_back(state, duty.directory, duty.chunk, duty.kind, duty.detail);
  }
}

}  // namespace tyto::tracker
