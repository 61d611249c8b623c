#include "tracker/server/notices.h"

#include <array>
#include <string>

#include "base/names.h"

namespace tyto::tracker {

io::LogLevel level_of(NoticeKind kind) {
  switch (kind) {
    case NoticeKind::kPeerRegistered:
    case NoticeKind::kPeerResumed:
    case NoticeKind::kPeerLeft:
    case NoticeKind::kPeerLost:
    case NoticeKind::kVersionUnknown: return io::LogLevel::kInfo;
    case NoticeKind::kSourceCorrupt:
    case NoticeKind::kSourceStalled:
    case NoticeKind::kSourceQuarantined:
    case NoticeKind::kRootConflict:
    case NoticeKind::kOriginChanged:
    case NoticeKind::kOriginFailed:
    case NoticeKind::kStoreFull:
    case NoticeKind::kLeaseLost:
    case NoticeKind::kMemberIncoherent:
    case NoticeKind::kProtocolBroken: return io::LogLevel::kWarning;
  }
  return io::LogLevel::kWarning;
}

void log_notice(io::RateLimitedLog& log, const Notice& notice) {
  const std::string kind(notice_kind_name(notice.kind));
  std::string key = kind;
  if (notice.kind != NoticeKind::kProtocolBroken) {
    key += ' ' + std::to_string(notice.peer.value()) + ' ' + notice.subject;
  }
  const std::string subject = printable(notice.subject, 300);
  const std::string detail = printable(notice.detail, 300);
  std::string message = kind;
  for (char& c : message)
    if (c == '_') c = ' ';
  if (notice.reporter == PeerId() && notice.chunk == 0) {  // about one peer, and nothing more
    log.write(level_of(notice.kind), key, message,
              {{"peer", notice.peer}, {"subject", subject}, {"detail", detail}});
    return;
  }
  log.write(level_of(notice.kind), key, message,
            {{"peer", notice.peer},
             {"reporter", notice.reporter},
             {"subject", subject},
             {"chunk", notice.chunk},
             {"detail", detail}});
}

}  // namespace tyto::tracker
