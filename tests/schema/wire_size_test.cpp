// Estimates of wire sizes are upper bounds, and close ones.
#include "schema/messages/wire_size.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "schema/codec/codec.h"
#include "tests/schema/sample_messages.h"

namespace tyto {
namespace {

template <class Wire, class T>
std::size_t real_bytes(const T& message) {
  capnp::MallocMessageBuilder builder;
  auto root = builder.initRoot<Wire>();
  encode(message, root);
  return root.asReader().totalSize().wordCount * sizeof(capnp::word);
}

std::size_t real_bytes(const std::vector<Event>& events) {
  ExchangeUp up;
  up.events = events;
  return real_bytes<wire::ExchangeUp>(up);
}

std::size_t real_bytes(const std::vector<Command>& commands) {
  ExchangeDown down;
  down.commands = commands;
  return real_bytes<wire::ExchangeDown>(down);
}

// What one more item of the kind adds to an exchange.
template <class Item>
std::size_t real_bytes_added(const Item& item) {
  return real_bytes(std::vector<Item>{item, item}) - real_bytes(std::vector<Item>{item});
}

template <class Item>
void expect_close(const Item& item) {
  std::size_t real = real_bytes_added(item);
  std::size_t estimate = wire_bytes_estimate(item);
  EXPECT_GE(estimate, real) << "member " << item.index();
  EXPECT_LE(estimate, real + real / 10 + 64) << "member " << item.index();
}

TEST(WireSize, EventsAreAtMostAsLargeAsEstimated) {
  for (const Event& event : samples::exchange_up().events) expect_close(event);
  for (const Event& event : samples::exchange_up_memory().events) expect_close(event);
  for (std::size_t size = 0; size < 40; ++size) {
    OpenRequested open;
    open.key = std::string(size, 'k');
    expect_close<Event>(open);
  }
  AssignmentFailed failed;
  failed.detail = std::string(100'000, 'x');
  expect_close<Event>(failed);
}

TEST(WireSize, CommandsAreAtMostAsLargeAsEstimated) {
  expect_close(samples::show_wait().commands[0]);
  expect_close(samples::list_trackers().commands[0]);
  for (const Command& command : samples::exchange_down().commands) expect_close(command);
  for (const Command& command : samples::exchange_down_memory().commands) expect_close(command);
  expect_close<Command>(Assign{});
  Assign full;
  full.source = samples::superpeer_source();
  full.source.address.host = std::string(kHostBytesMax, 'h');
  full.fallbacks = {full.source, full.source, full.source};
  expect_close<Command>(full);
}

TEST(WireSize, OverheadCoversWhatAnExchangeTakesBesidesItsItems) {
  std::vector<Event> events = samples::exchange_up().events;
  std::size_t items = 0;
  for (const Event& event : events) items += real_bytes_added(event);
  EXPECT_LE(real_bytes(events), items + kExchangeOverheadBytes);
  std::vector<Command> commands = samples::exchange_down().commands;
  items = 0;
  for (const Command& command : commands) items += real_bytes_added(command);
  EXPECT_LE(real_bytes(commands), items + kExchangeOverheadBytes);
}

TEST(WireSize, AnExchangeCutByEstimateDecodes) {
  // The largest events and commands that there are, cut as the cores do.
  VersionFacts facts = samples::facts();
  facts.key = std::string(kKeyBytesMax, 'k');
  facts.origin.url = "http://" + std::string(kUrlBytesMax - 7, 'u');
  facts.origin.etag = "\"" + std::string(kEtagBytesMax - 2, 'e') + "\"";
  ExchangeUp up;
  up.first_event = Sequence(1);
  ExchangeDown down;
  down.first_command = Sequence(1);
  Event event = NameResolved{ResolveId(1), facts, {}};
  Command command = Describe{std::make_shared<const VersionFacts>(facts)};
  std::size_t budget = kExchangeBytesMax - kExchangeOverheadBytes;
  for (std::size_t used = 0; (used += wire_bytes_estimate(event)) <= budget;) {
    up.events.push_back(event);
  }
  for (std::size_t used = 0; (used += wire_bytes_estimate(command)) <= budget;) {
    down.commands.push_back(command);
  }
  EXPECT_GE(up.events.size(), 10u);
  EXPECT_GE(down.commands.size(), 10u);
  Result<ExchangeUp> decoded_up = from_bytes<ExchangeUp>(to_bytes(up));
  ASSERT_TRUE(decoded_up.ok()) << decoded_up.error().message;
  EXPECT_TRUE(*decoded_up == up);
  Result<ExchangeDown> decoded_down = from_bytes<ExchangeDown>(to_bytes(down));
  ASSERT_TRUE(decoded_down.ok()) << decoded_down.error().message;
  EXPECT_TRUE(*decoded_down == down);
}

TEST(WireSize, InventoryPagesCutByEstimateDecode) {
  Rng rng(7);
  for (int round = 0; round < 50; ++round) {
    InventoryPage page;
    std::size_t used = kExchangeOverheadBytes;
    while (page.entries.size() < kInventoryEntriesPerPageMax) {
      InventoryEntry entry;
      entry.version = samples::version(static_cast<uint8_t>(1 + rng.below(200)));
      entry.chunking = {uint64_t{rng.below(20'000)} * kChunkBytesMin, kChunkBytesMin};
      entry.chunks = Bitmap(entry.chunking.chunk_count());
      for (uint32_t i = 0; i < entry.chunks.size(); i += 1 + rng.below(300)) entry.chunks.set(i);
      if (rng.one_in(1, 2)) entry.roots.resize(entry.chunks.count(), samples::digest(3));
      entry.underway.resize(rng.below(kUnderwayPerEntryMax + 1),
                            samples::inventory_underway().entries[0].underway[1]);
      used += wire_bytes_estimate(entry);
      if (used > kInventoryPageBytesMax) break;
      page.entries.push_back(std::move(entry));
    }
    Result<InventoryPage> decoded = from_bytes<InventoryPage>(to_bytes(page));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_TRUE(*decoded == page);
    EXPECT_LE(real_bytes<wire::InventoryPage>(page), kInventoryPageBytesMax);
  }
}

}  // namespace
}  // namespace tyto
