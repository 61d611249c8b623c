#include "tracker/core/caching/books.h"

namespace tyto::tracker {

uint64_t& Books::used(Medium medium) {
  return medium == Medium::kMemory ? memory_of(session_).used_bytes
                                   : state_.fleet.peer(session_.peer).used_bytes;
}

uint64_t& Books::evicting(Medium medium) {
  return medium == Medium::kMemory ? memory_of(session_).evicting_bytes
                                   : state_.fleet.peer(session_.peer).evicting_bytes;
}

void Books::use(BucketIndex bucket, uint64_t bytes, Medium medium) {
  used(medium) += bytes;
  session_.shares.use(bucket, bytes, medium);
  if (bucket == kNoBucket) return;
  state_.fleet_shares[bucket].used_bytes += bytes;
  enter_list(bucket);
}

void Books::free(BucketIndex bucket, uint64_t bytes, Medium medium) {
  used(medium) -= bytes;
  uint32_t place = session_.shares.of(bucket).place;
  session_.shares.free(bucket, bytes, medium);
  if (bucket == kNoBucket) return;
  state_.fleet_shares[bucket].used_bytes -= bytes;
  if (session_.shares.find(bucket) == nullptr) leave_list(bucket, place);
}

void Books::begin_evicting(BucketIndex bucket, uint64_t bytes, Medium medium) {
  evicting(medium) += bytes;
  session_.shares.begin_evicting(bucket, bytes, medium);
  if (bucket != kNoBucket) state_.fleet_shares[bucket].evicting_bytes += bytes;
}

void Books::end_evicting(BucketIndex bucket, uint64_t bytes, Medium medium) {
  used(medium) -= bytes;
  evicting(medium) -= bytes;
  uint32_t place = session_.shares.of(bucket).place;
  session_.shares.end_evicting(bucket, bytes, medium);
  if (bucket == kNoBucket) return;
  state_.fleet_shares[bucket].used_bytes -= bytes;
  state_.fleet_shares[bucket].evicting_bytes -= bytes;
  if (session_.shares.find(bucket) == nullptr) leave_list(bucket, place);
}

void Books::close() {
  for (const Share& share : session_.shares.rows()) {
    if (share.bucket == kNoBucket) continue;
    FleetShare& all = state_.fleet_shares[share.bucket];
    all.used_bytes -= share.used_bytes;
    all.evicting_bytes -= share.evicting_bytes;
    leave_list(share.bucket, share.place);
  }
  session_.shares = Shares();
}

void Books::enter_list(BucketIndex bucket) {
  Share* share = session_.shares.find(bucket);
  if (share == nullptr || share->place != kNone) return;
  auto& peers = state_.fleet_shares[bucket].peers;
  share->place = static_cast<uint32_t>(peers.size());
  peers.push_back(session_.peer);
}

// The last of the list takes its place.
void Books::leave_list(BucketIndex bucket, uint32_t place) {
  if (place == kNone) return;
  auto& peers = state_.fleet_shares[bucket].peers;
  PeerIndex last = peers.back();
  peers[place] = last;
  peers.pop_back();
  if (place == peers.size()) return;
  state_.sessions[state_.fleet.peer(last).session].shares.find(bucket)->place = place;
}

}  // namespace tyto::tracker
