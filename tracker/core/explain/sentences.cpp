#include "tracker/core/explain/sentences.h"

#include <algorithm>
#include <array>

#include "base/location.h"

namespace tyto::tracker {
namespace {

std::string tenths(uint64_t value, uint64_t unit) {
  uint64_t tenth = (value * 10 + unit / 2) / unit;
  return std::to_string(tenth / 10) + "." + std::to_string(tenth % 10);
}

std::string nearness_words(uint8_t nearness) {
  constexpr std::array kWords{"same host", "same rack", "same zone", "same region",
                              "another region"};
  return kWords[std::min<std::size_t>(nearness, kWords.size() - 1)];
}

void add_count(std::string& list, uint32_t count, const char* what) {
  if (count == 0) return;
  if (!list.empty()) list += ", ";
  list += std::to_string(count) + " " + what;
}

// "looked at 12: 4 busy, 2 in doubt"; empty if nobody was looked at.
std::string looks_words(const Reason& reason) {
  if (reason.candidates == 0) return {};
  std::string rejected;
  add_count(rejected, reason.rejected_busy, "busy");
  add_count(rejected, reason.rejected_suspect, "in doubt or avoided");
  add_count(rejected, reason.rejected_lacking, "without the chunk");
  add_count(rejected, reason.rejected_cycle, "that would have closed a circle");
  add_count(rejected, reason.rejected_policy, "that its bucket does not read from");
  std::string text = "; looked at " + std::to_string(reason.candidates);
  return rejected.empty() ? text : text + ": " + rejected;
}

// Who held what is read from the origin all the same.
std::string holders_words(const Reason& reason) {
  if (reason.copies == 0) return "nobody held it";
  return std::to_string(reason.copies) +
         (reason.copies == 1 ? " copy was held, and could not"
                             : " copies were held, and none could") +
         " be read from" + looks_words(reason);
}

std::string assigned(const RecordPicture& p) {
  const Reason& reason = p.record.reason;
  std::string text = chunks_words(p.record.chunk, p.record.count) + " to " + peer_words(p.peer) +
                     " from " + peer_words(p.source) + ", " + nearness_words(reason.nearness) +
                     ": " + std::string(choice_words(reason.choice));
  if (reason.generation > 0) text += ", " + std::to_string(reason.generation) + " deep in its tree";
  return text + looks_words(reason);
}

std::string leased(const RecordPicture& p) {
  const Reason& reason = p.record.reason;
  return chunks_words(p.record.chunk, p.record.count) + " to " + peer_words(p.peer) +
         " from the origin: " + holders_words(reason) + "; " +
         std::string(choice_words(reason.choice));
}

std::string delivered(const RecordPicture& p) {
  const Record& record = p.record;
  std::string text = chunks_words(record.chunk, record.count) + " came to " + peer_words(p.peer) +
                     " from " + (record.source == PeerId(0) ? "the origin" : peer_words(p.source)) +
                     " in " + span_words(record.took);
  if (record.reason.choice == Choice::kNone) text += ", without an order of this tracker";
  if (record.reason.generation > 0 && record.source != PeerId(0))
    text += ", out of a copy that was on its way";
  return text;
}

std::string failed(const RecordPicture& p) {
  const Record& record = p.record;
  std::string text = chunks_words(record.chunk, record.count) + " for " + peer_words(p.peer) +
                     ": " + (record.source == PeerId(0) ? "the origin" : peer_words(p.source)) +
                     " failed (" + std::string(failure_kind_name(record.failure)) + ") after " +
                     span_words(record.took);
  if (record.kind == RecordKind::kAssignmentFailed) text += ", and nobody was left to go on with";
  return p.text.empty() ? text : text + "; " + p.text;
}

// What it waited for; of a rate, which one.
std::string wait_words(const Reason& reason) {
  bool is_between_regions = reason.choice == Choice::kWaitForRate &&
                            reason.nearness == static_cast<uint8_t>(Nearness::kAnywhere);
  return std::string(choice_words(reason.choice)) +
         (is_between_regions ? " from other regions" : "");
}

std::string waited(const RecordPicture& p) {
  const Record& record = p.record;
  std::string text =
      peer_words(p.peer) +
      (record.kind == RecordKind::kWaits ? " has been waiting for " : " waited for ") +
      span_words(record.took) + ": " + wait_words(record.reason);
  if (record.chunk != kNone) text += " (" + chunks_words(record.chunk, record.count) + ")";
  return record.reason.choice == Choice::kWaitForSource ? text + looks_words(record.reason) : text;
}

std::string evicted(const RecordPicture& p) {
  const Record& record = p.record;
  std::string text = peer_words(p.peer) + " is to free " +
                     chunks_words(record.chunk, record.count) + ": " +
                     std::string(choice_words(record.reason.choice));
  if (!p.for_object.empty()) text += ", to make room for " + p.for_object;
  if (record.reason.copies == 0) return text + "; no other copy is left";
  return text + "; copies left elsewhere: " + std::to_string(record.reason.copies);
}

std::string of_name(const RecordPicture& p) {
  if (p.record.kind == RecordKind::kResolving)
    return peer_words(p.peer) + " is asked what the name stands for at the origin";
  std::string after = " after " + span_words(p.record.took);
  if (p.text.empty()) return peer_words(p.peer) + " found what the name stands for" + after;
  return peer_words(p.peer) + " did not find what the name stands for" + after + ": " + p.text;
}

std::string of_read(const RecordPicture& p) {
  std::string span = span_words(p.record.took);
  switch (p.record.kind) {
    case RecordKind::kOpened:
      return peer_words(p.peer) + " reads version " + p.version->short_hex() + ", " +
             bytes_words(p.chunking.object_bytes) + " in " + std::to_string(p.record.count) +
             (p.record.count == 1 ? " chunk" : " chunks") + "; opened in " + span;
    case RecordKind::kClosed: return peer_words(p.peer) + " closed it, " + span + " after it asked";
    case RecordKind::kRefused:
      return peer_words(p.peer) + "'s read ended after " + span + ": " +
             std::string(choice_words(p.record.reason.choice)) +
             (p.text.empty() ? "" : "; " + p.text);
    case RecordKind::kGaveUp: return peer_words(p.peer) + " went away while it read: " + p.text;
    default:
      return peer_words(p.peer) + " is gone, and with it the " + std::to_string(p.record.count) +
             (p.record.count == 1 ? " chunk" : " chunks") + " that it held: " + p.text;
  }
}

}  // namespace

std::string span_words(Duration span) {
  auto us = static_cast<uint64_t>(std::max<int64_t>(0, span.us()));
  if (us < 1'000) return std::to_string(us) + " us";
  if (us < 1'000'000) return std::to_string(us / 1'000) + " ms";
  if (us < 120'000'000) return tenths(us, 1'000'000) + " s";
  return tenths(us, 60'000'000) + " min";
}

std::string bytes_words(uint64_t bytes) {
  constexpr std::array kUnits{"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return std::to_string(bytes) + " B";
  std::size_t unit = 0;
  uint64_t scale = 1024;
  while (unit + 1 < kUnits.size() && bytes >= scale * 1024) {
    scale *= 1024;
    ++unit;
  }
  return tenths(bytes, scale) + " " + kUnits[unit];
}

std::string peer_words(const PeerNamed& peer) {
  if (peer.id == PeerId(0)) return "the origin";
  std::string role = peer.is_superpeer ? "superpeer " : "peer ";
  return role + (peer.name.empty() ? hex_digits(peer.id) : peer.name);
}

std::string chunks_words(uint32_t first, uint32_t count) {
  if (count <= 1) return "chunk " + std::to_string(first);
  return "chunks " + std::to_string(first) + " to " + std::to_string(first + count - 1);
}

std::string sentence_of(const RecordPicture& p) {
  switch (p.record.kind) {
    case RecordKind::kAssigned: return assigned(p);
    case RecordKind::kHedged: return assigned(p) + "; a second time, since the first is late";
    case RecordKind::kLeased: return leased(p);
    case RecordKind::kDelivered: return delivered(p);
    case RecordKind::kSourceFailed:
    case RecordKind::kAssignmentFailed: return failed(p);
    case RecordKind::kWaited:
    case RecordKind::kWaits: return waited(p);
    case RecordKind::kEvicted: return evicted(p);
    case RecordKind::kResolving:
    case RecordKind::kResolved: return of_name(p);
    case RecordKind::kOpened:
    case RecordKind::kRefused:
    case RecordKind::kClosed:
    case RecordKind::kGaveUp:
    case RecordKind::kGone: return of_read(p);
  }
  return {};
}

std::string sentence_of(const LookPicture& picture) {
  const Look& look = picture.look;
  std::string text = peer_words(picture.peer) + ": ";
  if (look.verdict != Verdict::kEligible) return text + std::string(verdict_name(look.verdict));
  text += nearness_words(look.nearness) + ", load " + std::to_string(look.load * 100 / 256) + " %";
  if (look.generation > 0) text += ", " + std::to_string(look.generation) + " deep in its tree";
  return text + ", score " + std::to_string(look.score);
}

}  // namespace tyto::tracker
