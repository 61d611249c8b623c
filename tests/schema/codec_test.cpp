// What the codec passes, brings into range, and refuses.
#include "schema/codec/codec.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/rng.h"
#include "tests/schema/sample_messages.h"

namespace tyto {
namespace {

template <class T>
Result<T> round_trip(const T& message) {
  return from_bytes<T>(to_bytes(message));
}

template <class T>
void expect_same(const T& message) {
  Result<T> decoded = round_trip(message);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_TRUE(*decoded == message);
}

TEST(Codec, EveryMessageComesBackAsItWas) {
  expect_same(samples::register_request());
  expect_same(samples::register_reply());
  expect_same(samples::exchange_up());
  expect_same(samples::exchange_down());
  expect_same(samples::hedge());
  expect_same(samples::run());
  expect_same(samples::show_wait());
  expect_same(samples::register_request_moved());
  expect_same(samples::register_reply_of_several());
  expect_same(samples::register_moved());
  expect_same(samples::list_trackers());
  expect_same(samples::inventory_page());
  expect_same(samples::roots_request());
  expect_same(samples::roots_page());
}

TEST(Codec, MessagesOfDefaultsComeBackWhereDefaultsAreAllowed) {
  expect_same(RegisterReply{});
  expect_same(ExchangeUp{});
  expect_same(ExchangeDown{});
  expect_same(InventoryPage{});
}

TEST(Codec, EveryErrorCodeTravels) {
  for (int code = 1; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    Error error{static_cast<ErrorCode>(code), "what happened"};
    capnp::MallocMessageBuilder message;
    auto out = message.initRoot<wire::Error>();
    encode(error, out);
    EXPECT_EQ(decode_error(out.asReader()), error);
  }
}

TEST(Codec, AnErrorCodeOfALaterVersionIsInternal) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<wire::Error>();
  out.setMessage("new");
  for (int code : {0, 13, 65535}) {
    out.setCode(static_cast<wire::ErrorCode>(code));
    EXPECT_EQ(decode_error(out.asReader()), (Error{ErrorCode::kInternal, "new"}));
  }
}

TEST(Codec, AnErrorThatCannotBeReadIsAnErrorThatSaysSo) {
  capnp::MallocMessageBuilder message;
  auto out = message.initRoot<wire::Error>();
  out.setCode(wire::ErrorCode::DENIED);
  out.setMessage(std::string(kErrorMessageBytesMax + 1, 'x').c_str());
  Error error = decode_error(out.asReader());
  EXPECT_EQ(error.code, ErrorCode::kInternal);
  EXPECT_NE(error.message.find("cannot be read"), std::string::npos) << error.message;
}

TEST(Codec, TextForPeopleIsCutAndMadePrintable) {
  for (std::size_t size : {1020, 1021, 1024, 1025, 5000}) {
    ExchangeUp up;
    up.first_event = Sequence(1);
    AssignmentFailed failed;
    failed.chunk.version = samples::version(1);
    failed.detail = "a\nb" + std::string(size - 3, 'x');
    up.events = {failed};
    Result<ExchangeUp> decoded = round_trip(up);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    const std::string& detail = std::get<AssignmentFailed>(decoded->events[0]).detail;
    EXPECT_EQ(detail.substr(0, 4), "a?bx");
    EXPECT_EQ(detail.size(), std::min<std::size_t>(size, kErrorMessageBytesMax));
  }
}

TEST(Codec, SpansAndWindowsAreBroughtIntoRange) {
  ExchangeUp up;
  up.first_event = Sequence(1);
  OpenRequested open;
  open.deadline = Duration::forever();
  open.window_first = 10;
  open.window_count = ~uint32_t{0};
  up.events = {open, Leaving{Duration::seconds(-1)}, WindowMoved{OpenId(1), ~uint32_t{0}, 1}};
  up.park = Duration::forever();
  Result<ExchangeUp> decoded = round_trip(up);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(std::get<OpenRequested>(decoded->events[0]).deadline, kSpanMax);
  EXPECT_EQ(std::get<OpenRequested>(decoded->events[0]).window_count, kChunksMax - 10);
  EXPECT_EQ(std::get<Leaving>(decoded->events[1]).deadline, Duration());
  EXPECT_EQ(std::get<WindowMoved>(decoded->events[2]), (WindowMoved{OpenId(1), kChunksMax, 0}));
  EXPECT_EQ(decoded->park, kParkMax);
}

// --- inventories ---

InventoryEntry entry_of(const Chunking& chunking, const Bitmap& chunks) {
  return {samples::version(1), chunking, chunks, {}};
}

TEST(InventoryCodec, EveryRunOfChunksComesBackForSizesAroundAWord) {
  for (uint32_t count : {1u, 2u, 63u, 64u, 65u, 128u, 129u}) {
    Chunking chunking{uint64_t{count} * kChunkBytesMin, kChunkBytesMin};
    for (uint32_t first = 0; first <= count; ++first) {
      for (uint32_t end = first; end <= count; ++end) {
        InventoryPage page;
        page.entries = {entry_of(chunking, Bitmap(count))};
        for (uint32_t i = first; i < end; ++i) page.entries[0].chunks.set(i);
        Result<InventoryPage> decoded = round_trip(page);
        ASSERT_TRUE(decoded.ok()) << decoded.error().message;
        ASSERT_TRUE(*decoded == page) << count << ": " << first << " to " << end;
      }
    }
  }
}

TEST(InventoryCodec, TheLargestObjectFitsAPageByItself) {
  Chunking chunking{kObjectBytesMax, kChunkBytesMax};
  InventoryPage page;
  page.entries = {entry_of(chunking, Bitmap(kChunksMax))};
  for (uint32_t i = 0; i < kChunksMax; i += 2) page.entries[0].chunks.set(i);
  expect_same(page);
}

TEST(InventoryCodec, AFewBytesCannotClaimMoreBitmapsThanAPageHolds) {
  Chunking chunking{kObjectBytesMax, kChunkBytesMax};
  InventoryPage page;
  page.entries = {entry_of(chunking, Bitmap::full(kChunksMax)),
                  entry_of(chunking, Bitmap::full(kChunksMax))};
  EXPECT_LT(to_bytes(page).size(), 512u);
  expect_same(page);
  page.entries.push_back(entry_of(chunking, Bitmap::full(kChunksMax)));
  Result<InventoryPage> decoded = round_trip(page);
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("entries[2].chunks"), std::string::npos)
      << decoded.error().message;
}

// Fills the wire form of one entry of 70 chunks, and decodes.
Result<InventoryPage> decode_entry(const std::function<void(wire::InventoryEntry::Builder)>& fill) {
  capnp::MallocMessageBuilder message;
  auto page = message.initRoot<wire::InventoryPage>();
  auto entry = page.initEntries(1)[0];
  Digest id = samples::digest(1);
  entry.setVersion(capnp::Data::Reader(id.bytes.data(), id.bytes.size()));
  entry.setObjectBytes(70 * kChunkBytesMin);
  entry.setChunkBytes(kChunkBytesMin);
  fill(entry);
  return decode(page.asReader());
}

TEST(InventoryCodec, BitmapsOutsideTheObjectAreRefused) {
  using Builder = wire::InventoryEntry::Builder;
  auto words = [](uint32_t first, std::vector<uint64_t> values) {
    return [=](Builder entry) {
      auto some = entry.getChunks().initSome();
      some.setFirstWord(first);
      some.setWords(kj::arrayPtr(values.data(), values.size()));
    };
  };
  EXPECT_TRUE(decode_entry(words(1, {0x3f})).ok());
  EXPECT_TRUE(decode_entry(words(2, {})).ok());
  for (const auto& fill : {words(1, {0x40}), words(2, {0}), words(0, {1, 2, 0}),
                           words(~uint32_t{0}, {}), words(~uint32_t{0}, {1})}) {
    Result<InventoryPage> decoded = decode_entry(fill);
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(decoded.error().message.find("InventoryPage.entries[0].words"), std::string::npos)
        << decoded.error().message;
  }
}

TEST(InventoryCodec, WhatIsUnderWayIsHeldToItsBounds) {
  InventoryPage page = samples::inventory_underway();
  expect_same(page);
  auto& underway = page.entries[0].underway;
  auto refused = [&](const std::string& field) {
    Result<InventoryPage> decoded = round_trip(page);
    ASSERT_FALSE(decoded.ok());
    EXPECT_NE(decoded.error().message.find(field), std::string::npos) << decoded.error().message;
  };
  underway.resize(kUnderwayPerEntryMax, underway[1]);
  expect_same(page);
  underway.push_back(underway[1]);
  refused("entries[0].underway");
  underway.resize(2);
  underway[0].chunk = kChunksMax;
  refused("underway[0].chunk");
  underway[0].chunk = 0;
  underway[1].source.peer = PeerId();
  refused("underway[1].source");
}

TEST(InventoryCodec, RootsMustBeOnePerChunkOrNone) {
  InventoryPage page;
  Chunking chunking = Chunking::of(5 * kChunkBytesMin);
  page.entries = {entry_of(chunking, Bitmap::full(5))};
  page.entries[0].roots.resize(5, samples::digest(1));
  EXPECT_TRUE(round_trip(page).ok());
  for (std::size_t wrong : {1u, 4u, 6u}) {
    page.entries[0].roots.resize(wrong, samples::digest(1));
    Result<InventoryPage> decoded = round_trip(page);
    ASSERT_FALSE(decoded.ok());
    EXPECT_NE(decoded.error().message.find("entries[0].roots"), std::string::npos);
  }
}

// --- crafted bytes ---

// Whatever decodes must be a message of ours: it goes over the wire and comes back.
template <class T>
void expect_error_or_sound(std::span<const std::byte> bytes) {
  Result<T> decoded = from_bytes<T>(bytes);
  if (!decoded) {
    EXPECT_FALSE(decoded.error().message.empty());
    return;
  }
  Result<T> again = round_trip(*decoded);
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_TRUE(*again == *decoded);
}

template <class T>
void maul(const T& message) {
  std::vector<std::byte> whole = to_bytes(message);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    expect_error_or_sound<T>(std::span(whole).first(size));
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::vector<std::byte> bytes = whole;
      bytes[at] ^= std::byte{1} << bit;
      expect_error_or_sound<T>(bytes);
    }
  }
}

TEST(Codec, CutAndFlippedBytesAreAnErrorOrASoundMessage) {
  maul(samples::register_request());
  maul(samples::register_reply());
  maul(samples::exchange_up());
  maul(samples::exchange_down());
  maul(samples::inventory_page());
  maul(samples::roots_request());
  maul(samples::roots_page());
}

TEST(Codec, NoiseIsAnError) {
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::byte> bytes(8 * (1 + rng.below(64)));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng.next32());
    bytes[1] = bytes[2] = bytes[3] = std::byte{0};  // so that it is taken for one segment or a few
    expect_error_or_sound<ExchangeDown>(bytes);
  }
}

TEST(Codec, AListThatClaimsMillionsOfEmptyItemsIsRefusedAtOnce) {
  capnp::MallocMessageBuilder message;
  auto up = message.initRoot<wire::ExchangeUp>();
  up.setFirstEvent(1);
  std::vector<std::byte> bytes = to_bytes(ExchangeUp{});
  // The events pointer is the root struct's only one, its last word. Make of it a list of 2^29 - 1
  // elements of no size at the struct's end.
  uint64_t pointer =
      1 | (uint64_t{0} << 2) | (uint64_t{0} << 32) | (((uint64_t{1} << 29) - 1) << 35);
  for (int i = 0; i < 8; ++i) {
    bytes[bytes.size() - 8 + static_cast<std::size_t>(i)] =
        static_cast<std::byte>(pointer >> (8 * i));
  }
  Result<ExchangeUp> decoded = from_bytes<ExchangeUp>(bytes);
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace tyto
