#include "tests/schema/sample_messages.h"

namespace tyto::samples {

Digest digest(uint8_t seed) {
  Digest digest;
  for (std::size_t i = 0; i < digest.bytes.size(); ++i) {
    digest.bytes[i] = static_cast<uint8_t>(seed + 7 * i);
  }
  return digest;
}

VersionId version(uint8_t seed) {
  return VersionId{digest(seed)};
}

VersionFacts facts() {
  VersionFacts facts;
  facts.id = version(0x11);
  facts.bucket = BucketId(7);
  facts.bucket_name = "models";
  facts.key =
      "family a/gr\xc3\xb6\xc3\x9f"
      "e 7b/weights.bin";
  facts.chunking = Chunking::of(100'000'000);
  facts.is_published = true;
  facts.origin.url = "https://storage.example:8443/models/family%20a/weights.bin?v=3";
  facts.origin.etag = "\"5f2c-61a\"";
  facts.origin.modified = WallTime::from_unix_s(1'700'000'000);
  return facts;
}

Source peer_source() {
  return {SourceKind::kPeer, PeerId(0x1122334455667788), {"10.1.2.3", 7001}, Generation(2)};
}

Source superpeer_source() {
  return {SourceKind::kSuperpeer, PeerId(99), {"2001:db8::17", 65535}, Generation(0)};
}

Source origin_source() {
  return {};
}

RegisterRequest register_request() {
  RegisterRequest request;
  request.peer = PeerId(0xfedcba9876543210);
  request.role = Role::kSuperpeer;
  request.name = "h\xc3\xb6st-17 superpeer";
  request.location = *Location::parse("eu-west/zone-2/rack_14/host-17.example");
  request.data_address = {"host-17.example", 7070};
  request.store_bytes = 64 * kGiB;
  request.upload_bytes_per_s = 1'250'000'000;
  request.download_bytes_per_s = 1'250'000'001;
  request.uploads_max = 48;
  request.credentials = std::string("opaque\0bytes\xff", 13);
  request.resume_session = SessionId(31);
  request.resume_epoch = TrackerEpoch(4);
  request.has_inventory = true;
  request.protocol_version = 1;
  return request;
}

RegisterReply register_reply() {
  RegisterReply reply;
  reply.session = SessionId(32);
  reply.epoch = TrackerEpoch(5);
  reply.resumed = true;
  reply.superpeers = {{PeerId(99), {"2001:db8::17", 65535}}, {PeerId(98), {"10.9.9.9", 7070}}};
  reply.limits = {12, 100'000'000, 200'000'000};
  reply.ticket = {"v1.bW9kZWxz.c2ln", WallTime::from_unix_ns(1'700'000'000'123'456'789)};
  reply.data_address = {"10.1.2.3", 7001};
  reply.protocol_version = 1;
  return reply;
}

ExchangeUp exchange_up() {
  ChunkId chunk{version(0x11), ChunkIndex(5)};
  AssignmentId assignment{TrackerEpoch(5), 1234};
  ExchangeUp up;
  up.first_event = Sequence(41);
  up.events = {
      OpenRequested{OpenId(1), "models", "family a/weights.bin", version(0x22), ReadMode::kStream,
                    Priority::kUrgent, Duration::seconds(30), 3, 8},
      WindowMoved{OpenId(1), 4, 8},
      OpenClosed{OpenId(1)},
      ChunkProgressed{assignment, 3},
      ChunkVerified{assignment, chunk, origin_source(), digest(0x33), false, 524'288,
                    Duration::milliseconds(1250)},
      SourceFailed{assignment, chunk, peer_source(), FailureKind::kCorrupt, 16'384},
      AssignmentFailed{assignment, chunk, superpeer_source(), FailureKind::kOriginChanged, 1,
                       "the origin's ETag is \"b\" now, \"a\" was expected"},
      ChunksDropped{version(0x44), 10, 20},
      EvictionDeferred{version(0x44), 30, 1},
      NameResolved{ResolveId(9), facts(), Error{}},
      NameResolved{ResolveId(10), std::nullopt,
                   Error{ErrorCode::kNotFound, "404 from https://storage.example/none"}},
      StoreResized{32 * kGiB},
      Leaving{Duration::seconds(5)},
  };
  up.more = true;
  up.commands_applied = Sequence(17);
  up.park = kParkMax;
  return up;
}

ExchangeDown exchange_down() {
  Reason reason;
  reason.choice = Choice::kInFlightCopy;
  reason.nearness = 1;
  reason.generation = 2;
  reason.candidates = 40;
  reason.rejected_busy = 30;
  reason.rejected_suspect = 1;
  reason.rejected_cycle = 2;
  reason.rejected_lacking = 3;
  reason.chunks_considered = 191;
  reason.copies = 70'000;
  reason.score = 12;
  reason.policy_version = 3;

  Assign assign;
  assign.assignment = {TrackerEpoch(5), 1235};
  assign.chunk = {version(0x11), ChunkIndex(190)};
  assign.source = peer_source();
  assign.fallbacks = {superpeer_source(), origin_source()};
  assign.root = digest(0x33);
  assign.generation = Generation(3);
  assign.patience = Duration::milliseconds(250);
  assign.reason = reason;

  ExchangeDown down;
  down.first_command = Sequence(18);
  down.commands = {
      SetLimits{4, 1, 2},
      Cancel{{TrackerEpoch(5), 1233}},
      Evict{version(0x44), 10, 20, reason},
      Describe{std::make_shared<const VersionFacts>(facts())},
      Opened{OpenId(1), version(0x11), {"v1.ticket", WallTime::from_unix_s(1'700'003'600)}},
      OpenEnded{OpenId(2), {ErrorCode::kDenied, "bucket 'models' is not open to you"}},
      Resolve{ResolveId(11), BucketId(7), "models", "a b/c", "file:///srv/models/a%20b/c"},
      assign,
  };
  down.more = true;
  down.events_applied = Sequence(53);
  return down;
}

ExchangeDown hedge() {
  ExchangeDown all = exchange_down();
  Assign assign = std::get<Assign>(all.commands.back());
  assign.is_hedge = true;
  ExchangeDown down;
  down.first_command = Sequence(26);
  down.commands = {assign};
  return down;
}

ExchangeDown run() {
  ExchangeDown all = exchange_down();
  Assign assign = std::get<Assign>(all.commands.back());
  assign.source = {SourceKind::kOrigin};
  assign.generation = Generation(1);
  assign.root.reset();
  ExchangeDown down;
  down.first_command = Sequence(31);
  for (uint16_t left = 3; left > 0; --left) {
    assign.run = left;
    down.commands.push_back(assign);
    ++assign.assignment.n;
    assign.chunk.index = ChunkIndex(assign.chunk.index.value() + 1);
  }
  return down;
}

RegisterRequest register_request_memory() {
  RegisterRequest request = register_request();
  request.memory_bytes = 8 * kGiB;
  request.protocol_version = 5;
  return request;
}

ExchangeUp exchange_up_memory() {
  ExchangeUp all = exchange_up();
  ExchangeUp up;
  up.first_event = Sequence(61);
  ChunkVerified verified = std::get<ChunkVerified>(all.events[4]);
  verified.medium = Medium::kMemory;
  up.events = {verified, StoreResized{32 * kGiB, 4 * kGiB}};
  return up;
}

ExchangeDown exchange_down_memory() {
  ExchangeDown all = exchange_down();
  ExchangeDown down;
  down.first_command = Sequence(41);
  Opened opened = std::get<Opened>(all.commands[4]);
  opened.placement = Placement::kMemory;
  Assign assign = std::get<Assign>(all.commands.back());
  assign.placement = Placement::kBoth;
  down.commands = {opened, assign};
  return down;
}

InventoryPage inventory_in_memory() {
  Chunking chunking{200 * uint64_t{kChunkBytesMin}, kChunkBytesMin};
  Bitmap some(200);
  Bitmap in_memory(200);
  for (uint32_t i = 60; i < 190; ++i) some.set(i);
  for (uint32_t i = 70; i < 180; i += 7) in_memory.set(i);
  InventoryEntry entry{version(7), chunking, some, {}};
  entry.in_memory = in_memory;
  InventoryEntry all{version(8), chunking, Bitmap::full(200), {}};
  all.in_memory = Bitmap::full(200);
  InventoryEntry coming{version(9), chunking, Bitmap(200), {}};
  coming.underway = {{3, {}, Medium::kMemory}, {4, {}, Medium::kDisk}};
  return {{entry, all, coming}, true};
}

ExchangeDown show_wait() {
  ExchangeDown down;
  down.first_command = Sequence(27);
  down.commands = {ShowWait{OpenId(1), {WaitsFor::kOriginBudget, 3, Duration::seconds(12)}}};
  return down;
}

TrackerListRef trackers() {
  return std::make_shared<const TrackerList>(
      TrackerList{{MemberId(7), {"10.1.0.1", 7400}, "eu-west"},
                  {MemberId(0xfedcba9876543210), {"2001:db8::1", 7401}, ""},
                  {MemberId(9), {"tracker-3.example", 7400}, "us"}});
}

RegisterRequest register_request_moved() {
  RegisterRequest request = register_request();
  request.avoids = {MemberId(9), MemberId(0xfedcba9876543210)};
  request.moves = 2;
  request.protocol_version = 3;
  return request;
}

RegisterReply register_reply_of_several() {
  RegisterReply reply = register_reply();
  reply.tracker = MemberId(7);
  reply.trackers = trackers();
  reply.protocol_version = 3;
  return reply;
}

RegisterMoved register_moved() {
  return {MemberId(7), MemberId(9), trackers(), true};
}

ExchangeDown list_trackers() {
  ExchangeDown down;
  down.first_command = Sequence(28);
  down.commands = {ListTrackers{trackers(), MemberId(9)}};
  return down;
}

InventoryPage inventory_underway() {
  Chunking chunking = Chunking::of(100'000'000);
  InventoryEntry entry{version(1), chunking, Bitmap(chunking.chunk_count()), {}};
  entry.underway = {{0, {}},
                    {7, {SourceKind::kPeer, PeerId(0x1234), {"10.0.0.7", 7401}, Generation(2)}}};
  return {{entry}, true};
}

InventoryPage inventory_page() {
  InventoryPage page;
  Chunking large = Chunking::of(100'000'000);
  Chunking small = Chunking::of(1);
  Chunking uneven{1'000 * kMiB + 1, kChunkBytesMin};
  Bitmap some(uneven.chunk_count());
  for (uint32_t i = 130; i < 700; i += 3) some.set(i);
  Bitmap one(large.chunk_count());
  one.set(large.chunk_count() - 1);
  page.entries = {
      {version(1), large, Bitmap::full(large.chunk_count()), {}},
      {version(2), uneven, some, {}},
      {version(3), large, one, {digest(9)}},
      {version(4), small, Bitmap::full(1), {digest(10)}},
      {version(5), large, Bitmap(large.chunk_count()), {}},
      {version(6), Chunking::of(0), Bitmap(0), {}},
  };
  page.is_last = true;
  return page;
}

RootsRequest roots_request() {
  return {version(0x11), 17};
}

RootsPage roots_page() {
  return {version(0x11), 17, {digest(1), Digest{}, digest(3)}};
}

}  // namespace tyto::samples
