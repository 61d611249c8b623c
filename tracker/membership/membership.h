// Which trackers form the cluster, as this one sees it.
#pragma once

#include <functional>
#include <utility>

#include "base/result.h"
#include "schema/messages/cluster.h"

namespace tyto::tracker {

// Says who the members are, at the start and whenever that changes.
//
// Threads: `changed` may be called on a thread of the membership's own: post it to where it
// belongs.
class Membership {
 public:
  using Changed = std::function<void(Members)>;
  virtual ~Membership() = default;
  // Requires: called once.
  virtual void start(Changed changed) = 0;
  // Whether what is said may be out of date, since the place where members are kept is out of
  // reach. The last list stands meanwhile.
  virtual bool is_failing() const = 0;
};

// A list from a tracker's settings, the tracker itself among them: needs nothing else to run, and
// never changes.
class StaticMembership final : public Membership {
 public:
  // Requires: in the order of their ids, each once.
  explicit StaticMembership(std::vector<Member> members) : members_{1, std::move(members)} {}
  void start(Changed changed) override { changed(members_); }
  bool is_failing() const override { return false; }

 private:
  const Members members_;
};

}  // namespace tyto::tracker
