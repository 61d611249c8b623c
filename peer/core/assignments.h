// Fetching chunks as the tracker orders.
#pragma once

#include <string>

#include "peer/core/core_state.h"

namespace tyto::peer {

// Starts what is ordered. A chunk that is here is reported at once. One that is on its way by
// itself, or by an order of a session that is over, goes on under the new order's name, and has
// the new order's sources to fall back on; one on its way by an order that still holds goes on,
// and the new order fails: two names for one transfer would make the tracker count it twice.
// Orders that make no sense fail with kInternal.
void assign(Turn& turn, Assign order);
void cancel_assignment(Turn& turn, const AssignmentId& assignment);

// The source failed: goes on with the next one, if that can help; or else the assignment fails.
// Requires: the transfer is kAssigned, and not in the table any more.
void assigned_transfer_failed(Turn& turn, Transfer transfer, const TransferFailed& failure);

// Reports the end of an assignment without its chunk; of other transfers, nothing.
void report_assignment_ended(Turn& turn, const Transfer& transfer, FailureKind kind,
                             uint32_t bytes_wasted, const std::string& why);

}  // namespace tyto::peer
