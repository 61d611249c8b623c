// The one place that decides who may read chunks here.
#pragma once

#include <string_view>

#include "base/ids.h"

namespace tyto::peer {

enum class TicketRule {
  kOptional,  // whoever reaches the port may read
  kRequired,  // a ticket must be shown; its signature is not looked at yet
};

enum class Access {
  kAllowed,
  kTicketMissing,  // answered 401
  kDenied,         // answered 403
};

struct AccessRequest {
  TicketRule rule = TicketRule::kOptional;
  std::string_view ticket;  // as sent, empty if none was
  VersionId version;        // what is asked for
};

// The answer for one request. A connection keeps it for as long as it shows the same ticket, so
// it depends on the rule and the ticket alone for now. Tickets are not signed yet: a present
// ticket of at most kTicketBytesMax printable bytes counts as good, and checking its signature,
// bucket and age against the trackers' public key belongs here and nowhere else.
//
// Purity: pure.
Access authorise(const AccessRequest& request);

}  // namespace tyto::peer
