// Read-only pictures of the state, for people.
#include <algorithm>

#include "tracker/core/caching/fleet_quota.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

PeerPicture picture_of(const State& state, PeerIndex index) {
  const PeerRow& row = state.fleet.peer(index);
  const PeerDetails& details = state.fleet.details(index);
  const Session& session = state.sessions[row.session];
  PeerPicture picture;
  picture.peer = row.id;
  picture.role = row.is_superpeer ? Role::kSuperpeer : Role::kPeer;
  picture.name = details.name;
  picture.location = state.fleet.location_of(index);
  picture.data_address = details.data_address;
  picture.store_bytes = row.store_bytes;
  picture.used_bytes = row.used_bytes;
  const Account memory = account_of(state, index, Medium::kMemory);
  picture.memory_bytes = memory.limit_bytes;
  picture.used_memory_bytes = memory.used_bytes;
  picture.uploads = state.fleet.host(row.host).uploads;
  picture.uploads_max = state.fleet.host(row.host).uploads_max;
  picture.downloads = row.downloads;
  picture.opens = static_cast<uint32_t>(session.opens.size());
  picture.is_connected = session.connection.has_value();
  picture.is_leaving = row.is_leaving != 0;
  picture.is_suspect = row.suspect_until > state.now;
  picture.is_quarantined = row.is_quarantined != 0 && picture.is_suspect;
  return picture;
}

VersionPicture picture_of(const State& state, VersionIndex index) {
  const VersionRow& row = state.versions[index];
  VersionPicture picture;
  picture.facts = row.facts;
  picture.id = row.id;
  picture.chunk_count = row.chunk_count();
  for (const Digest& root : row.roots) picture.roots_known += root.is_zero() ? 0 : 1;
  picture.members = row.members;
  picture.complete = row.complete;
  for (const RackGroup& group : row.groups)
    for (const Holder& holder : group.holders)
      if (chunks_in_memory(state, state.holdings[holder.holding].peer, index) > 0)
        ++picture.in_memory;
  picture.readers = row.readers;
  if (!row.copies.empty())
    picture.copies_min = *std::min_element(row.copies.begin(), row.copies.end());
  picture.heat_milliopens = row.heat.milliopens(state.now);
  picture.is_hot = row.heat.is_at_least(state.policy(index).selection.hot_from, state.now);
  picture.is_pinned = state.pins.holds(row.id, state.now);
  return picture;
}

}  // namespace

Records TrackerCore::records() const {
  const State& state = *state_;
  Records records{.sessions = state.sessions.count(),
                  .versions = state.versions.size(),
                  .names = state.names.size(),
                  .transfers = state.transfers.count(),
                  .timers = state.timers.size()};
  for (uint32_t v = 0; v < state.versions.size(); ++v)
    records.holdings += state.versions[VersionIndex(v)].members;
  for (uint32_t r = 0; r < state.readers.rows(); ++r)
    records.readers += state.readers.is_used(ReaderIndex(r)) ? 1 : 0;
  return records;
}

std::optional<BucketPicture> TrackerCore::bucket_picture(const std::string& name) const {
  auto bucket = state_->buckets.find(name);
  if (!bucket) return std::nullopt;
  BucketPicture picture{.name = name, .kept_bytes_max = fleet_quota(*state_, *bucket)};
  const FleetShare* share = state_->fleet_shares.find(*bucket);
  if (share == nullptr) return picture;
  picture.kept_bytes = share->kept_bytes();
  picture.evicting_bytes = share->evicting_bytes;
  picture.peers = static_cast<uint32_t>(share->peers.size());
  return picture;
}

void TrackerCore::visit_peers(const std::function<void(const PeerPicture&)>& visit) const {
  for (uint32_t i = 0; i < state_->sessions.rows(); ++i) {
    SessionIndex session(i);
    if (state_->sessions.is_used(session))
      visit(picture_of(*state_, state_->sessions[session].peer));
  }
}

void TrackerCore::visit_versions(const std::function<void(const VersionPicture&)>& visit) const {
  std::vector<VersionIndex> order;
  for (uint32_t i = 0; i < state_->versions.size(); ++i) order.emplace_back(i);
  std::sort(order.begin(), order.end(), [&](VersionIndex a, VersionIndex b) {
    return state_->versions[a].id < state_->versions[b].id;
  });
  for (VersionIndex index : order) visit(picture_of(*state_, index));
}

std::optional<VersionPicture> TrackerCore::version_picture(const VersionId& version) const {
  auto index = state_->versions.find(version);
  if (!index) return std::nullopt;
  return picture_of(*state_, *index);
}

void TrackerCore::visit_transfers(const std::function<void(const TransferPicture&)>& visit) const {
  std::vector<TransferIndex> order;
  for (uint32_t i = 0; i < state_->transfers.rows(); ++i)
    if (state_->transfers[TransferIndex(i)].n != 0) order.emplace_back(i);
  std::sort(order.begin(), order.end(), [&](TransferIndex a, TransferIndex b) {
    return state_->transfers[a].n < state_->transfers[b].n;
  });
  for (TransferIndex index : order) {
    const TransferRow& row = state_->transfers[index];
    TransferPicture picture;
    picture.assignment = {state_->epoch, row.n};
    picture.chunk = {state_->versions[row.version].id, ChunkIndex(row.chunk)};
    picture.reader = state_->fleet.peer(row.receiver).id;
    picture.source = source_of(*state_, row.source, row.source_generation);
    picture.quarters = row.quarters;
    picture.since = row.since;
    picture.reason = state_->transfers.reason(index);
    visit(picture);
  }
}

}  // namespace tyto::tracker
