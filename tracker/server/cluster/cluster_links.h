// The links of a tracker to the others of its cluster; schema/tracker_tracker.capnp has the rules.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop/host_port.h"
#include "schema/messages/cluster_join.h"
#include "tracker/core/effects.h"
#include "tracker/core/inputs.h"
#include "tracker/server/cluster/link_picture.h"
#include "tracker/server/cluster/member_door.h"

namespace tyto::io {
class Log;
class Loop;
}  // namespace tyto::io

namespace tyto::tracker {

// Makes and keeps the links, and tells the core who is a member and what the others say.
//
// A member is who has a link; the list of members changes `debounce` after links have. The core
// hears of a link (LinkUp) only after the list that has its member, and what arrives before is kept
// until then.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows the loop and the log; destroyed outside of KJ's events.
// Bounds:    kClusterMembersMax members; of a link, the backlog of SendQueue.
// Errors:    a link that breaks a rule, or is silent, is closed; it is made anew after a back-off.
class ClusterLinks final : public MemberDoor {
 public:
  struct Options {
    TrackerIntroduced self;
    Duration debounce = Duration::milliseconds(300);
    Duration beat = kClusterBeat;
    Duration silence_max = kClusterSilenceMax;
    uint64_t seed = 1;  // of the back-off's jitter
  };
  struct Hooks {
    std::function<void(Input input)> apply;
    // Ends a connection of the RPC port.
    std::function<void(io::RpcConnectionId)> close;
  };
  ClusterLinks(io::Loop& loop, io::Log& log, Options options, Hooks hooks);
  ~ClusterLinks() override;
  ClusterLinks(const ClusterLinks&) = delete;
  ClusterLinks& operator=(const ClusterLinks&) = delete;

  // Connects to these, in place of those it was told of before; links that stand stay.
  void reach(const std::vector<io::HostPort>& addresses);
  // Carries out the core's effect; lost if the member's link is not up.
  void send(SendToMember effect);
  // Ends all links, and makes none any more.
  void close();

  Result<JoinAnswer> join(const io::RpcConnectionInfo& from, const TrackerIntroduced& introduced,
                          wire::MemberLink::Client link) override;
  void left(io::RpcConnectionId connection) override;

  const Members& members() const;
  const TrackerIntroduced& self() const;
  // Others that were ever linked, by id; those of the present list that never answered.
  std::vector<LinkPicture> links() const;
  std::vector<AddressPicture> unreached() const;

  class Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tyto::tracker
