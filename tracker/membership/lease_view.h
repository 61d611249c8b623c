// From rows with leases to a list of members, so that an outage of the database takes nobody away.
#pragma once

#include <map>
#include <vector>

#include "base/time.h"
#include "schema/messages/cluster.h"

namespace tyto::tracker {

// A row of the table `members`, as it was read.
struct LeaseRow {
  Member member;
  Duration left;  // of its lease, by the database's clock; negative: has run out for so long
};

// While the database was out of reach nobody could renew a lease. So for one term after it is back,
// and after it was started, leases that ran out count as if they had not.
//
// Purity:  pure.
// Bounds:  the rows.
class LeaseView {
 public:
  LeaseView(Member own, Duration term) : own_(std::move(own)), term_(term) {}

  // What the table holds now. `database_up`: for how long the database has been running. True if
  // the members have changed.
  bool take(Instant now, const std::vector<LeaseRow>& rows, Duration database_up);
  // The database is out of reach: what is known stands.
  void note_outage() { is_out_ = true; }
  // The members, this one always among them; serial 0 before the first take().
  const Members& members() const { return members_; }
  // When the next lease runs out, if it is not renewed.
  Instant next_expiry() const { return next_expiry_; }

 private:
  const Member own_;
  const Duration term_;
  bool is_out_ = true;
  Instant mercy_until_;
  Instant next_expiry_ = Instant::never();
  Members members_;
};

}  // namespace tyto::tracker
