#include "tracker/membership/lease_view.h"

#include <algorithm>
#include <utility>

namespace tyto::tracker {

bool LeaseView::take(Instant now, const std::vector<LeaseRow>& rows, Duration database_up) {
  if (std::exchange(is_out_, false)) mercy_until_ = now + term_;
  const bool is_young = database_up < term_;
  const Instant young_until = now + (term_ - database_up);
  std::map<MemberId, Member> live = {{own_.id, own_}};
  next_expiry_ = Instant::never();
  for (const LeaseRow& row : rows) {
    const MemberId id = row.member.id;
    if (id == own_.id) continue;
    Instant until = now + row.left;
    const bool was_known = std::any_of(members_.members.begin(), members_.members.end(),
                                       [&](const Member& member) { return member.id == id; });
    if (was_known) until = std::max(until, mercy_until_);
    if (is_young) until = std::max(until, young_until);
    if (until <= now) continue;
    live[id] = row.member;
    next_expiry_ = std::min(next_expiry_, until);
  }
  std::vector<Member> members;
  for (auto& [id, member] : live) members.push_back(std::move(member));
  if (members == members_.members) return false;
  members_.members = std::move(members);
  ++members_.serial;
  return true;
}

}  // namespace tyto::tracker
