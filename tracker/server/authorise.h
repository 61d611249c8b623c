// Who may take part, and what leave they carry: the one place that decides it.
#pragma once

#include <string>

#include "base/result.h"
#include "io/loop/host_port.h"
#include "schema/messages/exchange.h"

namespace tyto::tracker {

// The seam for authorisation. At present everybody who reaches the tracker's port may take part,
// and tickets are empty, which peers read as "authorisation is off". What will check credentials
// against access lists and sign tickets stands here, and nowhere else: registration and renewal
// pass through these two functions.
//
// Threads: any.

// Whether the sender of `request`, seen at `from`, may register. kDenied otherwise, with the
// reason for its operator.
Result<void> authorise(const RegisterRequest& request, const io::HostPort& from);

// The ticket that a peer which was let in carries to every source.
Ticket issue_ticket(const RegisterRequest& request);

}  // namespace tyto::tracker
