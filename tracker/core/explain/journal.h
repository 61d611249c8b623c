// What the core writes down for people: the last so many decisions and what became of them.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tracker/core/explain/explain_config.h"
#include "tracker/core/explain/record.h"

namespace tyto::tracker {

// The newest records, and the newest details of some of them, each over the oldest.
//
// Purity: pure. Bounds: as constructed; memory is taken as it is first written.
class RecordRing {
 public:
  RecordRing(uint32_t records, uint32_t details);
  // Null if the ring keeps none.
  Record* add();
  // Gives a record its detail; null if none are kept.
  Detail* add_detail(Record& record);
  // The detail, if it is still kept.
  const Detail* detail_of(const Record& record) const;
  uint32_t size() const { return static_cast<uint32_t>(records_.size()); }
  uint32_t capacity() const { return records_max_; }
  // From the oldest on. Requires: i < size().
  const Record& operator[](uint32_t i) const {
    return records_[size() < records_max_ ? i : (next_ + i) % records_max_];
  }

 private:
  const uint32_t records_max_;
  const uint32_t details_max_;
  std::vector<Record> records_;
  std::vector<Detail> details_;
  uint32_t next_ = 0;
  uint32_t next_detail_ = 0;
};

// Which of the two rings a record goes to.
enum class Kept : uint8_t {
  kRoutine,  // assignments from peers, and deliveries: most records by far
  kNotable,  // all else, which routine records cannot push out
};

// A bounded journal of decisions. The core writes it, and decides nothing by it.
//
// Purity:  pure.
// Threads: confined to its core's loop.
// Bounds:  ExplainConfig; kGoneNamesMax names of peers that are gone. A record takes 104 bytes, a
//          detail 432 and its text.
class Journal {
 public:
  static constexpr std::size_t kGoneNamesMax = 4096;
  struct GonePeer {
    std::string name;
    bool is_superpeer = false;
  };

  explicit Journal(const ExplainConfig& config);
  bool is_on() const { return routine_.capacity() > 0; }

  // --- the candidates of a search ---
  // Begins a search; decides whether its candidates are collected.
  void begin_search(Instant now) {
    looks_ = 0;
    is_tracing_ = is_on() && may_sample(now);
  }
  bool is_tracing() const { return is_tracing_; }
  // Requires: is_tracing().
  void look(const Look& look);

  // --- records ---
  // A new record, dated and counted; null while nothing is kept. Valid until the next call.
  Record* add(Kept kept, Instant now, RecordKind kind);
  // Gives the record that was just added the candidates of the last search, if they were collected.
  void attach_looks();
  // Gives it a text, which also makes it one that is kept in full.
  void attach_text(std::string text);
  // What the peer was called is remembered for a while.
  void remember_gone(PeerId peer, GonePeer known);

  // --- for the pictures ---
  const GonePeer* gone(PeerId peer) const;
  const RecordRing& ring(Kept kept) const { return kept == Kept::kRoutine ? routine_ : notable_; }
  JournalCounts counts() const;

 private:
  bool may_sample(Instant now);

  const ExplainConfig config_;
  RecordRing routine_;
  RecordRing notable_;
  uint64_t serial_ = 0;
  JournalCounts counts_;
  // Of the record that was added last.
  RecordRing* last_ring_ = nullptr;
  Record* last_ = nullptr;
  // The search under way.
  std::array<Look, kLooksKept> looked_{};
  uint32_t looks_ = 0;
  bool is_tracing_ = false;
  // Details given in the second that began then.
  Instant second_;
  uint32_t in_second_ = 0;
  uint32_t until_sample_ = kDetailEvery;
  std::unordered_map<PeerId, GonePeer> gone_;
  std::deque<PeerId> gone_order_;
};

}  // namespace tyto::tracker
