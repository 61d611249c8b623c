// Caches of some peers under the tracker's own books and policies, without a network: what is asked
// for is there at once. For tests of what the policies are worth.
#pragma once

#include <string>
#include <vector>

#include "tracker/core/state.h"

namespace tyto::tracker {

class CacheModel {
 public:
  struct Spec {
    uint32_t peers = 1;
    uint32_t objects = 1000;  // of one chunk each
    uint32_t room = 50;       // objects that one peer can keep
    CachingPolicy caching;
  };
  enum class Outcome : uint8_t { kHere, kElsewhere, kNowhere };

  explicit CacheModel(const Spec& spec) : state_(Config{}) {
    Policy policy;
    policy.caching = spec.caching;
    state_.effects = &effects_;
    state_.buckets.put(bucket(), std::make_shared<const Policy>(policy));
    for (uint32_t i = 0; i < spec.objects; ++i) add_object(i);
    for (uint32_t i = 0; i < spec.peers; ++i) add_peer(i, uint64_t{spec.room} * kChunkBytesMin);
  }

  // The peer reads the object, a millisecond after what was read last, and keeps it.
  Outcome request(uint32_t peer, uint32_t object) {
    state_.now = state_.now + Duration::milliseconds(1);
    state_.holdings.set_now(state_.now);
    VersionIndex version(object);
    PeerIndex reader(peer);
    state_.versions[version].heat.note_open(state_.now);
    HoldingIndex holding = state_.holdings.find(version, reader);
    if (holding != kNoHolding) {
      state_.holdings.touch(holding);
      return Outcome::kHere;
    }
    bool is_elsewhere = state_.versions[version].copies[0] > 0;
    SessionIndex session = state_.fleet.peer(reader).session;
    while (reserve(state_, reader, version, kChunkBytesMin) != Space::kReserved)
      confirm_evictions(session);
    state_.holdings.add(version, reader, 0);  // in place of what was reserved
    return is_elsewhere ? Outcome::kElsewhere : Outcome::kNowhere;
  }

 private:
  static BucketConfig bucket() {
    BucketConfig bucket;
    bucket.id = BucketId(1);
    bucket.name = "b";
    return bucket;
  }
  void add_object(uint32_t i) {
    auto facts = std::make_shared<VersionFacts>();
    facts->id.digest.bytes[0] = static_cast<uint8_t>(i);
    facts->id.digest.bytes[1] = static_cast<uint8_t>(i >> 8);
    facts->id.digest.bytes[2] = static_cast<uint8_t>(i >> 16);
    facts->bucket_name = "b";
    facts->key = std::to_string(i);
    facts->chunking = {kChunkBytesMin, kChunkBytesMin};
    state_.set_facts(state_.versions.intern(facts->id, facts->chunking), facts);
  }
  void add_peer(uint32_t i, uint64_t bytes) {
    PeerIndex peer = state_.fleet.add(PeerId(i + 1));
    std::string host = "h" + std::to_string(i);
    state_.fleet.peer(peer).host = state_.fleet.host_at(Location::parse(host).value());
    state_.fleet.peer(peer).session = state_.sessions.add(SessionId(i + 1), peer);
    state_.fleet.details(peer).lent_bytes = bytes;
  }
  void confirm_evictions(SessionIndex session) {
    std::vector<Command> staged = std::move(state_.sessions[session].staged);
    state_.sessions[session].staged.clear();
    for (const Command& command : staged) {
      const auto& order = std::get<Evict>(command);
      take_dropped(state_, session, {order.version, order.first, order.count});
    }
  }

  State state_;
  Effects effects_;
};

}  // namespace tyto::tracker
