// From errors of adapters to the kinds of failure that trackers know.
#pragma once

#include "base/result.h"
#include "schema/messages/events.h"

namespace tyto::peer {

// What a store's or a ChunkAssembly's error means for a transfer: kCorrupt, kNoSpace or kInternal.
FailureKind failure_of_assembly(const Error& error);
// What the end of a connection to a peer means: kStalled for time-outs, else kUnreachable.
FailureKind failure_of_connection(const Error& error);

}  // namespace tyto::peer
