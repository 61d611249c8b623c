// Readers of several groups at one source: whoever has waited longest comes first.
#include <gtest/gtest.h>

#include "tests/support/populate.h"

namespace tyto::tracker {
namespace {

constexpr uint32_t kChunks = 64;

// A superpeer of the first tracker has a large object and a small one, and sends one chunk a
// second. A reader has begun with the large one.
TrackerCluster::Options one_upload() {
  TrackerCluster::Options options{.trackers = 2};
  options.config.uploads_per_superpeer = 1;
  options.transfer = Duration::seconds(1);
  return options;
}
void begin(TrackerCluster& t, const std::string& first) {
  populate(t, 2, 2);
  t.publish("large", kChunks);
  t.publish("small", 1);
  t.have("s0", "large", 0, kChunks);
  t.have("s0", "small", 0, 1);
  t.run(Duration::seconds(1));
  t.open(first, "large");
  t.run(Duration::milliseconds(500));
}

TEST(Turns, AGuestThatWasRefusedKeepsItsPlace) {
  TrackerCluster t(one_upload());
  begin(t, reader(1, 0));
  t.open(reader(1, 1), "small");
  t.run(Duration::seconds(45));
  EXPECT_TRUE(t.is_complete(reader(1, 1), "small"));
  EXPECT_FALSE(t.is_complete(reader(1, 0), "large"));
  t.check_invariants();
}

TEST(Turns, GuestsDoNotKeepTheOnlyUploadFromItsOwnGroup) {
  TrackerCluster t(one_upload());
  begin(t, reader(1, 0));
  t.open(reader(0, 1), "small");
  t.run(Duration::seconds(45));
  EXPECT_TRUE(t.is_complete(reader(0, 1), "small"));
  EXPECT_FALSE(t.is_complete(reader(1, 0), "large"));
  t.check_invariants();
}

TEST(Turns, NorAGroupsOwnReadersFromGuests) {
  TrackerCluster t(one_upload());
  begin(t, reader(0, 0));
  t.open(reader(1, 1), "small");
  t.run(Duration::seconds(10));
  EXPECT_TRUE(t.is_complete(reader(1, 1), "small"));
  EXPECT_FALSE(t.is_complete(reader(0, 0), "large"));
}

}  // namespace
}  // namespace tyto::tracker
