// One broken rule at a time: the codec names the field.
#include <capnp/any.h>
#include <capnp/message.h>
#include <capnp/schema.h>
#include <gtest/gtest.h>

#include <functional>

#include "schema/codec/codec.h"
#include "tests/schema/sample_messages.h"

namespace tyto {
namespace {

template <class Wire>
struct Rule {
  const char* place;  // in the message, of what is refused
  std::function<void(typename Wire::Builder)> breach;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

// Encodes a good message, breaks one rule in it, and looks at what decode() says.
template <class Wire, class T>
void expect_refused(const T& good, const std::vector<Rule<Wire>>& rules) {
  for (const Rule<Wire>& rule : rules) {
    SCOPED_TRACE(rule.place);
    capnp::MallocMessageBuilder message;
    auto builder = message.initRoot<Wire>();
    encode(good, builder);
    ASSERT_TRUE(decode(builder.asReader()).ok());
    rule.breach(builder);
    Result<T> decoded = decode(builder.asReader());
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code, rule.code) << decoded.error().message;
    std::string start = std::string(rule.place) + ": expected ";
    EXPECT_EQ(decoded.error().message.substr(0, start.size()), start) << decoded.error().message;
    EXPECT_NE(decoded.error().message.find(", found "), std::string::npos);
  }
}

std::string text(std::size_t size) {
  return std::string(size, 'x');
}
capnp::Data::Reader zeros(std::size_t size) {
  static const uint8_t kZeros[64] = {};
  return capnp::Data::Reader(kZeros, size);
}
constexpr uint64_t kTooLongNs = static_cast<uint64_t>(kSpanMax.ns()) + 1;

TEST(CodecRules, RegisterRequest) {
  using B = wire::RegisterRequest::Builder;
  expect_refused<wire::RegisterRequest>(
      samples::register_request(),
      {
          {"RegisterRequest.protocolVersion", [](B b) { b.setProtocolVersion(0); },
           ErrorCode::kUnsupported},
          {"RegisterRequest.peer", [](B b) { b.setPeer(0); }},
          {"RegisterRequest.role", [](B b) { b.setRole(static_cast<wire::Role>(2)); },
           ErrorCode::kUnsupported},
          {"RegisterRequest.name", [](B b) { b.setName(text(256).c_str()); }},
          {"RegisterRequest.location", [](B b) { b.setLocation(""); }},
          {"RegisterRequest.location", [](B b) { b.setLocation("a/b/c/d/e"); }},
          {"RegisterRequest.location", [](B b) { b.setLocation(text(256).c_str()); }},
          {"RegisterRequest.credentials", [](B b) { b.initCredentials(4097); }},
          {"RegisterRequest.dataAddress.host",
           [](B b) { b.getDataAddress().setHost(text(254).c_str()); }},
          {"RegisterRequest.dataAddress.host", [](B b) { b.getDataAddress().setHost("a\r\nb"); }},
          {"RegisterRequest.avoids", [](B b) { b.initAvoids(9); }},
      });
}

TEST(CodecRules, RegisterMoved) {
  using B = wire::RegisterMoved::Builder;
  expect_refused<wire::RegisterMoved>(
      samples::register_moved(),
      {
          {"RegisterMoved.from", [](B b) { b.setFrom(0); }},
          {"RegisterMoved.home", [](B b) { b.setHome(8); }},
          {"RegisterMoved.trackers", [](B b) { b.initTrackers(129); }},
          {"RegisterMoved.trackers[1].id", [](B b) { b.getTrackers()[1].setId(0); }},
          {"RegisterMoved.trackers[0].region",
           [](B b) { b.getTrackers()[0].setRegion(text(64).c_str()); }},
          {"RegisterMoved.trackers[2].address",
           [](B b) { b.getTrackers()[2].getAddress().setPort(0); }},
      });
}

TEST(CodecRules, RegisterReply) {
  using B = wire::RegisterReply::Builder;
  expect_refused<wire::RegisterReply>(
      samples::register_reply(),
      {
          {"RegisterReply.protocolVersion", [](B b) { b.setProtocolVersion(0); },
           ErrorCode::kUnsupported},
          {"RegisterReply.superpeers", [](B b) { b.initSuperpeers(65); }},
          {"RegisterReply.superpeers[1].peer", [](B b) { b.getSuperpeers()[1].setPeer(0); }},
          {"RegisterReply.superpeers[0].address",
           [](B b) { b.getSuperpeers()[0].getAddress().setPort(0); }},
          {"RegisterReply.ticket.text", [](B b) { b.getTicket().setText("a b"); }},
          {"RegisterReply.ticket.text", [](B b) { b.getTicket().setText(text(513).c_str()); }},
      });
}

TEST(CodecRules, ExchangeUpAsAWhole) {
  using B = wire::ExchangeUp::Builder;
  expect_refused<wire::ExchangeUp>(
      samples::exchange_up(),
      {
          {"ExchangeUp.firstEvent", [](B b) { b.setFirstEvent(0); }},
          {"ExchangeUp.firstEvent", [](B b) { b.setFirstEvent(uint64_t{1} << 62); }},
          {"ExchangeUp.events", [](B b) { b.initEvents(257); }},
          {"ExchangeUp.commandsApplied", [](B b) { b.setCommandsApplied(~uint64_t{0}); }},
          {"ExchangeUp.parkNs", [](B b) { b.setParkNs(static_cast<uint64_t>(kParkMax.ns()) + 1); }},
          {"ExchangeUp",
           [](B b) { b.getEvents()[0].initOpenRequested().setKey(text(65536).c_str()); }},
      });
}

TEST(CodecRules, Events) {
  using B = wire::ExchangeUp::Builder;
  auto open = [](B b) { return b.getEvents()[0].getOpenRequested(); };
  auto verified = [](B b) { return b.getEvents()[4].getChunkVerified(); };
  auto failed = [](B b) { return b.getEvents()[5].getSourceFailed(); };
  auto facts = [](B b) { return b.getEvents()[9].getNameResolved().getOutcome().getFacts(); };
  expect_refused<wire::ExchangeUp>(
      samples::exchange_up(),
      {
          {"ExchangeUp.events[0].openRequested.bucket",
           [=](B b) { open(b).setBucket(text(64).c_str()); }},
          {"ExchangeUp.events[0].openRequested.key",
           [=](B b) { open(b).setKey(text(1025).c_str()); }},
          {"ExchangeUp.events[0].openRequested.pinned", [=](B b) { open(b).setPinned(zeros(31)); }},
          {"ExchangeUp.events[0].openRequested.pinned", [=](B b) { open(b).setPinned(zeros(32)); }},
          {"ExchangeUp.events[0].openRequested.mode",
           [=](B b) { open(b).setMode(static_cast<wire::ReadMode>(2)); }, ErrorCode::kUnsupported},
          {"ExchangeUp.events[0].openRequested.deadlineNs",
           [=](B b) { open(b).setDeadlineNs(kTooLongNs); }},
          {"ExchangeUp.events[0].openRequested.windowCount",
           [=](B b) { open(b).setWindowCount(kChunksMax); }},
          {"ExchangeUp.events[1].windowMoved.count",
           [](B b) { b.getEvents()[1].getWindowMoved().setFirst(kChunksMax + 1); }},
          {"ExchangeUp.events[3].chunkProgressed.quarter",
           [](B b) { b.getEvents()[3].getChunkProgressed().setQuarter(0); }},
          {"ExchangeUp.events[3].chunkProgressed.quarter",
           [](B b) { b.getEvents()[3].getChunkProgressed().setQuarter(4); }},
          {"ExchangeUp.events[4].chunkVerified.version",
           [=](B b) { verified(b).setVersion(zeros(0)); }},
          {"ExchangeUp.events[4].chunkVerified.version",
           [=](B b) { verified(b).setVersion(zeros(64)); }},
          {"ExchangeUp.events[4].chunkVerified.chunk",
           [=](B b) { verified(b).setChunk(kChunksMax); }},
          {"ExchangeUp.events[4].chunkVerified.root", [=](B b) { verified(b).setRoot(zeros(32)); }},
          {"ExchangeUp.events[4].chunkVerified.tookNs",
           [=](B b) { verified(b).setTookNs(~uint64_t{0}); }},
          {"ExchangeUp.events[4].chunkVerified.medium",
           [=](B b) { verified(b).setMedium(static_cast<wire::Medium>(2)); },
           ErrorCode::kUnsupported},
          {"ExchangeUp.events[4].chunkVerified.source.address",
           [=](B b) { verified(b).getSource().initAddress().setHost("a"); }},
          {"ExchangeUp.events[4].chunkVerified.source.peer",
           [=](B b) { verified(b).getSource().setPeer(1); }},
          {"ExchangeUp.events[5].sourceFailed.source.peer",
           [=](B b) { failed(b).getSource().setPeer(0); }},
          {"ExchangeUp.events[5].sourceFailed.source.kind",
           [=](B b) { failed(b).getSource().setKind(static_cast<wire::SourceKind>(3)); },
           ErrorCode::kUnsupported},
          {"ExchangeUp.events[5].sourceFailed.source.address",
           [=](B b) { failed(b).getSource().getAddress().setHost(""); }},
          {"ExchangeUp.events[6].assignmentFailed.detail",
           [](B b) { b.getEvents()[6].getAssignmentFailed().setDetail(text(1025).c_str()); }},
          {"ExchangeUp.events[7].chunksDropped.count",
           [](B b) { b.getEvents()[7].getChunksDropped().setCount(~uint32_t{0}); }},
          {"ExchangeUp.events[8].evictionDeferred.version",
           [](B b) { b.getEvents()[8].getEvictionDeferred().setVersion(zeros(1)); }},
          {"ExchangeUp.events[9].nameResolved.facts.id", [=](B b) { facts(b).setId(zeros(0)); }},
          {"ExchangeUp.events[9].nameResolved.facts.bucketName",
           [=](B b) { facts(b).setBucketName("Models"); }},
          {"ExchangeUp.events[9].nameResolved.facts.key",
           [=](B b) { facts(b).setKey("a/../../b"); }},
          {"ExchangeUp.events[9].nameResolved.facts.chunkBytes",
           [=](B b) { facts(b).setChunkBytes(kChunkBytesMin + 1); }},
          {"ExchangeUp.events[9].nameResolved.facts.chunkBytes",
           [=](B b) { facts(b).setObjectBytes(~uint64_t{0}); }},
          {"ExchangeUp.events[9].nameResolved.facts.chunkBytes",
           [=](B b) { facts(b).setChunkBytes(0); }},
          {"ExchangeUp.events[9].nameResolved.facts.origin.url",
           [=](B b) { facts(b).getOrigin().setUrl("gopher://a/b"); }},
          {"ExchangeUp.events[9].nameResolved.facts.origin.url",
           [=](B b) { facts(b).getOrigin().setUrl("http://a/b\r\nHost: c"); }},
          {"ExchangeUp.events[9].nameResolved.facts.origin.url",
           [=](B b) { facts(b).getOrigin().setUrl("file://host/path"); }},
          {"ExchangeUp.events[9].nameResolved.facts.origin.url",
           [=](B b) { facts(b).getOrigin().setUrl(("http://" + text(4090)).c_str()); }},
          {"ExchangeUp.events[9].nameResolved.facts.origin.etag",
           [=](B b) { facts(b).getOrigin().setEtag("W/\"weak\""); }},
          {"ExchangeUp.events[9].nameResolved.facts.origin.etag",
           [=](B b) { facts(b).getOrigin().setEtag("\""); }},
          {"ExchangeUp.events[9].nameResolved.facts.origin.etag",
           [=](B b) { facts(b).getOrigin().setEtag("\"a\r\nb\""); }},
          {"ExchangeUp.events[10].nameResolved.error.message",
           [](B b) {
             b.getEvents()[10].getNameResolved().getOutcome().getError().setMessage(
                 text(1025).c_str());
           }},
          {"ExchangeUp.events[12].leaving.deadlineNs",
           [](B b) { b.getEvents()[12].getLeaving().setDeadlineNs(kTooLongNs); }},
      });
}

TEST(CodecRules, Commands) {
  using B = wire::ExchangeDown::Builder;
  auto assign = [](B b) { return b.getCommands()[7].getAssign(); };
  auto resolve = [](B b) { return b.getCommands()[6].getResolve(); };
  expect_refused<wire::ExchangeDown>(
      samples::exchange_down(),
      {
          {"ExchangeDown.firstCommand", [](B b) { b.setFirstCommand(0); }},
          {"ExchangeDown.commands", [](B b) { b.initCommands(65); }},
          {"ExchangeDown.eventsApplied", [](B b) { b.setEventsApplied(~uint64_t{0}); }},
          {"ExchangeDown.commands[2].evict.run.version",
           [](B b) { b.getCommands()[2].getEvict().getRun().setVersion(zeros(32)); }},
          {"ExchangeDown.commands[2].evict.run.count",
           [](B b) { b.getCommands()[2].getEvict().getRun().setFirst(~uint32_t{0}); }},
          {"ExchangeDown.commands[3].describe.key",
           [](B b) { b.getCommands()[3].getDescribe().setKey("/a"); }},
          {"ExchangeDown.commands[4].opened.version",
           [](B b) { b.getCommands()[4].getOpened().setVersion(zeros(16)); }},
          {"ExchangeDown.commands[4].opened.ticket.text",
           [](B b) { b.getCommands()[4].getOpened().getTicket().setText("\x7f"); }},
          {"ExchangeDown.commands[5].openEnded.error.message",
           [](B b) {
             b.getCommands()[5].getOpenEnded().getError().setMessage(text(1025).c_str());
           }},
          {"ExchangeDown.commands[6].resolve.url", [=](B b) { resolve(b).setUrl(""); }},
          {"ExchangeDown.commands[6].resolve.key", [=](B b) { resolve(b).setKey(""); }},
          {"ExchangeDown.commands[6].resolve.bucketName",
           [=](B b) { resolve(b).setBucketName("a_b"); }},
          {"ExchangeDown.commands[7].assign.fallbacks", [=](B b) { assign(b).initFallbacks(4); }},
          {"ExchangeDown.commands[7].assign.fallbacks[1].peer",
           [=](B b) { assign(b).getFallbacks()[1].setPeer(5); }},
          {"ExchangeDown.commands[7].assign.generation", [=](B b) { assign(b).setGeneration(2); }},
          {"ExchangeDown.commands[7].assign.root", [=](B b) { assign(b).setRoot(zeros(0)); }},
          {"ExchangeDown.commands[7].assign.root", [=](B b) { assign(b).setRoot(zeros(33)); }},
          {"ExchangeDown.commands[7].assign.chunk", [=](B b) { assign(b).setChunk(kChunksMax); }},
          {"ExchangeDown.commands[7].assign.run", [=](B b) { assign(b).setRun(2); }},
          {"ExchangeDown.commands[4].opened.placement",
           [](B b) {
             b.getCommands()[4].getOpened().setPlacement(static_cast<wire::Placement>(3));
           },
           ErrorCode::kUnsupported},
          {"ExchangeDown.commands[7].assign.placement",
           [=](B b) { assign(b).setPlacement(static_cast<wire::Placement>(3)); },
           ErrorCode::kUnsupported},
          {"ExchangeDown.commands[7].assign.patienceNs",
           [=](B b) { assign(b).setPatienceNs(kTooLongNs); }},
      });
}

// Whoever lets a transfer go on need not know what it brings.
TEST(CodecRules, AnOrderToGoOnNeedsNoRoot) {
  ExchangeDown down;
  down.first_command = Sequence(1);
  Assign order = std::get<Assign>(samples::exchange_down().commands.back());
  ASSERT_NE(order.source.kind, SourceKind::kOrigin);
  order.root = std::nullopt;
  for (Choice choice : {Choice::kCarriedOver, Choice::kNone}) {
    order.reason.choice = choice;
    down.commands = {order};
    capnp::MallocMessageBuilder message;
    auto builder = message.initRoot<wire::ExchangeDown>();
    encode(down, builder);
    EXPECT_EQ(decode(builder.asReader()).ok(), choice == Choice::kCarriedOver);
  }
}

TEST(CodecRules, RootsAndInventories) {
  using R = wire::RootsPage::Builder;
  expect_refused<wire::RootsPage>(samples::roots_page(),
                                  {
                                      {"RootsPage.version", [](R b) { b.setVersion(zeros(8)); }},
                                      {"RootsPage.roots", [](R b) { b.setRoots(zeros(33)); }},
                                      {"RootsPage.roots", [](R b) { b.initRoots(32 * 1025); }},
                                      {"RootsPage.first", [](R b) { b.setFirst(kChunksMax - 1); }},
                                  });
  using I = wire::InventoryPage::Builder;
  expect_refused<wire::InventoryPage>(
      samples::inventory_page(),
      {
          {"InventoryPage.entries", [](I b) { b.initEntries(257); }},
          {"InventoryPage.entries[0].version", [](I b) { b.getEntries()[0].setVersion(zeros(0)); }},
          {"InventoryPage.entries[1].chunkBytes",
           [](I b) { b.getEntries()[1].setChunkBytes(8192); }},
          {"InventoryPage.entries[3].roots", [](I b) { b.getEntries()[3].setRoots(zeros(31)); }},
          {"InventoryPage.entries[3].roots", [](I b) { b.getEntries()[3].setRoots(zeros(32)); }},
          {"InventoryPage", [](I b) { b.getEntries()[3].initRoots(256 * 1024); }},
      });
  expect_refused<wire::InventoryPage>(
      samples::inventory_in_memory(),
      {
          {"InventoryPage.entries[0].inMemory.words",  // not held at all
           [](I b) { b.getEntries()[0].getInMemory().getWords().set(1, uint64_t{1} << 63); }},
          {"InventoryPage.entries[0].inMemory.words",
           [](I b) { b.getEntries()[0].getInMemory().setFirstWord(4); }},
          {"InventoryPage.entries[1].inMemory.words",  // chunks past the last one
           [](I b) { b.getEntries()[1].getInMemory().getWords().set(3, ~uint64_t{0}); }},
          {"InventoryPage.entries[2].underway[0].medium",
           [](I b) { b.getEntries()[2].getUnderway()[0].setMedium(static_cast<wire::Medium>(2)); },
           ErrorCode::kUnsupported},
      });
}

// --- evolution ---

// The data section of a struct, to write what no setter would.
template <class Builder>
kj::ArrayPtr<kj::byte> raw_data(Builder builder) {
  return capnp::AnyStruct::Builder(capnp::toAny(builder)).getDataSection();
}

TEST(CodecEvolution, UnknownEventsAndCommandsAreUnsupported) {
  using U = wire::ExchangeUp::Builder;
  expect_refused<wire::ExchangeUp>(
      samples::exchange_up(),
      {{"ExchangeUp.events[2].member", [](U b) { raw_data(b.getEvents()[2])[0] = 12; },
        ErrorCode::kUnsupported},
       {"ExchangeUp.events[2].member", [](U b) { raw_data(b.getEvents()[2])[1] = 0xff; },
        ErrorCode::kUnsupported}});
  using D = wire::ExchangeDown::Builder;
  expect_refused<wire::ExchangeDown>(
      samples::exchange_down(),
      {{"ExchangeDown.commands[0].member", [](D b) { raw_data(b.getCommands()[0])[0] = 10; },
        ErrorCode::kUnsupported}});
}

TEST(CodecEvolution, UnknownEnumerantsThatInformDegrade) {
  capnp::MallocMessageBuilder up_message;
  auto up = up_message.initRoot<wire::ExchangeUp>();
  encode(samples::exchange_up(), up);
  up.getEvents()[0].getOpenRequested().setPriority(static_cast<wire::Priority>(3));
  up.getEvents()[5].getSourceFailed().setKind(static_cast<wire::FailureKind>(12));
  Result<ExchangeUp> decoded_up = decode(up.asReader());
  ASSERT_TRUE(decoded_up.ok()) << decoded_up.error().message;
  EXPECT_EQ(std::get<OpenRequested>(decoded_up->events[0]).priority, Priority::kNormal);
  EXPECT_EQ(std::get<SourceFailed>(decoded_up->events[5]).kind, FailureKind::kInternal);

  capnp::MallocMessageBuilder down_message;
  auto down = down_message.initRoot<wire::ExchangeDown>();
  encode(samples::exchange_down(), down);
  down.getCommands()[7].getAssign().getReason().setChoice(static_cast<wire::Choice>(999));
  Result<ExchangeDown> decoded_down = decode(down.asReader());
  ASSERT_TRUE(decoded_down.ok()) << decoded_down.error().message;
  EXPECT_EQ(std::get<Assign>(decoded_down->commands[7]).reason.choice, Choice::kNone);
}

// "wholeCopy" as "whole_copy".
std::string snake_case(const std::string& camel) {
  std::string snake;
  for (char c : camel) {
    if (c >= 'A' && c <= 'Z') snake += '_';
    snake += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return snake;
}

TEST(CodecEvolution, TheSchemaAndTheTableOfChoicesNameTheSame) {
  auto enumerants = capnp::Schema::from<wire::Choice>().getEnumerants();
  ASSERT_EQ(enumerants.size(), static_cast<std::size_t>(kChoiceLast) + 1);
  for (auto enumerant : enumerants) {
    auto choice = static_cast<Choice>(enumerant.getOrdinal());
    EXPECT_EQ(choice_name(choice), snake_case(enumerant.getProto().getName().cStr()));
    EXPECT_FALSE(choice_words(choice).empty());
  }
  EXPECT_EQ(choice_name(static_cast<Choice>(200)), "none");
}

// The struct copied into one with `words_more` data words and pointers more, or fewer.
template <class Wire, class T>
Result<T> decode_resized(const T& message, int words_more) {
  capnp::MallocMessageBuilder from;
  auto builder = from.initRoot<Wire>();
  encode(message, builder);
  auto old = capnp::AnyStruct::Reader(builder.asReader());
  auto data = old.getDataSection();
  auto pointers = old.getPointerSection();
  auto sized = [&](std::size_t words) {
    return static_cast<uint16_t>(static_cast<int>(words) + words_more);
  };
  capnp::MallocMessageBuilder to;
  auto resized = to.getRoot<capnp::AnyPointer>().initAsAnyStruct(sized(data.size() / 8),
                                                                 sized(pointers.size()));
  auto new_data = resized.getDataSection();
  for (std::size_t i = 0; i < new_data.size(); ++i) {
    new_data[i] = i < data.size() ? data[i] : kj::byte{0xee};
  }
  auto new_pointers = resized.getPointerSection();
  for (unsigned i = 0; i < new_pointers.size() && i < pointers.size(); ++i) {
    new_pointers[i].set(pointers[i]);
  }
  if (words_more > 0) {
    new_pointers[static_cast<unsigned>(pointers.size())].template setAs<capnp::Text>("of later");
  }
  return decode(to.getRoot<Wire>().asReader());
}

TEST(CodecEvolution, FieldsOfALaterVersionAreIgnored) {
  auto request = decode_resized<wire::RegisterRequest>(samples::register_request(), 2);
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(*request, samples::register_request());
  auto down = decode_resized<wire::ExchangeDown>(samples::exchange_down(), 3);
  ASSERT_TRUE(down.ok()) << down.error().message;
  EXPECT_EQ(*down, samples::exchange_down());
}

TEST(CodecEvolution, FieldsThatAnEarlierVersionLackedAreDefaults) {
  auto up = decode_resized<wire::ExchangeUp>(samples::exchange_up(), -1);
  ASSERT_TRUE(up.ok()) << up.error().message;
  EXPECT_EQ(up->first_event, Sequence(41));
  EXPECT_TRUE(up->events.empty());
  EXPECT_EQ(up->park, Duration());
}

}  // namespace
}  // namespace tyto
