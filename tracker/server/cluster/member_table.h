// Who belongs to the cluster: this tracker, and those to which it has a link.
#pragma once

#include <map>
#include <optional>

#include "base/time.h"
#include "schema/messages/cluster.h"

namespace tyto::tracker {

// Turns links that come and go into the list of members, which changes only after a while, so that
// a link that is lost and found again moves nothing, and a cluster that starts counts once.
//
// Purity:    pure.
// Bounds:    kClusterMembersMax members; links beyond are refused by who makes them.
class MemberTable {
 public:
  MemberTable(Member self, Duration debounce);

  void linked(Instant now, const Member& member);
  void unlinked(Instant now, MemberId member);
  // The new list, if it is another one and the time for it has come.
  std::optional<Members> poll(Instant now);
  // When poll() has something to say, unless it is all as it was by then.
  Instant due() const { return due_; }

  // As of the last poll().
  const Members& members() const { return members_; }
  bool is_member(MemberId member) const;
  const Member& self() const { return self_; }

 private:
  std::vector<Member> wanted() const;
  void look(Instant now);

  const Member self_;
  const Duration debounce_;
  std::map<MemberId, Member> linked_;
  Members members_;
  Instant due_ = Instant::never();
};

}  // namespace tyto::tracker
