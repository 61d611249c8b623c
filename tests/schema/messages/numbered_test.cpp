#include "schema/messages/numbered.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/rng.h"

namespace tyto {
namespace {

using Letters = std::vector<char>;
using Verdict = NumberedInbox::Verdict;

NumberedOutbox<char> outbox_of(const std::string& letters) {
  NumberedOutbox<char> outbox;
  for (char letter : letters) outbox.push(letter);
  return outbox;
}

TEST(NumberedOutbox, NumbersFromOne) {
  NumberedOutbox<char> outbox;
  EXPECT_EQ(outbox.push('a'), Sequence(1));
  EXPECT_EQ(outbox.push('b'), Sequence(2));
  EXPECT_EQ(outbox.first_unsent(), Sequence(1));
  EXPECT_EQ(outbox.unacknowledged(), 2u);
}

TEST(NumberedOutbox, SendsEachItemOnceAndInOrder) {
  auto outbox = outbox_of("abcde");
  EXPECT_EQ(outbox.take_unsent(2), (Letters{'a', 'b'}));
  EXPECT_EQ(outbox.first_unsent(), Sequence(3));
  EXPECT_EQ(outbox.take_unsent(0), Letters{});
  EXPECT_EQ(outbox.take_unsent(9), (Letters{'c', 'd', 'e'}));
  EXPECT_FALSE(outbox.has_unsent());
  EXPECT_EQ(outbox.take_unsent(9), Letters{});
  EXPECT_EQ(outbox.unacknowledged(), 5u) << "kept until acknowledged";
}

TEST(NumberedOutbox, ForgetsWhatIsAcknowledged) {
  auto outbox = outbox_of("abcde");
  outbox.take_unsent(4);
  EXPECT_TRUE(outbox.acknowledge(Sequence(3)));
  EXPECT_EQ(outbox.items(), (std::vector<char>{'d', 'e'}));
  EXPECT_EQ(outbox.take_unsent(9), (Letters{'e'}));
  EXPECT_EQ(outbox.push('f'), Sequence(6)) << "numbers go on";
}

TEST(NumberedOutbox, TakesNoNoticeOfAnOldAcknowledgement) {
  auto outbox = outbox_of("abc");
  outbox.take_unsent(3);
  EXPECT_TRUE(outbox.acknowledge(Sequence(2)));
  EXPECT_TRUE(outbox.acknowledge(Sequence(2)));
  EXPECT_TRUE(outbox.acknowledge(Sequence(1)));
  EXPECT_TRUE(outbox.acknowledge(Sequence(0)));
  EXPECT_EQ(outbox.unacknowledged(), 1u);
}

TEST(NumberedOutbox, RefusesAnAcknowledgementOfWhatWasNeverSent) {
  auto outbox = outbox_of("abc");
  outbox.take_unsent(2);
  for (uint64_t number : {uint64_t{3}, uint64_t{4}, std::numeric_limits<uint64_t>::max() - 1,
                          std::numeric_limits<uint64_t>::max()}) {
    EXPECT_FALSE(outbox.acknowledge(Sequence(number))) << number;
    EXPECT_EQ(outbox.unacknowledged(), 3u) << "unchanged";
    EXPECT_EQ(outbox.first_unsent(), Sequence(3));
  }
}

TEST(NumberedOutbox, SendsAgainAfterAReconnectWhatWasNotAcknowledged) {
  auto outbox = outbox_of("abcd");
  outbox.take_unsent(3);
  ASSERT_TRUE(outbox.acknowledge(Sequence(1)));
  outbox.rewind();
  EXPECT_EQ(outbox.first_unsent(), Sequence(2));
  EXPECT_EQ(outbox.take_unsent(9), (Letters{'b', 'c', 'd'}));
}

TEST(NumberedOutbox, TakesTheAcknowledgementOfWhatWasSentBeforeARewind) {
  auto outbox = outbox_of("abcde");
  outbox.take_unsent(4);
  outbox.rewind();
  EXPECT_EQ(outbox.take_unsent(1), (Letters{'a'}));
  EXPECT_FALSE(outbox.acknowledge(Sequence(5))) << "that one was never sent";
  EXPECT_TRUE(outbox.acknowledge(Sequence(3))) << "applied before, and the answer was lost";
  EXPECT_EQ(outbox.first_unsent(), Sequence(4));
  EXPECT_EQ(outbox.take_unsent(9), (Letters{'d', 'e'}));
}

TEST(NumberedOutbox, RestartsFromOneWithNothing) {
  auto outbox = outbox_of("abcd");
  outbox.take_unsent(2);
  ASSERT_TRUE(outbox.acknowledge(Sequence(1)));
  outbox.restart();
  EXPECT_EQ(outbox.unacknowledged(), 0u);
  EXPECT_FALSE(outbox.has_unsent());
  EXPECT_EQ(outbox.push('x'), Sequence(1));
}

TEST(NumberedInbox, TellsNewsFromRepeatsAndGaps) {
  NumberedInbox inbox;
  EXPECT_EQ(inbox.applied(), Sequence(0));
  EXPECT_EQ(inbox.accept(Sequence(0)), Verdict::kRepeat) << "no item has the number 0";
  EXPECT_EQ(inbox.accept(Sequence(2)), Verdict::kGap);
  EXPECT_EQ(inbox.applied(), Sequence(0)) << "a gap applies nothing";
  EXPECT_EQ(inbox.accept(Sequence(1)), Verdict::kNew);
  EXPECT_EQ(inbox.accept(Sequence(1)), Verdict::kRepeat);
  EXPECT_EQ(inbox.accept(Sequence(2)), Verdict::kNew);
  EXPECT_EQ(inbox.accept(Sequence(std::numeric_limits<uint64_t>::max())), Verdict::kGap);
  EXPECT_EQ(inbox.applied(), Sequence(2));
  inbox.restart();
  EXPECT_EQ(inbox.accept(Sequence(1)), Verdict::kNew);
}

// Over a line that loses messages and acknowledgements, each item is applied once and in order.
TEST(NumberedOutboxAndInbox, DeliverOnceInOrderOverALossyLine) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Rng rng(seed);
    NumberedOutbox<uint32_t> outbox;
    NumberedInbox inbox;
    std::vector<uint32_t> applied;
    uint32_t pushed = 0;
    const uint32_t items = 300;
    for (int round = 0; round < 20000 && applied.size() < items; ++round) {
      while (pushed < items && rng.one_in(1, 2)) outbox.push(pushed++);
      const Sequence first = outbox.first_unsent();
      const auto batch = outbox.take_unsent(1 + rng.below(8));
      if (rng.one_in(1, 4)) {  // lost on its way: the line breaks
        outbox.rewind();
        continue;
      }
      Sequence number = first;
      for (uint32_t item : batch) {
        const Verdict verdict = inbox.accept(number);
        ASSERT_NE(verdict, Verdict::kGap) << "seed " << seed;
        if (verdict == Verdict::kNew) applied.push_back(item);
        ++number;
      }
      if (rng.one_in(1, 4)) {  // applied, but the answer is lost
        outbox.rewind();
        continue;
      }
      ASSERT_TRUE(outbox.acknowledge(inbox.applied())) << "seed " << seed;
    }
    ASSERT_EQ(applied.size(), items) << "seed " << seed;
    for (uint32_t i = 0; i < items; ++i) ASSERT_EQ(applied[i], i) << "seed " << seed;
  }
}

}  // namespace
}  // namespace tyto
