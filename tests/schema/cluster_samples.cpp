#include "tests/schema/cluster_samples.h"

#include "tests/schema/sample_messages.h"

namespace tyto::samples {

TrackerIntroduced tracker_introduced() {
  TrackerIntroduced introduced;
  introduced.member = {
      MemberId(0x8877665544332211), {"2001:db8::7", 7400}, "eu-west", TrackerEpoch(1'700'000'017)};
  introduced.name =
      "tr\xc3\xa4"
      "cker-7";
  introduced.program = "0.1.0";
  introduced.cluster_version = 1;
  return introduced;
}

ClusterBatch cluster_batch() {
  const VersionId a = version(0x11);
  const Location reader = *Location::parse("eu-west/zone-2/rack_14/host-17.example");
  Bitmap held(200);
  for (uint32_t i = 3; i < 130; i += 7) held.set(i);
  Bitmap gone(200);
  gone.set(199);
  ClusterBatch batch;
  batch.messages = {
      VersionDescribed{facts()},
      StatusTold{15'000, 3, 24},
      CopiesAnnounced{a, 17, held, gone},
      CopiesAnnounced{a, 0, Bitmap::full(64), {}},
      CopiesSynced{0x123456789abcdef0},
      ChunkWanted{WantId(1), a, 5, reader, Priority::kUrgent, true},
      WantWithdrawn{WantId(2)},
      LeaseFailed{a, 6, FailureKind::kOriginMissing, "404 from https://storage.example/none"},
      LeaseProgressed{a, 7},
      LastCopyAsked{a, 8},
      ServeAsked{MemberId(3), WantId(4), a, 9, reader, Priority::kPrefetch},
      LeaseGranted{a, 10, WantId()},
      WantPostponed{WantId(5), Duration::milliseconds(250), {ErrorCode::kUnavailable, "later"}},
      LastCopyAnswered{a, 11, true},
      ServeRefused{MemberId(6), WantId(7), a, 12, true},
      ChunkOffered{WantId(8),
                   OfferId(9),
                   a,
                   13,
                   peer_source(),
                   reader,
                   digest(0x33),
                   {MemberId(10), MemberId(11)},
                   Duration::seconds(5)},
      ChunkOffered{
          WantId(12), OfferId(13), a, 14, superpeer_source(), reader, std::nullopt, {}, {}},
      OfferProgressed{OfferId(14)},
      OfferEnded{OfferId(15), true, FailureKind::kCorrupt},
      NameAsked{LookupId(16), "models", "family a/weights.bin"},
      NameAnswered{LookupId(17), facts(), {}},
      NameAnswered{LookupId(18), std::nullopt, {ErrorCode::kNotFound, "no such object"}},
  };
  return batch;
}

ClusterBatch cluster_batch_of_version_2() {
  return {{PeerMoved{PeerId(19), SessionId(20)}}};
}

ClusterBatch cluster_batch_of_version_3() {
  return {{PeersCame{TrackerEpoch(21), 5'000}}};
}

ClusterBatch cluster_batch_of_version_4() {
  return {{PermitWanted{PermitId(28), version(0x22), 5 * kMiB, false},
           PermitWanted{PermitId(29), version(0x22), 6, true}, PermitGranted{PermitId(30)},
           PermitEnded{PermitId(31)}}};
}

ClusterBatch cluster_batch_of_policies() {
  const VersionId a = version(0x22);
  const Location reader = *Location::parse("eu-west/zone-2/rack_14/host-17.example");
  return {{
      ChunkWanted{WantId(22), a, 15, reader, Priority::kNormal, false, true, true},
      ServeAsked{MemberId(23), WantId(24), a, 16, reader, Priority::kNormal, true},
      LeaseGranted{a, 17, WantId(), true},
      ServeRefused{MemberId(25), WantId(26), a, 18, false, true},
      NameAsked{LookupId(27), "models", "family a/weights.bin", a},
  }};
}

}  // namespace tyto::samples
