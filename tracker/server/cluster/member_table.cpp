#include "tracker/server/cluster/member_table.h"

#include <algorithm>
#include <utility>

namespace tyto::tracker {

MemberTable::MemberTable(Member self, Duration debounce)
    : self_(std::move(self)), debounce_(debounce) {
  members_.serial = 1;
  members_.members = {self_};
}

void MemberTable::linked(Instant now, const Member& member) {
  linked_[member.id] = member;
  look(now);
}

void MemberTable::unlinked(Instant now, MemberId member) {
  linked_.erase(member);
  look(now);
}

std::vector<Member> MemberTable::wanted() const {
  std::vector<Member> all{self_};
  for (const auto& [id, member] : linked_) all.push_back(member);
  std::sort(all.begin(), all.end(), [](const Member& a, const Member& b) { return a.id < b.id; });
  return all;
}

// The time counts from the first difference, so that a link that flaps can't put it off for ever.
void MemberTable::look(Instant now) {
  if (wanted() == members_.members) {
    due_ = Instant::never();
  } else if (due_.is_never()) {
    due_ = now + debounce_;
  }
}

std::optional<Members> MemberTable::poll(Instant now) {
  if (due_ > now) return std::nullopt;
  due_ = Instant::never();
  ++members_.serial;
  members_.members = wanted();
  return members_;
}

bool MemberTable::is_member(MemberId member) const {
  return std::any_of(members_.members.begin(), members_.members.end(),
                     [&](const Member& one) { return one.id == member; });
}

}  // namespace tyto::tracker
