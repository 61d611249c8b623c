#include "tracker/core/explain/journal.h"

#include <algorithm>

#include "base/names.h"

namespace tyto::tracker {
namespace {

constexpr Duration kSecond = Duration::seconds(1);

}  // namespace

RecordRing::RecordRing(uint32_t records, uint32_t details)
    : records_max_(records), details_max_(records == 0 ? 0 : details) {
  records_.reserve(records_max_);
  details_.reserve(details_max_);
}

Record* RecordRing::add() {
  if (records_max_ == 0) return nullptr;
  if (records_.size() < records_max_) return &records_.emplace_back();
  Record& record = records_[next_];
  next_ = next_ + 1 == records_max_ ? 0 : next_ + 1;
  record = Record{};
  return &record;
}

Detail* RecordRing::add_detail(Record& record) {
  if (details_max_ == 0) return nullptr;
  if (details_.size() < details_max_) {
    record.detail = static_cast<uint32_t>(details_.size());
    details_.emplace_back();
  } else {
    record.detail = next_detail_;
    next_detail_ = next_detail_ + 1 == details_max_ ? 0 : next_detail_ + 1;
    details_[record.detail] = Detail{};
  }
  Detail& detail = details_[record.detail];
  detail.n = record.n;
  return &detail;
}

const Detail* RecordRing::detail_of(const Record& record) const {
  if (record.detail == kNoDetail || details_[record.detail].n != record.n) return nullptr;
  return &details_[record.detail];
}

Journal::Journal(const ExplainConfig& config)
    : config_(config),
      routine_(config.records / 2, config.details / 2),
      notable_(config.records - config.records / 2, config.details - config.details / 2) {}

bool Journal::may_sample(Instant now) {
  if (now - second_ >= kSecond) {
    second_ = now;
    in_second_ = 0;
  }
  return in_second_ < config_.detail_rate || until_sample_ == 1;
}

void Journal::look(const Look& look) {
  if (looks_ < kLooksKept) {
    looked_[looks_] = look;
  } else if (look.verdict == Verdict::kEligible) {
    // Those that could have been chosen are worth more than those that could not.
    auto rejected = std::find_if(looked_.begin(), looked_.end(), [](const Look& other) {
      return other.verdict != Verdict::kEligible;
    });
    if (rejected != looked_.end()) *rejected = look;
  }
  ++looks_;
}

Record* Journal::add(Kept kept, Instant now, RecordKind kind) {
  last_ring_ = kept == Kept::kRoutine ? &routine_ : &notable_;
  last_ = last_ring_->add();
  if (last_ == nullptr) return nullptr;
  last_->n = ++serial_;
  last_->when = now;
  last_->kind = kind;
  return last_;
}

void Journal::attach_looks() {
  if (last_ == nullptr) return;
  until_sample_ = until_sample_ == 1 ? kDetailEvery : until_sample_ - 1;
  if (!is_tracing_) {
    ++counts_.unsampled;
    return;
  }
  is_tracing_ = false;
  ++in_second_;
  Detail* detail = last_ring_->add_detail(*last_);
  if (detail == nullptr) return;
  ++counts_.details;
  detail->look_count = looks_;
  std::copy_n(looked_.begin(), std::min<std::size_t>(looks_, kLooksKept), detail->looks.begin());
}

void Journal::attach_text(std::string text) {
  if (last_ == nullptr) return;
  Detail* detail = last_ring_->add_detail(*last_);
  if (detail == nullptr) return;
  ++counts_.details;
  detail->text = printable(text, kRecordTextBytesMax);
}

void Journal::remember_gone(PeerId peer, GonePeer known) {
  if (!is_on()) return;
  if (auto [it, is_new] = gone_.insert_or_assign(peer, std::move(known)); is_new)
    gone_order_.push_back(peer);
  if (gone_order_.size() <= kGoneNamesMax) return;
  gone_.erase(gone_order_.front());
  gone_order_.pop_front();
}

const Journal::GonePeer* Journal::gone(PeerId peer) const {
  auto it = gone_.find(peer);
  return it == gone_.end() ? nullptr : &it->second;
}

JournalCounts Journal::counts() const {
  JournalCounts counts = counts_;
  counts.records = serial_;
  counts.capacity = routine_.capacity() + notable_.capacity();
  counts.overwritten = serial_ - routine_.size() - notable_.size();
  return counts;
}

}  // namespace tyto::tracker
