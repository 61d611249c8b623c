// The journal by itself: its bounds, and which records are kept in full.
#include "tracker/core/explain/journal.h"

#include <gtest/gtest.h>

namespace tyto::tracker {
namespace {

Instant at_ms(int64_t ms) {
  return Instant::from_ns(ms * 1'000'000);
}

// One assignment with a search before it; true if its candidates were collected.
bool assign(Journal& journal, Instant now) {
  journal.begin_search(now);
  bool is_traced = journal.is_tracing();
  if (is_traced) journal.look({.peer = PeerId(7), .verdict = Verdict::kBusy});
  journal.add(Kept::kRoutine, now, RecordKind::kAssigned);
  journal.attach_looks();
  return is_traced;
}

TEST(Journal, TheNewestRecordsAreKeptOverTheOldest) {
  Journal journal({.records = 8, .details = 8, .detail_rate = 0});
  for (int i = 0; i < 6; ++i) journal.add(Kept::kRoutine, at_ms(i), RecordKind::kDelivered);
  const RecordRing& ring = journal.ring(Kept::kRoutine);
  ASSERT_EQ(ring.size(), 4u);
  for (uint32_t i = 0; i < 4; ++i) EXPECT_EQ(ring[i].n, i + 3);
  EXPECT_EQ(journal.counts().records, 6u);
  EXPECT_EQ(journal.counts().overwritten, 2u);
}

TEST(Journal, RoutineRecordsDoNotPushOutTheNotableOnes) {
  Journal journal({.records = 8, .details = 8, .detail_rate = 0});
  journal.add(Kept::kNotable, at_ms(0), RecordKind::kEvicted);
  for (int i = 0; i < 1000; ++i) journal.add(Kept::kRoutine, at_ms(i), RecordKind::kDelivered);
  ASSERT_EQ(journal.ring(Kept::kNotable).size(), 1u);
  EXPECT_EQ(journal.ring(Kept::kNotable)[0].kind, RecordKind::kEvicted);
}

TEST(Journal, BeyondTheRateOneIn256IsKeptInFull) {
  Journal journal({.records = 4096, .details = 4096, .detail_rate = 3});
  int traced = 0;
  for (int i = 0; i < 1024; ++i) traced += assign(journal, at_ms(1)) ? 1 : 0;
  EXPECT_EQ(traced, 3 + 1024 / static_cast<int>(kDetailEvery));
  EXPECT_EQ(journal.counts().unsampled, 1024u - 7u);
  EXPECT_TRUE(assign(journal, at_ms(1001)));  // another second
}

TEST(Journal, ASearchThatFindsNobodyUsesUpNothingOfTheRate) {
  Journal journal({.records = 64, .details = 64, .detail_rate = 1});
  for (int i = 0; i < 10; ++i) {
    journal.begin_search(at_ms(1));
    EXPECT_TRUE(journal.is_tracing());
  }
  EXPECT_TRUE(assign(journal, at_ms(1)));
  EXPECT_FALSE(assign(journal, at_ms(1)));
}

TEST(Journal, ADetailIsNotTakenForThatOfAnOlderRecord) {
  Journal journal({.records = 64, .details = 4, .detail_rate = 0});
  for (auto text : {"one", "two", "three"}) {
    journal.add(Kept::kNotable, at_ms(0), RecordKind::kSourceFailed);
    journal.attach_text(text);
  }
  const RecordRing& ring = journal.ring(Kept::kNotable);
  EXPECT_EQ(ring.detail_of(ring[0]), nullptr);
  ASSERT_NE(ring.detail_of(ring[1]), nullptr);
  EXPECT_EQ(ring.detail_of(ring[1])->text, "two");
  EXPECT_EQ(ring.detail_of(ring[2])->text, "three");
}

TEST(Journal, OfManyCandidatesThoseThatCouldHaveBeenChosenAreKept) {
  Journal journal({.records = 64, .details = 64, .detail_rate = 100});
  journal.begin_search(at_ms(0));
  for (uint64_t i = 1; i <= 30; ++i)
    journal.look({.peer = PeerId(i), .verdict = i > 28 ? Verdict::kEligible : Verdict::kBusy});
  journal.add(Kept::kRoutine, at_ms(0), RecordKind::kAssigned);
  journal.attach_looks();
  const RecordRing& ring = journal.ring(Kept::kRoutine);
  const Detail* detail = ring.detail_of(ring[0]);
  ASSERT_NE(detail, nullptr);
  EXPECT_EQ(detail->look_count, 30u);
  int eligible = 0;
  for (const Look& look : detail->looks) eligible += look.verdict == Verdict::kEligible ? 1 : 0;
  EXPECT_EQ(eligible, 2);
}

TEST(Journal, WithoutRecordsNothingIsWrittenOrTraced) {
  Journal journal({.records = 0, .details = 64, .detail_rate = 100});
  journal.begin_search(at_ms(0));
  EXPECT_FALSE(journal.is_tracing());
  EXPECT_EQ(journal.add(Kept::kNotable, at_ms(0), RecordKind::kGone), nullptr);
  journal.attach_text("nothing to attach it to");
  EXPECT_EQ(journal.counts().records, 0u);
}

TEST(Journal, TheNamesOfThoseThatAreGoneAreBounded) {
  Journal journal({.records = 8, .details = 8, .detail_rate = 0});
  for (uint64_t i = 0; i <= Journal::kGoneNamesMax; ++i)
    journal.remember_gone(PeerId(i + 1), {"p" + std::to_string(i), false});
  EXPECT_EQ(journal.gone(PeerId(1)), nullptr);
  ASSERT_NE(journal.gone(PeerId(2)), nullptr);
  EXPECT_EQ(journal.gone(PeerId(2))->name, "p1");
}

TEST(Journal, EachKindAndVerdictHasItsName) {
  for (int i = 0; i <= static_cast<int>(kRecordKindLast); ++i)
    EXPECT_FALSE(record_kind_name(static_cast<RecordKind>(i)).empty());
  EXPECT_EQ(record_kind_name(RecordKind::kGone), "gone");
  EXPECT_EQ(record_kind_name(RecordKind::kSourceFailed), "source_failed");
  EXPECT_EQ(verdict_name(Verdict::kCycle), "cycle");
}

}  // namespace
}  // namespace tyto::tracker
