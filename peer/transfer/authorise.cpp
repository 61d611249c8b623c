#include "peer/transfer/authorise.h"

#include "base/limits.h"
#include "peer/transfer/data_protocol.h"

namespace tyto::peer {

Access authorise(const AccessRequest& request) {
  if (request.ticket.empty())
    return request.rule == TicketRule::kRequired ? Access::kTicketMissing : Access::kAllowed;
  if (request.ticket.size() > kTicketBytesMax || !is_header_safe(request.ticket))
    return Access::kDenied;
  return Access::kAllowed;
}

}  // namespace tyto::peer
