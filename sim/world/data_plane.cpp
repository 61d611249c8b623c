#include "sim/world/data_plane.h"

#include "sim/world/world.h"

namespace tyto::sim {
namespace {

// Whether blocks that came before are of use to the next source.
bool leaves_blocks(FailureKind kind) {
  return kind != FailureKind::kNoSpace && kind != FailureKind::kInternal;
}

}  // namespace

DataPlane::DataPlane(World& world, const Scenario& scenario)
    : world_(world),
      scenario_(scenario),
      topology_(network_),
      origin_(scenario.origin, scenario.bucket.id, scenario.bucket.name, scenario.objects,
              scenario.seed),
      round_trip_(scenario.latency.round_trip()),
      connections_(scenario.tcp, round_trip_),
      latency_(make_stream(scenario.seed, Stream::kOrigin)) {
  const FleetSpec& fleet = scenario.fleet;
  uint64_t origin_rate = scenario.origin.bytes_per_s;
  origin_host_ =
      topology_.add_host({origin_rate, origin_rate, scenario.origin.loss_ppm}, std::nullopt);
  add_hosts(fleet);
  add_disks(fleet);
  traffic_.sent_by_node.resize(fleet.size());
  traffic_.into_rack.resize(fleet.racks);
  traffic_.into_region.resize(fleet.regions);
}

// Node i is host i + 1.
void DataPlane::add_hosts(const FleetSpec& fleet) {
  for (uint32_t i = 0; i < fleet.regions; ++i) topology_.add_region(fleet.region_link);
  for (uint32_t i = 0; i < fleet.zones; ++i) {
    bool has_region = fleet.regions > 0;
    topology_.add_zone(fleet.zone_link,
                       has_region ? std::optional(RegionId(i % fleet.regions)) : std::nullopt);
  }
  for (uint32_t i = 0; i < fleet.racks; ++i) {
    bool has_zone = fleet.zones > 0;
    topology_.add_rack(fleet.rack_link,
                       has_zone ? std::optional(ZoneId(i % fleet.zones)) : std::nullopt);
  }
  for (uint32_t i = 0; i < fleet.size(); ++i) {
    NodeId node(i);
    if (fleet.racks > 0 && !fleet.is_superpeer(node)) {
      topology_.add_host(fleet.link(node), RackId(fleet.rack(node)));
    } else {
      bool has_zone = fleet.zones > 0;
      topology_.add_host_in_zone(fleet.link(node),
                                 has_zone ? std::optional(ZoneId(fleet.zone(node))) : std::nullopt);
    }
  }
}

HostId DataPlane::source_host(const Transfer& transfer) const {
  return transfer.source ? world_.node(*transfer.source).host() : origin_host_;
}

Transfer* DataPlane::find(uint64_t key) {
  auto found = transfers_.find(key);
  return found == transfers_.end() ? nullptr : &found->second;
}

const Transfer* DataPlane::incoming(NodeId node, const ChunkId& chunk) {
  Arriving* coming = arriving({node, chunk});
  if (coming == nullptr || coming->transfers.empty()) return nullptr;
  const Transfer* ahead = leader(*coming);
  return ahead != nullptr ? ahead : &transfers_.at(coming->transfers.front());
}

uint64_t DataPlane::moved(const Transfer& transfer) const {
  if (transfer.flow == FlowId()) return 0;
  if (transfer.has_flow_ended) return transfer.flow_end - transfer.from;
  return network_.peek(world_.now(), transfer.flow);
}

DataRecords DataPlane::records() const {
  DataRecords records{.transfers = transfers_.size(),
                      .ids = by_id_.size(),
                      .flows = by_flow_.size(),
                      .views = views_.size(),
                      .arriving = arriving_.size(),
                      .started = next_key_,
                      .silences = silences_};
  for (const auto& [place, keys] : waiting_) records.at_sources += keys.size();
  for (const auto& [place, keys] : relays_) records.at_sources += keys.size();
  for (const auto& [node, gate] : gates_) records.at_gates += gate.waiting.size();
  for (const auto& [key, whole] : wholes_)
    records.wholes += whole.phase != WholeRead::Phase::kWhole;
  return records;
}

bool DataPlane::is_uploading(NodeId node, const ChunkId& chunk) const {
  auto found = views_.find({node, chunk});
  return found != views_.end() && found->second > 0;
}

// --- the reader's side ---

void DataPlane::start(NodeId reader, const peer::StartTransfer& order, Attempt attempt) {
  PeerNode& node = world_.node(reader);
  ChunkId chunk{order.facts->id, order.chunk};
  if (node.store().holds(chunk)) {
    ++redundant_;
    Digest root = node.store().root(chunk);
    node.deliver(peer::TransferDone{order.transfer, root, true, 0});
    return;
  }
  Place place{reader, chunk};
  if (is_under_way(place) && attempt == Attempt::kOnly) {
    world_.violated("a peer fetches chunk " + std::to_string(order.chunk.value()) +
                    " twice at once");
    node.deliver(peer::TransferFailed{order.transfer, FailureKind::kInternal, 0, "twice"});
    return;
  }
  if (order.source.kind == SourceKind::kOrigin && !is_under_way(place)) {  // it is read anew
    drop_partial(place);
    refuse_relays(place);
  }
  const Arriving* kept = arriving(place);
  if (kept != nullptr && !is_under_way(place) && kept->medium != medium_of(order.placement)) {
    drop_partial(place);  // it is of no use in the other medium
    refuse_relays(place);
  }
  Arriving& coming = arriving_[place];
  coming.medium = medium_of(order.placement);
  if (coming.facts == nullptr) coming.content = right_content(chunk);
  coming.facts = order.facts;
  if (!make_room(place, coming)) {
    if (coming.verified == 0) drop_partial(place);
    node.deliver(peer::TransferFailed{order.transfer, FailureKind::kNoSpace, 0, "store full"});
    return;
  }
  uint64_t key = next_key_++;
  Transfer& transfer = transfers_[key];
  transfer.key = key;
  transfer.request = key;
  transfer.reader = reader;
  transfer.order = order;
  if (scenario_.bug == PlantedBug::kLeasesIgnored) transfer.order.source.kind = SourceKind::kOrigin;
  advance(coming);
  if (!transfer.is_origin()) transfer.from = whole_blocks(coming.verified);
  transfer.tracker_run = world_.control().tracker_run(reader);
  if (auto waiting = waiting_.find({reader, chunk}); waiting != waiting_.end()) {
    for (uint64_t waiter : waiting->second)
      transfer.is_for_orphans |= transfers_.at(waiter).is_ensuring;
  }
  transfer.had_tracker = world_.control().is_connected(reader);
  transfer.tracker_upset = world_.control().upsets();
  transfer.tracker_view = world_.control().tracker_view(reader);
  transfer.since = world_.now();
  by_id_[{reader, order.transfer}] = key;
  coming.transfers.push_back(key);
  bool is_behind = transfer.is_origin() && join_run(transfer);
  if (transfer.is_origin() && transfer.request == key) ++origin_requests_;
  world_.tell_checkers([&](Checker& c) { c.on_transfer_started(world_, transfer); });
  if (is_behind) {
    transfer.state = Transfer::State::kWaiting;
  } else if (transfer.is_origin()) {
    enter_gate(transfer);
  } else {
    ask(transfer);
  }
  wake(place);
}

void DataPlane::cancel(NodeId reader, peer::TransferId id) {
  auto found = by_id_.find({reader, id});
  if (found == by_id_.end()) return;
  Place place{reader, transfers_.at(found->second).chunk()};
  end(found->second, TransferEnd::kCancelled);
  if (!is_under_way(place)) drop_partial(place);
  wake(place);
}

void DataPlane::drop_kept(NodeId reader, const ChunkId& chunk) {
  Place place{reader, chunk};
  if (arriving(place) == nullptr || is_under_way(place)) return;
  drop_partial(place);
  wake(place);
}

void DataPlane::fail(uint64_t key, FailureKind kind) {
  Transfer* transfer = find(key);
  if (transfer == nullptr) return;
  NodeId reader = transfer->reader;
  if (world_.node(reader).is_frozen()) {
    transfer->unheard = kind;
    return;
  }
  peer::TransferId id = transfer->order.transfer;
  Place place{reader, transfer->chunk()};
  uint64_t next = cut_run(*transfer, kind);
  transfer->failure = kind;
  // Blocks were taken for good by a root that came too late.
  bool is_spoilt = kind == FailureKind::kCorrupt && transfer->useful > 0;
  bool has_begun = !transfer->is_origin() && position(*transfer) > transfer->from;
  auto bytes = static_cast<uint32_t>(end(key, TransferEnd::kFailed));
  peer::TransferFailed failed{id, kind, bytes, std::string(failure_kind_name(kind))};
  if (!is_under_way(place)) {
    bool is_worth_it = has_begun || arriving_.at(place).verified > 0;
    bool is_kept = is_worth_it && leaves_blocks(kind) && !is_spoilt;
    is_kept ? pause(place) : drop_partial(place);
    failed.is_partial_kept = is_kept;
  }
  world_.node(reader).deliver(std::move(failed));
  wake(place);
  if (next != 0) fail(next, kind);
}

void DataPlane::finish(uint64_t key) {
  Transfer& transfer = *find(key);
  PeerNode& node = world_.node(transfer.reader);
  bool is_pinned = scenario_.bug != PlantedBug::kVersionsMixed;
  if (transfer.is_origin() && is_pinned && !origin_.is_current(*transfer.order.facts)) {
    uint64_t whole = transfer.whole;
    fail(key, FailureKind::kOriginChanged);
    return break_whole(whole, FailureKind::kOriginChanged);
  }
  if (node.store().is_full(medium_of(transfer.order.placement)))
    return fail(key, FailureKind::kNoSpace);
  hand_on(transfer);
  if (!begin_storing(transfer)) store(key);
}

// All bytes are here, and on the disk.
void DataPlane::store(uint64_t key) {
  Transfer& transfer = *find(key);
  PeerNode& node = world_.node(transfer.reader);
  if (node.store().is_full(medium_of(transfer.order.placement)))
    return fail(key, FailureKind::kNoSpace);
  Place place{transfer.reader, transfer.chunk()};
  VersionFactsRef facts = transfer.order.facts;
  uint64_t length = facts->chunking.length_of(transfer.order.chunk);
  if (transfer.is_origin() && transfer.whole == 0) ++origin_reads_[transfer.chunk()];
  auto bytes = static_cast<uint32_t>(length - transfer.from);
  peer::TransferDone done{transfer.order.transfer, root_of(transfer.content), true, bytes};
  ContentTag content = transfer.content;
  end(key, TransferEnd::kDone);
  std::vector<peer::TransferFailed> cancelled = cancel_others(place);
  const ByteCounts useful = arriving_.at(place).useful;
  const Medium medium = arriving_.at(place).medium;
  bytes_.from_peers += useful.from_peers;
  bytes_.from_superpeers += useful.from_superpeers;
  bytes_.from_origin += useful.from_origin;
  arriving_.erase(place);
  node.store().commit(facts, place.second.index, content, medium);
  world_.tell_checkers([&](Checker& c) {
    c.on_stored(world_, place.first, place.second, content);
    c.on_arrived(world_, place.first, *facts, place.second.index, useful);
  });
  node.deliver(done);
  for (peer::TransferFailed& failed : cancelled) node.deliver(std::move(failed));
  wake(place);
}

// The chunk is whole: what else was to bring it has been of no use.
std::vector<peer::TransferFailed> DataPlane::cancel_others(const Place& place) {
  std::vector<peer::TransferFailed> cancelled;
  while (is_under_way(place)) {
    uint64_t key = arriving_.at(place).transfers.front();
    peer::TransferId id = transfers_.at(key).order.transfer;
    auto bytes = static_cast<uint32_t>(end(key, TransferEnd::kCancelled));
    cancelled.push_back({id, FailureKind::kCancelled, bytes, "the chunk came otherwise"});
  }
  return cancelled;
}

uint64_t DataPlane::end(uint64_t key, TransferEnd how) {
  Transfer& transfer = *find(key);
  Place place{transfer.reader, transfer.chunk()};
  Arriving& coming = arriving_.at(place);
  advance(coming);
  uint64_t moved = position(transfer) - transfer.from;
  transfer.moved = moved;
  if (transfer.is_in_flow()) network_.stop(world_.now(), transfer.flow);
  by_flow_.erase(transfer.flow);
  if (transfer.disk_flow != FlowId()) network_.stop(world_.now(), transfer.disk_flow);
  by_flow_.erase(transfer.disk_flow);
  if (how == TransferEnd::kDone && transfer.window > 0)
    connections_.give_back(world_.now(), ends_of(transfer), transfer.window);
  std::erase(coming.transfers, key);
  if (how == TransferEnd::kDone) {
    coming.is_whole = true;
    if (transfer.is_origin()) replace(coming, transfer);
  } else {
    keep(coming, transfer);
  }
  counter(coming.useful, transfer) += transfer.useful;
  uint64_t wasted = moved - std::min(moved, transfer.useful);
  bytes_.wasted += wasted;
  note_traffic(transfer, moved);
  world_.tell_checkers([&](Checker& c) { c.on_transfer_ended(world_, transfer, how); });
  free_slot(transfer);
  if (transfer.is_origin()) {
    origin_.forget(key);
    leave_gate(transfer, how);
    leave_run(transfer, how);
  }
  if (auto whole = wholes_.find(transfer.whole); whole != wholes_.end()) {
    whole->second.transfers.erase(key);
    whole->second.used = world_.now();
  }
  by_id_.erase({transfer.reader, transfer.order.transfer});
  transfers_.erase(key);
  return wasted;
}

void DataPlane::note_traffic(const Transfer& transfer, uint64_t bytes) {
  if (transfer.source) traffic_.sent_by_node[transfer.source->value()] += bytes;
  HostId from = source_host(transfer);
  std::optional<RackId> rack = topology_.rack(world_.node(transfer.reader).host());
  if (rack && rack != topology_.rack(from)) traffic_.into_rack[rack->value()] += bytes;
  if (is_between_regions(transfer)) {
    uint32_t region = scenario_.fleet.region(transfer.reader);
    traffic_.into_region[region] += bytes;
  }
}

bool DataPlane::is_between_regions(const Transfer& transfer) const {
  const FleetSpec& fleet = scenario_.fleet;
  return fleet.regions > 0 && transfer.source &&
         fleet.region(*transfer.source) != fleet.region(transfer.reader);
}

uint64_t& DataPlane::counter(ByteCounts& counts, const Transfer& transfer) const {
  if (transfer.is_origin()) return counts.from_origin;
  bool is_from_superpeer =
      transfer.source && world_.node(*transfer.source).role() == Role::kSuperpeer;
  return is_from_superpeer ? counts.from_superpeers : counts.from_peers;
}

// Whether what comes is what was ordered, as far as the reader can know.
bool DataPlane::is_right(const Transfer& transfer) const {
  if (scenario_.bug == PlantedBug::kVerificationSkipped) return true;
  if (transfer.is_from_bad_disk) return false;  // its blocks are not those of its leaf hashes
  std::optional<Digest> root = transfer.order.root;
  if (!root) root = world_.node(transfer.reader).manifest_root(transfer.chunk());
  return !root || *root == root_of(transfer.content);
}

}  // namespace tyto::sim
