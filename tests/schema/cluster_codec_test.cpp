// What trackers say to one another: what the codec passes, and what it refuses.
#include "schema/codec/cluster_codec.h"

#include <capnp/message.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/schema/cluster_samples.h"
#include "tests/schema/sample_messages.h"

namespace tyto {
namespace {

TEST(ClusterCodec, EveryMessageComesBackAsItWas) {
  const ClusterBatch all = samples::cluster_batch();
  Result<ClusterBatch> again = from_bytes<ClusterBatch>(to_bytes(all));
  ASSERT_TRUE(again.ok()) << again.error().message;
  ASSERT_EQ(again->messages.size(), all.messages.size());
  for (std::size_t i = 0; i < all.messages.size(); ++i)
    EXPECT_TRUE(again->messages[i] == all.messages[i]) << "message " << i;
  Result<TrackerIntroduced> introduced =
      from_bytes<TrackerIntroduced>(to_bytes(samples::tracker_introduced()));
  ASSERT_TRUE(introduced.ok()) << introduced.error().message;
  EXPECT_TRUE(*introduced == samples::tracker_introduced());
}

TEST(ClusterCodec, EveryMemberOfTheUnionHasASample) {
  std::vector<bool> seen(std::variant_size_v<ClusterMessage>);
  for (const ClusterBatch& batch :
       {samples::cluster_batch(), samples::cluster_batch_of_version_2(),
        samples::cluster_batch_of_version_3(), samples::cluster_batch_of_version_4(),
        samples::cluster_batch_of_policies()})
    for (const ClusterMessage& message : batch.messages) seen[message.index()] = true;
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "member " << i;
}

TEST(ClusterCodec, ABatchOfNothingIsASignOfLife) {
  Result<ClusterBatch> empty = from_bytes<ClusterBatch>(to_bytes(ClusterBatch{}));
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->messages.empty());
}

TEST(ClusterCodec, NoMessageTakesMoreThanIsEstimated) {
  for (const ClusterMessage& message : samples::cluster_batch().messages) {
    const std::size_t bytes = to_bytes(ClusterBatch{{message}}).size();
    EXPECT_LE(bytes, cluster_bytes_estimate(message) + 32) << "message " << message.index();
  }
}

TEST(ClusterCodec, TheLargestAnnouncementFitsIntoABatch) {
  CopiesAnnounced all{samples::version(1), 0, Bitmap::full(kChunksMax), Bitmap::full(kChunksMax)};
  ASSERT_LE(cluster_bytes_estimate(all), kClusterBatchBytesMax - kClusterBatchBytesAimed);
  Result<ClusterBatch> again = from_bytes<ClusterBatch>(to_bytes(ClusterBatch{{all}}));
  ASSERT_TRUE(again.ok()) << again.error().message;
}

TEST(ClusterCodec, VersionsOneApartSpeakTheLowerAndThoseFurtherApartDoNot) {
  TrackerIntroduced other = samples::tracker_introduced();
  for (auto [ours, theirs, expected] :
       std::vector<std::array<uint32_t, 3>>{{1, 1, 1}, {2, 1, 1}, {1, 2, 1}, {7, 8, 7}}) {
    other.cluster_version = theirs;
    Result<uint32_t> version = cluster_version_of_link(ours, other);
    ASSERT_TRUE(version.ok());
    EXPECT_EQ(*version, expected);
  }
  other.cluster_version = 3;
  Result<uint32_t> version = cluster_version_of_link(1, other);
  ASSERT_FALSE(version.ok());
  EXPECT_EQ(version.error().code, ErrorCode::kUnsupported);
  EXPECT_NE(version.error().message.find("upgrade the older one"), std::string::npos);
}

struct Rule {
  const char* place;
  std::size_t message;  // of the sample
  std::function<void(wire::ClusterMessage::Builder)> breach;
  ErrorCode code = ErrorCode::kInvalidArgument;
};

TEST(ClusterCodec, ABrokenRuleIsRefusedByTheNameOfItsField) {
  using B = wire::ClusterMessage::Builder;
  const std::string long_text(1025, 'x');
  const std::vector<Rule> rules = {
      {"versionDescribed... key", 0, [](B b) { b.getVersionDescribed().setKey("/"); }},
      {"count", 2, [](B b) { b.getCopiesAnnounced().setCount(kChunksMax); }},
      {"held", 2, [](B b) { b.getCopiesAnnounced().initHeld(5); }},
      {"gone", 2, [](B b) { b.getCopiesAnnounced().initGone(4).set(3, 1u << 20); }},
      {"version", 2, [](B b) { b.getCopiesAnnounced().initVersion(31); }},
      {"want", 5, [](B b) { b.getChunkWanted().setWant(0); }},
      {"reader", 5, [](B b) { b.getChunkWanted().setReader("a//b/c/d"); }},
      {"chunk", 5, [](B b) { b.getChunkWanted().getChunk().setChunk(kChunksMax); }},
      {"wantWithdrawn", 6, [](B b) { b.setWantWithdrawn(0); }},
      {"detail", 7, [&](B b) { b.getLeaseFailed().setDetail(long_text.c_str()); }},
      {"version", 8, [](B b) { b.getLeaseProgressed().initVersion(32); }},
      {"asker", 10, [](B b) { b.getServeAsked().setAsker(0); }},
      {"afterNs", 12, [](B b) { b.getWantPostponed().setAfterNs(~uint64_t{0}); }},
      {"want", 14, [](B b) { b.getServeRefused().setWant(0); }},
      {"offer", 15, [](B b) { b.getChunkOffered().setOffer(0); }},
      {"kind", 15,
       [](B b) {
         auto source = b.getChunkOffered().initSource();
         source.setKind(wire::SourceKind::ORIGIN);
       }},
      {"path", 15, [](B b) { b.getChunkOffered().initPath(17); }},
      {"path", 15, [](B b) { b.getChunkOffered().initPath(1); }},
      {"root", 15, [](B b) { b.getChunkOffered().initRoot(3); }},
      {"offerProgressed", 17, [](B b) { b.setOfferProgressed(0); }},
      {"bucket", 19, [](B b) { b.getNameAsked().setBucket("Models"); }},
      {"key", 19, [](B b) { b.getNameAsked().setKey(""); }},
      {"lookup", 20, [](B b) { b.getNameAnswered().setLookup(0); }},
  };
  const ClusterBatch good = samples::cluster_batch();
  for (const Rule& rule : rules) {
    SCOPED_TRACE(rule.place);
    capnp::MallocMessageBuilder message;
    auto builder = message.initRoot<wire::ClusterBatch>();
    encode(good, builder);
    rule.breach(builder.getMessages()[static_cast<unsigned>(rule.message)]);
    Result<ClusterBatch> decoded = decode(builder.asReader());
    ASSERT_FALSE(decoded.ok());
    EXPECT_EQ(decoded.error().code, rule.code);
    const std::string field =
        std::string(rule.place).substr(std::string(rule.place).rfind(' ') + 1);
    EXPECT_NE(decoded.error().message.find(field), std::string::npos) << decoded.error().message;
    EXPECT_NE(decoded.error().message.find("messages[" + std::to_string(rule.message) + "]"),
              std::string::npos)
        << decoded.error().message;
  }
}

TEST(ClusterCodec, AMoveWithoutAPeerOrASessionIsRefused) {
  for (const PeerMoved& wrong : {PeerMoved{PeerId(), SessionId(1)}, {PeerId(1), SessionId()}}) {
    capnp::MallocMessageBuilder message;
    auto builder = message.initRoot<wire::ClusterBatch>();
    encode(ClusterBatch{{wrong}}, builder);
    Result<ClusterBatch> decoded = decode(builder.asReader());
    ASSERT_FALSE(decoded.ok());
    EXPECT_NE(decoded.error().message.find("a number that is not 0"), std::string::npos);
  }
}

TEST(ClusterCodec, APermitWithoutANumberIsRefused) {
  const VersionId a = samples::version(0x22);
  for (const ClusterMessage& wrong :
       {ClusterMessage(PermitWanted{PermitId(), a, 1, false}), ClusterMessage(PermitGranted{}),
        ClusterMessage(PermitEnded{})}) {
    capnp::MallocMessageBuilder message;
    auto builder = message.initRoot<wire::ClusterBatch>();
    encode(ClusterBatch{{wrong}}, builder);
    Result<ClusterBatch> decoded = decode(builder.asReader());
    ASSERT_FALSE(decoded.ok());
    EXPECT_NE(decoded.error().message.find("a number that is not 0"), std::string::npos);
  }
}

TEST(ClusterCodec, WhatALinkOfTheVersionBeforeDoesNotKnowIsLeftOut) {
  std::vector<ClusterMessage> messages = {PeerMoved{PeerId(1), SessionId(2)},
                                          PeersCame{TrackerEpoch(1), 2}, PermitGranted{PermitId(4)},
                                          CopiesSynced{3}};
  drop_newer(messages, 4);
  EXPECT_EQ(messages.size(), 4u);
  drop_newer(messages, 3);
  EXPECT_EQ(messages.size(), 3u);
  drop_newer(messages, 2);
  EXPECT_EQ(messages.size(), 2u);
  drop_newer(messages, 1);
  EXPECT_EQ(messages, (std::vector<ClusterMessage>{CopiesSynced{3}}));
}

TEST(ClusterCodec, TooManyMessagesAreRefused) {
  ClusterBatch batch;
  batch.messages.assign(kClusterMessagesMax + 1, CopiesSynced{});
  Result<ClusterBatch> decoded = from_bytes<ClusterBatch>(to_bytes(batch));
  ASSERT_FALSE(decoded.ok());
  EXPECT_NE(decoded.error().message.find("messages"), std::string::npos);
}

TEST(ClusterCodec, AnIntroductionWithoutAnIdARunOrAnAddressIsRefused) {
  for (auto breach : std::vector<std::function<void(TrackerIntroduced&)>>{
           [](auto& i) { i.member.id = MemberId(); },
           [](auto& i) { i.member.epoch = TrackerEpoch(); }, [](auto& i) { i.member.rpc = {}; },
           [](auto& i) { i.cluster_version = 0; },
           [](auto& i) { i.member.region = std::string(64, 'x'); }}) {
    TrackerIntroduced introduced = samples::tracker_introduced();
    breach(introduced);
    EXPECT_FALSE(from_bytes<TrackerIntroduced>(to_bytes(introduced)).ok());
  }
}

}  // namespace
}  // namespace tyto
