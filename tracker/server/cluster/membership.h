// Where the other trackers of a cluster may be reached: by a list, or by what a shared catalog
// says.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "io/loop/host_port.h"
#include "schema/messages/cluster.h"

namespace tyto::tracker {

// Says which addresses a tracker connects to. Who is a member is not decided here: that takes a
// link (see ClusterLinks). An address of this tracker's own may be among them.
//
// Purity:    shell.
// Threads:   confined to its loop.
class Membership {
 public:
  using Changed = std::function<void(std::vector<io::HostPort>)>;
  virtual ~Membership() = default;
  // Makes this tracker known, where that is its part, and calls `changed`, on the loop, with all
  // addresses: once now, or soon, and whenever they have changed.
  virtual void start(const Member& self, Changed changed) = 0;
  // This tracker is about to exit: others need not wait until they notice. May be called twice.
  virtual void leave() {}
};

// The list of `cluster.members`.
class StaticMembership final : public Membership {
 public:
  explicit StaticMembership(std::vector<io::HostPort> addresses)
      : addresses_(std::move(addresses)) {}
  void start(const Member&, Changed changed) override { changed(addresses_); }

 private:
  const std::vector<io::HostPort> addresses_;
};

}  // namespace tyto::tracker
