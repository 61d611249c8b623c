// What HTTP says that matters when parts of an object are read: conditions, validators, ranges.
// RFC 9110; without a socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"
#include "io/http/http_client.h"
#include "peer/transfer/data_protocol.h"
#include "schema/messages/common.h"
#include "schema/messages/events.h"

namespace tyto::peer {

// The ETag as given if it is a strong one of at most kEtagBytesMax bytes, else empty.
std::string strong_etag(std::string_view header);

// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers may send.
std::optional<WallTime> parse_http_date(std::string_view text);
std::string http_date(WallTime time);

struct ContentRange {
  ByteRange range;                // empty for "bytes */total"
  std::optional<uint64_t> total;  // none for "*"
};
std::optional<ContentRange> parse_content_range(std::string_view text);

// A Retry-After in seconds; dates are not read.
std::optional<Duration> parse_retry_after(std::string_view text);

// Makes a request conditional on the object being what the pin says: If-Match, or
// If-Unmodified-Since where there is no ETag.
void add_conditions(io::HttpHeaders& headers, const OriginPin& pin);

// What to make of an answer's head.
enum class Verdict {
  kPart,   // 206: the body is the range asked for, or the first bytes of it
  kWhole,  // 200: the body is the object
  kRetry,  // not now
  kFail,   // not at all: `kind` and `detail` say why
};
struct Judgement {
  Verdict verdict = Verdict::kFail;
  FailureKind kind = FailureKind::kOriginFailed;
  std::string detail;
  std::optional<Duration> retry_after;
};

// Judges the answer to a conditional GET of `asked`, or of the whole object if that is absent.
// Servers that ignore conditions are found out by their validators: an ETag (or, where the pin has
// none, a Last-Modified) that differs or is missing is kOriginChanged, as is another size.
Judgement judge(const io::HttpResponseHead& head, const VersionFacts& facts,
                std::optional<ByteRange> asked);

// Whether a status is worth another attempt: 408, 425, 429 and 5xx.
bool is_passing_status(int status);

}  // namespace tyto::peer
