// What tests of caching need besides the driver: peers of a size, and obedience to evictions.
#pragma once

#include "tests/support/tracker_core_driver.h"

namespace tyto::tracker {

class CachingDriver : public TrackerDriver {
 public:
  static constexpr uint64_t kChunk = kChunkBytesMin;

  // A peer that lends room for so many chunks.
  void join_small(const std::string& name, uint32_t chunks, const std::string& location = "") {
    RegisterRequest r = request(name, location);
    r.store_bytes = chunks * kChunk;
    join_as(name, r);
    send(name);
  }
  // The same, and lends memory for so many chunks besides.
  void join_with_memory(const std::string& name, uint32_t memory_chunks, uint32_t chunks = 100) {
    RegisterRequest r = request(name, "");
    r.store_bytes = chunks * kChunk;
    r.memory_bytes = memory_chunks * kChunk;
    join_as(name, r);
    send(name);
  }
  void put_bucket(const std::string& name, const Policy& policy = {}) { set_policy(policy, name); }
  static Policy keeping(const CachingPolicy& caching) {
    Policy policy;
    policy.caching = caching;
    return policy;
  }
  void pin(const std::string& bucket, const std::string& key, Duration span) {
    auto plan = core.plan_pin({{bucket, key}, std::nullopt, now, now + span});
    ASSERT_TRUE(plan.ok()) << plan.error().message;
    input(*plan);
  }
  // The evictions ordered of a peer, as "key/first+count" in their order.
  std::string evicted(const std::string& name) {
    std::string text;
    for (const Command& command : peers.at(name).commands)
      if (const auto* order = std::get_if<Evict>(&command))
        text += (text.empty() ? "" : " ") + key_of(order->version) + "/" +
                std::to_string(order->first) + "+" + std::to_string(order->count);
    return text;
  }
  Choice why_evicted(const std::string& name) { return last<Evict>(name)->reason.choice; }
  // The peer confirms what it was told to evict.
  void drop_all(const std::string& name) {
    std::vector<Event> events;
    auto& commands = peers.at(name).commands;
    for (const Command& command : commands)
      if (const auto* order = std::get_if<Evict>(&command))
        events.push_back(ChunksDropped{order->version, order->first, order->count});
    std::erase_if(commands, [](auto& c) { return std::holds_alternative<Evict>(c); });
    if (!events.empty()) send(name, events);
  }
  uint64_t used(const std::string& name) {
    uint64_t used = 0;
    core.visit_peers([&](const PeerPicture& peer) {
      if (peer.name == name) used = peer.used_bytes;
    });
    return used;
  }
  uint64_t used_memory(const std::string& name) {
    uint64_t used = 0;
    core.visit_peers([&](const PeerPicture& peer) {
      if (peer.name == name) used = peer.used_memory_bytes;
    });
    return used;
  }

 private:
  static std::string key_of(const VersionId& version) {
    std::string key;
    for (std::size_t i = 0; i < 24 && version.digest.bytes[i] != 0; ++i)
      key += static_cast<char>(version.digest.bytes[i]);
    return key;
  }
};

}  // namespace tyto::tracker
