// What is kept of a decision, or of what became of it, for people who ask about it later.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/time.h"
#include "schema/messages/events.h"
#include "schema/messages/reason.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

// What happened. A new one goes last, into the table of record.cpp, and gets its sentence in
// sentences.cpp; kRecordKindLast moves with it.
enum class RecordKind : uint8_t {
  kResolving,         // the peer was asked to look the name up at the origin
  kResolved,          // it answered
  kOpened,            // the peer reads the version from now on
  kAssigned,          // the peer is to fetch the chunk from another one
  kLeased,            // the peer is to read the chunk from the origin
  kHedged,            // the peer is to fetch the chunk, which is late, from a second source too
  kDelivered,         // the chunk arrived whole
  kSourceFailed,      // one source of an assignment failed; the peer goes on with the next
  kAssignmentFailed,  // its last one did
  kWaited,            // the peer's read lacked something to fetch; over now
  kWaits,             // the same, not over yet; made when asked for, never kept
  kEvicted,           // the peer is to free the chunks
  kRefused,           // the peer's open ended with an error
  kClosed,            // the peer closed its read
  kGaveUp,            // the peer went away while it read
  kGone,              // the peer went away while it held chunks of the version
};
inline constexpr RecordKind kRecordKindLast = RecordKind::kGone;

// As in JSON: "source_failed".
std::string_view record_kind_name(RecordKind kind);

// What a look at a possible source came to.
enum class Verdict : uint8_t { kEligible, kBusy, kSuspect, kLacking, kCycle, kPolicy };

std::string_view verdict_name(Verdict verdict);

// One candidate, and the terms of its score; these are 0 unless it was eligible.
struct Look {
  PeerId peer;
  uint32_t score = 0;  // smaller is better
  uint16_t load = 0;   // uploads of its host, in 256ths of what that is worth
  uint8_t nearness = 0;
  uint8_t generation = 0;
  Verdict verdict = Verdict::kEligible;
  uint8_t is_superpeer = 0;
};
static_assert(sizeof(Look) <= 24);

inline constexpr std::size_t kLooksKept = 16;
inline constexpr std::size_t kRecordTextBytesMax = 400;
inline constexpr uint32_t kNoDetail = 0xffffffff;

// One line of the journal. What does not apply is left at its default.
struct Record {
  uint64_t n = 0;  // counts all records from 1; 0: none
  Instant when;
  PeerId peer;    // whom it is about
  PeerId source;  // whom it was to come, or came, from; zero: the origin, or nobody
  Duration took;  // of what ended
  Reason reason;  // of the decision that it is, or that led to it
  VersionIndex version{kNone};
  uint32_t name = kNone;            // a NameIndex, where no version is known
  VersionIndex for_version{kNone};  // kEvicted: what the room is for
  uint32_t chunk = kNone;
  uint32_t count = 0;  // chunks from `chunk` on
  uint32_t bytes = 0;
  uint32_t detail = kNoDetail;  // where its detail is, as long as that is kept
  RecordKind kind = RecordKind::kResolving;
  FailureKind failure = FailureKind::kUnreachable;  // of kSourceFailed, kAssignmentFailed
  SourceKind source_kind = SourceKind::kOrigin;
  uint8_t is_superpeer = 0;  // the peer
};
static_assert(sizeof(Record) <= 104);

// What is kept in full of some records: all failures, and a sample of the others.
struct Detail {
  uint64_t n = 0;           // of its record; 0: none
  std::string text;         // an error's message, or the object's name where no table has it
  uint32_t look_count = 0;  // may be more than are kept
  std::array<Look, kLooksKept> looks{};
};

// Totals of the journal since the start.
struct JournalCounts {
  uint64_t records = 0;      // written
  uint64_t overwritten = 0;  // of these, no longer kept
  uint64_t details = 0;      // records kept in full
  uint32_t capacity = 0;     // records kept at most
  uint64_t unsampled = 0;    // assignments that were not, for want of detail_rate
};

}  // namespace tyto::tracker
