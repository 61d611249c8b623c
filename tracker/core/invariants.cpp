// What must hold between the tables at any time between two calls.
#include <algorithm>
#include <map>
#include <set>

#include "tracker/core/origin/shadow.h"
#include "tracker/core/picks.h"

namespace tyto::tracker {
namespace {

void check_versions(const State& state) {
  for (uint32_t v = 0; v < state.versions.size(); ++v) {
    const VersionRow& row = state.versions[VersionIndex(v)];
    std::vector<uint32_t> copies(row.chunk_count());
    uint32_t members = 0;
    uint32_t complete = 0;
    for (const RackGroup& group : row.groups) {
      std::vector<uint64_t> together((row.chunk_count() + 63) / 64);
      for (std::size_t i = 0; i < group.holders.size(); ++i) {
        const Holding& holding = state.holdings[group.holders[i].holding];
        TYTO_ASSERT(holding.version == VersionIndex(v) && holding.position == i);
        TYTO_ASSERT(state.fleet.place_of(holding.peer).rack == group.rack);
        TYTO_ASSERT(state.fleet.peer(holding.peer).host == group.holders[i].host);
        TYTO_ASSERT(state.holdings.find(VersionIndex(v), holding.peer) == group.holders[i].holding);
        uint32_t held = 0;
        for (uint32_t c = 0; c < row.chunk_count(); ++c) {
          if (!state.holdings.has(group.holders[i].holding, c)) continue;
          ++held;
          ++copies[c];
        }
        TYTO_ASSERT(held == holding.count && held > 0);
        for (uint32_t w = 0; w < together.size(); ++w)
          together[w] |= state.holdings.word(group.holders[i].holding, w);
        ++members;
        complete += held == row.chunk_count() ? 1 : 0;
      }
      for (uint32_t c = 0; c < row.chunk_count(); ++c)
        TYTO_ASSERT(((state.holdings.word(group, c / 64) ^ together[c / 64]) >> c % 64 & 1) == 0);
    }
    TYTO_ASSERT(copies == row.copies && members == row.members && complete == row.complete);
    auto lacking = static_cast<uint32_t>(std::count(copies.begin(), copies.end(), 0u));
    TYTO_ASSERT(row.chunks_held == row.chunk_count() - lacking);
    for (uint32_t c = 0; c < row.chunk_count(); ++c) {
      bool is_ready = row.copies[c] > 0 && row.knows_root(c);
      TYTO_ASSERT((row.ready[c / 64] >> c % 64 & 1) == (is_ready ? 1 : 0));
      TYTO_ASSERT((row.fresh[c / 64] >> c % 64 & 1) == (is_only_at_superpeers(row, c) ? 1 : 0));
    }
  }
}

// A version's transfers by rack agree with those by chunk.
void check_demand(const State& state, const VersionRow& version) {
  std::map<uint32_t, std::pair<uint32_t, uint32_t>> racks;  // transfers, and those inbound
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> coming;
  for (uint32_t c = 0; c < version.chunk_count(); ++c) {
    uint32_t listed = 0;
    for (TransferIndex t = version.newest_transfer[c]; t != kNoTransfer;
         t = state.transfers[t].older, ++listed) {
      const TransferRow& row = state.transfers[t];
      TYTO_ASSERT(row.chunk == c);
      uint32_t rack = state.fleet.place_of(row.receiver).rack;
      ++racks[rack].first;
      bool is_inbound = row.source == kNoPeer || state.fleet.place_of(row.source).rack != rack;
      racks[rack].second += is_inbound ? 1 : 0;
      ++coming[{rack, c}];
    }
    TYTO_ASSERT(listed == version.in_flight[c]);
  }
  TYTO_ASSERT(racks.size() == version.demand_of_rack.size());
  std::map<std::pair<PeerIndex, uint32_t>, bool> relays;  // by receiver and chunk
  for (uint32_t c = 0; c < version.chunk_count(); ++c)
    for (TransferIndex t = version.newest_transfer[c]; t != kNoTransfer;
         t = state.transfers[t].older)
      relays[{state.transfers[t].receiver, c}] |= is_relay(state.transfers[t]);
  auto is_set = [](const RackDemand& demand, const std::vector<uint64_t>& words, std::size_t r,
                   uint32_t c) {
    return (words[r * demand.coming.size() + c / 64] >> c % 64 & 1) != 0;
  };
  for (const auto& [rack, counts] : racks) {
    const RackDemand& demand = *version.demand(rack);
    TYTO_ASSERT(demand.transfers == counts.first && demand.inbound == counts.second);
    uint32_t received = 0;
    for (const Receiver& receiver : demand.receivers) {
      TYTO_ASSERT(state.fleet.peer(receiver.peer).host == receiver.host);
      received += receiver.transfers;
    }
    TYTO_ASSERT(received == counts.first);
    for (uint32_t c = 0; c < version.chunk_count(); ++c) {
      uint32_t listed = 0;
      for (TransferIndex t = demand.newest[c]; t != kNoTransfer;
           t = state.transfers[t].older_in_rack, ++listed)
        TYTO_ASSERT(state.transfers[t].chunk == c);
      TYTO_ASSERT(listed == coming[std::pair(rack, c)]);
      TYTO_ASSERT((demand.coming[c / 64] >> c % 64 & 1) == (listed > 0 ? 1 : 0));
      for (std::size_t r = 0; r < demand.receivers.size(); ++r) {
        auto found = relays.find({demand.receivers[r].peer, c});
        TYTO_ASSERT(is_set(demand, demand.receives, r, c) == (found != relays.end()));
        TYTO_ASSERT(is_set(demand, demand.relays, r, c) ==
                    (found != relays.end() && found->second));
      }
    }
  }
}

void check_transfers(const State& state) {
  std::vector<uint32_t> references(state.fleet.peer_rows());
  std::map<HostIndex, uint32_t> uploads;
  std::map<PeerIndex, uint32_t> downloads;
  std::map<std::pair<VersionIndex, uint32_t>, int> leases;
  for (uint32_t t = 0; t < state.transfers.rows(); ++t) {
    const TransferRow& row = state.transfers[TransferIndex(t)];
    if (row.n == 0) continue;
    TYTO_ASSERT(row.is_shadow != 0 || state.versions[row.version].in_flight[row.chunk] > 0);
    TYTO_ASSERT(row.generation > row.source_generation);
    TYTO_ASSERT(row.source != row.receiver);
    ++downloads[row.receiver];
    int readers = row.is_lease ? ++leases[std::pair(row.version, row.chunk)] : 0;
    TYTO_ASSERT(readers <= 1);
    if (row.source != kNoPeer) {
      ++uploads[state.fleet.peer(row.source).host];
      ++references[row.source.value()];
    }
    for (PeerIndex fallback : row.fallbacks)
      if (fallback != kNoPeer) ++references[fallback.value()];
  }
  std::map<HostIndex, uint32_t> guests;
  for (const auto& [id, kept] : state.cluster.exports) {
    ++uploads[state.fleet.peer(kept.source).host];
    ++guests[state.fleet.peer(kept.source).host];
    ++references[kept.source.value()];
  }
  for (const auto& [host, count] : guests)
    TYTO_ASSERT(state.fleet.host(host).guest_uploads == count);
  for (const auto& [host, count] : uploads) {
    const HostRow& row = state.fleet.host(host);
    TYTO_ASSERT(row.uploads == count);
    bool has_room = row.is_in_doubt != 0 || count < upload_slots(state, row);
    TYTO_ASSERT(state.fleet.has_room(host) == has_room);
  }
  for (uint32_t p = 0; p < state.fleet.peer_rows(); ++p) {
    const PeerRow& peer = state.fleet.peer(PeerIndex(p));
    uint32_t own = PeerIndex(p) == state.cluster.stand_in ? 1 : 0;
    TYTO_ASSERT(peer.references == references[p] + own);
    if (!peer.is_used || peer.is_gone) continue;
    TYTO_ASSERT(peer.downloads == downloads[PeerIndex(p)]);
    TYTO_ASSERT(state.sessions[peer.session].downloads.size() == peer.downloads);
  }
}

// Buckets' shares of a peer's store are the bytes of their versions.
void check_shares(const State& state, const Session& session) {
  std::map<BucketIndex, Share> shares;
  auto count = [&](VersionIndex version, uint32_t chunk) -> std::pair<Share&, uint64_t> {
    const VersionRow& row = state.versions[version];
    return {shares[row.bucket], row.chunking.length_of(ChunkIndex(chunk))};
  };
  for (const auto& [version, chunk] : session.evictions) {
    auto [share, bytes] = count(version, chunk);
    share.used_bytes += bytes;
    share.evicting_bytes += bytes;
  }
  if (session.memory != nullptr) {
    for (const auto& [version, chunk] : session.memory->evictions) {
      auto [share, bytes] = count(version, chunk);
      share.memory_used_bytes += bytes;
      share.memory_evicting_bytes += bytes;
    }
    for (const auto& [version, chunk] : session.memory->kept) {
      auto [share, bytes] = count(version, chunk);
      share.memory_used_bytes += bytes;
    }
  }
  for (const Download& download : session.downloads) {
    auto [share, bytes] = count(download.version, download.chunk);
    share.used_bytes += bytes;
    if (state.transfers[download.transfer].is_in_memory != 0) share.memory_used_bytes += bytes;
  }
  for (ReaderIndex r : session.readers) {
    VersionIndex version = state.readers[r].version;
    uint64_t bytes = shadow_bytes(state, session.peer, version);
    if (bytes > 0) shares[state.versions[version].bucket].used_bytes += bytes;
  }
  HoldingIndex h = state.fleet.peer(session.peer).newest_holding;
  for (; h != kNoHolding; h = state.holdings[h].older) {
    VersionIndex version = state.holdings[h].version;
    for (uint32_t c = 0; c < state.versions[version].chunk_count(); ++c) {
      if (!state.holdings.has(h, c)) continue;
      auto [share, bytes] = count(version, c);
      share.used_bytes += bytes;
    }
  }
  TYTO_ASSERT(session.shares.rows().size() == shares.size());
  for (const auto& [bucket, share] : shares) {
    TYTO_ASSERT(session.shares.of(bucket).used_bytes == share.used_bytes);
    TYTO_ASSERT(session.shares.of(bucket).evicting_bytes == share.evicting_bytes);
    TYTO_ASSERT(session.shares.of(bucket).memory_used_bytes == share.memory_used_bytes);
    TYTO_ASSERT(session.shares.of(bucket).memory_evicting_bytes == share.memory_evicting_bytes);
  }
}

// What a bucket takes of all stores is what it takes of each.
void check_fleet_shares(const State& state) {
  std::map<BucketIndex, FleetShare> sums;
  for (uint32_t s = 0; s < state.sessions.rows(); ++s) {
    if (!state.sessions.is_used(SessionIndex(s))) continue;
    const Session& session = state.sessions[SessionIndex(s)];
    for (const Share& share : session.shares.rows()) {
      if (share.bucket == kNoBucket) continue;
      sums[share.bucket].used_bytes += share.used_bytes;
      sums[share.bucket].evicting_bytes += share.evicting_bytes;
      const FleetShare& all = *state.fleet_shares.find(share.bucket);
      TYTO_ASSERT(all.peers.at(share.place) == session.peer);
      sums[share.bucket].peers.push_back(session.peer);
    }
  }
  for (uint32_t b = 0; b < state.fleet_shares.size(); ++b) {
    const FleetShare& all = *state.fleet_shares.find(BucketIndex(b));
    const FleetShare& sum = sums[BucketIndex(b)];
    TYTO_ASSERT(all.used_bytes == sum.used_bytes && all.evicting_bytes == sum.evicting_bytes);
    TYTO_ASSERT(all.peers.size() == sum.peers.size());
  }
}

// What is booked in a peer's memory is held by it, or told to go; and it adds up. Returns how much
// there is, on its way included.
uint64_t check_memory(const State& state, const Session& session) {
  uint64_t coming = 0;
  for (const Download& download : session.downloads)
    if (state.transfers[download.transfer].is_in_memory != 0)
      coming += state.versions[download.version].chunking.length_of(ChunkIndex(download.chunk));
  if (session.memory == nullptr) {
    TYTO_ASSERT(coming == 0);
    return 0;
  }
  const MemoryAccount& memory = *session.memory;
  uint64_t held = 0;
  uint64_t evicting = 0;
  for (const auto& [version, chunk] : memory.kept) {
    HoldingIndex holding = state.holdings.find(version, session.peer);
    ReaderIndex reader = state.readers.find(session.peer, version);
    std::size_t times = holding != kNoHolding && state.holdings.has(holding, chunk) ? 1 : 0;
    bool is_brought = reader != kNoReader && state.readers[reader].at_origin.is_shadow &&
                      state.readers[reader].at_origin.brought.test(chunk);
    times += is_brought ? 1 : 0;
    TYTO_ASSERT(memory.kept.count({version, chunk}) <= times);
    held += state.versions[version].chunking.length_of(ChunkIndex(chunk));
  }
  for (const auto& [version, chunk] : memory.evictions) {
    TYTO_ASSERT(session.evictions.contains({version, chunk}));
    evicting += state.versions[version].chunking.length_of(ChunkIndex(chunk));
  }
  TYTO_ASSERT(memory.evicting_bytes == evicting);
  TYTO_ASSERT(memory.used_bytes == held + evicting + coming);
  return memory.used_bytes;
}

// Bytes used are those held, those on their way, and those told to go and not gone yet.
void check_bytes(const State& state) {
  for (uint32_t s = 0; s < state.sessions.rows(); ++s) {
    SessionIndex index(s);
    if (!state.sessions.is_used(index)) continue;
    const Session& session = state.sessions[index];
    const PeerRow& peer = state.fleet.peer(session.peer);
    TYTO_ASSERT(peer.session == index && peer.is_used && !peer.is_gone);
    TYTO_ASSERT(session.pending.size() <= kExchangesOpenMax);
    uint64_t bytes = 0;
    uint64_t evicting = 0;
    auto length = [&](VersionIndex v, uint32_t c) {
      return state.versions[v].chunking.length_of(ChunkIndex(c));
    };
    for (const auto& [version, chunk] : session.evictions) evicting += length(version, chunk);
    for (HoldingIndex h = peer.newest_holding; h != kNoHolding; h = state.holdings[h].older) {
      VersionIndex version = state.holdings[h].version;
      for (uint32_t c = 0; c < state.versions[version].chunk_count(); ++c)
        if (state.holdings.has(h, c)) bytes += length(version, c);
    }
    for (const Download& download : session.downloads) {
      const TransferRow& row = state.transfers[download.transfer];
      TYTO_ASSERT(row.version == download.version && row.chunk == download.chunk);
      bytes += length(row.version, row.chunk);
    }
    for (ReaderIndex r : session.readers)
      bytes += shadow_bytes(state, session.peer, state.readers[r].version);
    const uint64_t in_memory = check_memory(state, session);
    const uint64_t going = session.memory == nullptr ? 0 : session.memory->evicting_bytes;
    TYTO_ASSERT(peer.evicting_bytes + going == evicting);
    TYTO_ASSERT(peer.used_bytes + in_memory == bytes + evicting);
    check_shares(state, session);
  }
}

// Budgets count what is under way, and nobody stands in a line twice.
void check_origins(const State& state) {
  std::map<BucketIndex, std::set<uint64_t>> runs;
  for (uint32_t r = 0; r < state.origin_reads.rows(); ++r) {
    if (!state.origin_reads.is_used(ReadIndex(r))) continue;
    const OriginRead& read = state.origin_reads[ReadIndex(r)];
    TYTO_ASSERT(state.origin_reads.find(read.transfer) == ReadIndex(r));
    if (!read.is_of_directory) runs[read.bucket].insert(read.run);
  }
  for (uint32_t t = 0; t < state.transfers.rows(); ++t) {
    const TransferRow& row = state.transfers[TransferIndex(t)];
    bool is_read = state.origin_reads.find(TransferIndex(t)) != kNoRead;
    TYTO_ASSERT(is_read == (row.n != 0 && row.source == kNoPeer));
  }
  for (uint32_t b = 0; b < state.origins.size(); ++b) {
    const OriginDesk& desk = state.origins[BucketIndex(b)];
    TYTO_ASSERT(desk.budget.reads() == runs[BucketIndex(b)].size());
    std::set<ReaderIndex> in_line;
    for (std::size_t i = 0; i < desk.line.size(); ++i) {
      TYTO_ASSERT(in_line.insert(desk.line[i]).second && state.readers.is_used(desk.line[i]));
      TYTO_ASSERT(state.readers[desk.line[i]].at_origin.is_in_line);
    }
  }
}

void check_readers(const State& state) {
  for (uint32_t r = 0; r < state.readers.rows(); ++r) {
    ReaderIndex index(r);
    if (!state.readers.is_used(index)) continue;
    const Reader& reader = state.readers[index];
    TYTO_ASSERT(!reader.opens.empty());
    TYTO_ASSERT(reader.active == reader.in_flight.count());
    TYTO_ASSERT(state.readers.find(reader.peer, reader.version) == index);
  }
}

// Whether the rack is woken when a chunk comes from the origin, or fails to.
bool is_read_by_rack(const VersionRow& version, uint32_t rack, uint32_t chunk) {
  const RackDemand* demand = version.demand(rack);
  return demand != nullptr && demand->newest[chunk] != kNoTransfer;
}

// Nobody in a parked reader's rack could send it anything, and nobody else may.
void check_parked_reader(const State& state, ReaderIndex index, const Lot& lot) {
  const Reader& reader = state.readers[index];
  TYTO_ASSERT(state.readers.is_used(index) && reader.version == lot.version);
  TYTO_ASSERT(state.fleet.place_of(reader.peer).rack == lot.rack && !reader.is_waiting);
  if (lot.is_woken || lot.is_unfinished || reader.is_dirty) return;
  Picks picks = pick(state, reader, NearSources::kWithRoom);
  TYTO_ASSERT(picks.near.size() == 0);
  if (picks.inbound >= state.versions[lot.version].assignments_max) return;
  TYTO_ASSERT(picks.fresh.size() == 0 && picks.far.size() == 0);
  TYTO_ASSERT(picks.unheld == kNone);
  TYTO_ASSERT(picks.leased == kNone ||
              is_read_by_rack(state.versions[lot.version], lot.rack, picks.leased));
}

void check_parking(const State& state) {
  for (uint32_t l = 0; l < state.parking.rows(); ++l) {
    if (!state.parking.is_used(LotIndex(l))) continue;
    const Lot& lot = state.parking[LotIndex(l)];
    uint32_t count = 0;
    for (ReaderIndex r = lot.first; r != kNoReader; r = state.parking.after(r), ++count) {
      TYTO_ASSERT(state.parking.lot_of(r) == LotIndex(l));
      check_parked_reader(state, r, lot);
    }
    TYTO_ASSERT(count == lot.count && (count > 0 || lot.is_woken));
  }
}

// What is between trackers agrees with the tables, and is within its bounds.
void check_cluster(const State& state) {
  const Cluster& cluster = state.cluster;
  std::map<VersionIndex, std::set<uint32_t>> wished;
  for (const auto& [key, wish] : cluster.wishes) {
    if (wish.stage != WishStage::kReading) wished[key.version].insert(key.chunk);
    TYTO_ASSERT(cluster.granted.contains(key) == (wish.stage == WishStage::kGranted));
  }
  for (uint32_t v = 0; v < state.versions.size(); ++v) {
    const VersionRow& row = state.versions[VersionIndex(v)];
    std::set<uint32_t> awaited(row.awaited.begin(), row.awaited.end());
    TYTO_ASSERT(awaited.size() == row.awaited.size());
    TYTO_ASSERT(row.awaited.empty() ? !wished.contains(VersionIndex(v))
                                    : awaited == wished[VersionIndex(v)]);
  }
  for (const auto& [transfer, import] : cluster.imports) {
    TYTO_ASSERT(state.transfers[transfer].n != 0);
    TYTO_ASSERT(state.fleet.peer(state.transfers[transfer].source).is_foreign != 0);
  }
  for (const auto& [transfer, duty] : cluster.duties)
    TYTO_ASSERT(state.transfers[transfer].n != 0 && state.transfers[transfer].source == kNoPeer);
  std::map<MemberId, uint32_t> serving;
  std::map<MemberId, uint32_t> wishes;
  std::map<BucketIndex, uint32_t> reads;
  for (const auto& [version, catalogue] : cluster.directory) {
    for (const auto& [chunk, desk] : catalogue.desks) {
      for (const Waiting& waiting : desk.waiting) {
        ++wishes[waiting.asker];
        if (waiting.asked != MemberId()) ++serving[waiting.asked];
      }
      if (desk.is_budgeted) ++reads[state.versions[version].bucket];
    }
  }
  for (const auto& [id, link] : cluster.links)
    TYTO_ASSERT(link.wishes == wishes[id] && link.serving == serving[id]);
  for (const auto& [bucket, budget] : cluster.budgets)
    TYTO_ASSERT(budget.budget.reads() == reads[bucket] + budget.permits.size());
}

// Each request that is under way with a permit has one of its own, and none is in use for nothing.
void check_permits(const State& state) {
  std::map<BucketIndex, std::set<PermitId>> used;
  for (uint32_t i = 0; i < state.origin_reads.rows(); ++i) {
    const OriginRead& read = state.origin_reads[ReadIndex(i)];
    if (read.holder != kNoPeer && read.permit != PermitId()) used[read.bucket].insert(read.permit);
  }
  for (const auto& [bucket, permits] : state.cluster.permits) {
    for (const auto& [id, permit] : permits)
      TYTO_ASSERT((permit.stage == PermitStage::kInUse) == used[bucket].contains(id));
    TYTO_ASSERT(used[bucket].size() <= permits.size());
  }
}

// Nobody stands in a line of a region's budget twice, and wishes stand where they say.
void check_crossings(const State& state) {
  std::map<std::pair<BucketIndex, uint32_t>, std::pair<uint32_t, uint32_t>> wishes;
  for (const auto& [key, wish] : state.cluster.wishes) {
    if (wish.crossing == Crossing::kNotAsked) continue;
    auto& [in_line, asked] = wishes[{wish.bucket, wish.region}];
    ++(wish.crossing == Crossing::kInLine ? in_line : asked);
    if (wish.crossing == Crossing::kInLine) TYTO_ASSERT(wish.stage == WishStage::kPostponed);
  }
  for (uint32_t b = 0; b < state.buckets.size(); ++b) {
    for (const auto& [region, budget] : state.buckets[BucketIndex(b)].crossings) {
      TYTO_ASSERT(std::set<ReaderIndex>(budget.line.begin(), budget.line.end()) == budget.in_line);
      TYTO_ASSERT(budget.line.size() == budget.in_line.size());
      TYTO_ASSERT(!budget.in_line.contains(budget.turn));
      const auto& [in_line, asked] = wishes[{BucketIndex(b), region}];
      TYTO_ASSERT(budget.wishes.size() == in_line && budget.wishes_asked == asked);
      for (const ChunkKey& key : budget.wishes)
        TYTO_ASSERT(state.cluster.wishes.at(key).crossing == Crossing::kInLine);
      if (in_line > 0) TYTO_ASSERT(state.cluster.crossings.contains({BucketIndex(b), region}));
      // Whoever waits is looked at again.
      bool is_waited_for = !budget.line.empty();
      TYTO_ASSERT(!is_waited_for || !budget.due.is_never());
    }
  }
}

}  // namespace

void TrackerCore::check_invariants() const {
  check_versions(*state_);
  for (uint32_t v = 0; v < state_->versions.size(); ++v)
    check_demand(*state_, state_->versions[VersionIndex(v)]);
  check_transfers(*state_);
  check_bytes(*state_);
  check_fleet_shares(*state_);
  check_origins(*state_);
  check_readers(*state_);
  check_parking(*state_);
  check_cluster(*state_);
  check_permits(*state_);
  check_crossings(*state_);
}

}  // namespace tyto::tracker
