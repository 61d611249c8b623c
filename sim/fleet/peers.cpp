#include "sim/fleet/peers.h"

#include <charconv>

#include "sim/fleet/world.h"
#include "superpeer/core/superpeer_policy.h"

namespace tyto::sim::fleet {
namespace {

Location location_of(const Scenario& scenario, NodeId id) {
  Location location{.region = "r", .zone = "z", .host = "h" + std::to_string(id.value())};
  bool is_reader = id.value() >= scenario.fleet.superpeers;
  if (is_reader && scenario.fleet.racks > 0)
    location.rack = "k" + std::to_string(scenario.fleet.rack(id));
  return location;
}

}  // namespace

Peers::Peers(World& world, const Scenario& scenario)
    : world_(world),
      scenario_(scenario),
      reader_policy_(std::make_shared<const peer::Policy>(scenario.reader_policy)),
      superpeer_policy_(std::make_shared<const peer::Policy>(superpeer::superpeer_policy())),
      peers_(scenario.fleet.size()),
      reads_(scenario.reads.size()),
      origin_reads_(world.chunks().size()),
      ids_(make_stream(scenario.seed, Stream::kPeerIds)),
      seeds_(make_stream(scenario.seed, Stream::kPeerSeeds)),
      latency_(make_stream(scenario.seed, Stream::kLatency)),
      trackers_(tracker_addresses(scenario.trackers)) {}

// --- life ---

void Peers::start(uint32_t node) {
  Peer& peer = peers_[node];
  if (peer.core != nullptr) return;
  Host& host = world_.network().host(node);
  ++host.life;
  host.is_alive = true;
  peer.id = PeerId(ids_.next64() | 1);
  const auto& policy = is_superpeer(node) ? superpeer_policy_ : reader_policy_;
  peer.core = std::make_unique<peer::PeerCore>(policy, seeds_.next64());
  std::vector<VersionFactsRef> remembered;
  std::vector<InventoryEntry> entries = inventory(node);
  for (const InventoryEntry& entry : entries)
    remembered.push_back(
        world_.chunks()
            .object(world_.chunks().object_of(world_.chunks().number(entry.version, 0)))
            .facts);
  deliver(node, peer::StoreLoaded{std::move(remembered), std::move(entries),
                                  location_of(scenario_, NodeId(node)), trackers_});
  if (host.life == 1) return;
  for (uint32_t i = 0; i < reads_.size(); ++i) {
    bool is_mine = scenario_.reads[i].node.value() == node;
    if (is_mine && reads_[i].phase == ReadPhase::kInterrupted) ask(i);
  }
}

std::vector<InventoryEntry> Peers::inventory(uint32_t node) const {
  const Chunks& chunks = world_.chunks();
  std::vector<InventoryEntry> entries;
  for (uint32_t object = 0; object < chunks.object_count(); ++object) {
    if (chunks.count(node, object) == 0) continue;
    const Chunks::Object& which = chunks.object(object);
    InventoryEntry entry{which.facts->id, which.facts->chunking, Bitmap(which.count), {}};
    for (uint32_t i = 0; i < which.count; ++i) {
      if (!chunks.holds(node, which.first + i)) continue;
      entry.chunks.set(i);
      entry.roots.push_back(chunks.root(which.first + i));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

void Peers::crash(uint32_t node, Disk disk) {
  if (peers_[node].core != nullptr) process_gone(node);
  if (disk == Disk::kLost) world_.chunks().reset_all(node);
}

void Peers::leave(uint32_t node) {
  if (peers_[node].core == nullptr) return;
  peers_[node].is_leaving = true;
  deliver(node, peer::LeaveAsked{Duration::seconds(5)});
}

void Peers::process_gone(uint32_t node) {
  Peer& peer = peers_[node];
  for (const Flow& flow : world_.network().stop_all(node)) {
    bytes_.wasted += flow.position - flow.from;
    world_.network().drop_partial(node, flow.chunk);
  }
  gates_.erase(node);
  world_.control().hang_up(node);
  Host& host = world_.network().host(node);
  host.is_alive = false;
  host.uploads = 0;
  for (const OpenRead& open : peer.opens) reads_[open.read].phase = ReadPhase::kInterrupted;
  peer = {};
}

// --- inputs ---

void Peers::deliver(uint32_t node, peer::Input input) {
  if (is_stepping_) {
    inbox_.emplace_back(node, std::move(input));
    return;
  }
  step(node, std::move(input));
  while (!inbox_.empty()) {
    auto [next, follows] = std::move(inbox_.front());
    inbox_.pop_front();
    step(next, std::move(follows));
  }
}

void Peers::step(uint32_t node, peer::Input input) {
  Peer& peer = peers_[node];
  if (peer.core == nullptr) return;
  is_stepping_ = true;
  world_.hash().add(uint64_t{node} << 8 | input.index());
  peer.core->handle(world_.now(), std::move(input), effects_);
  peer::Effects effects = std::move(effects_);
  for (peer::Effect& effect : effects) carry_out(node, effect);
  effects.clear();
  effects_ = std::move(effects);
  is_stepping_ = false;
  if (peer.is_exiting) return process_gone(node);
  Instant due = peer.core->next_deadline();
  peer.due = due.is_never() ? kNever : tick_of(due - world_.start_time());
  if (peer.due != kNever) world_.wake(node, std::max(peer.due, world_.tick() + 1));
}

void Peers::wake(const std::vector<uint32_t>& nodes) {
  constexpr std::size_t kStep = 4;  // hosts between two steps of looking ahead
  auto look = [&](std::size_t at, Network::Ahead what) {
    if (at < nodes.size()) world_.network().look_ahead(nodes[at], what);
  };
  // A core has its turn when a chunk has come.
  auto look_at_core = [&](std::size_t at, Ahead what) {
    if (at < nodes.size() && world_.network().may_end(nodes[at], world_.tick()))
      look_ahead(nodes[at], what);
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    look(i + 4 * kStep, Network::Ahead::kHost);
    look(i + 3 * kStep, Network::Ahead::kFlows);
    look(i + 2 * kStep, Network::Ahead::kSources);
    look(i + kStep, Network::Ahead::kUpstreams);
    if (i + 4 * kStep < nodes.size()) look_ahead(nodes[i + 4 * kStep], Ahead::kRow);
    look_at_core(i + 2 * kStep, Ahead::kCore);
    look_at_core(i + kStep, Ahead::kState);
    look_at_core(i + kStep / 2, Ahead::kLists);
    wake(nodes[i]);
  }
}

void Peers::wake(uint32_t node) {
  Peer& peer = peers_[node];
  if (peer.core == nullptr) return;
  look_at_flows(node);
  if (peer.core == nullptr) return;
  if (peer.due <= world_.tick()) {
    world_.count(EventKind::kPeerTimer);
    deliver(node, peer::TimePassed{});
  } else if (peer.due != kNever) {
    world_.wake(node, peer.due);
  }
}

void Peers::look_ahead(uint32_t node, Ahead what) const {
  const Peer& peer = peers_[node];
  switch (what) {
    case Ahead::kRow:
      world_.network().look_ahead(node, Network::Ahead::kHost);
      world_.wheel().look_ahead(node);
      return __builtin_prefetch(&peer, 1);
    case Ahead::kCore: return __builtin_prefetch(peer.core.get());
    case Ahead::kState:
      if (peer.core != nullptr) peer.core->look_ahead(peer::PeerCore::Ahead::kState);
      return;
    case Ahead::kLists:
      if (peer.core != nullptr) peer.core->look_ahead(peer::PeerCore::Ahead::kLists);
      return;
  }
}

void Peers::look_at_flows(uint32_t node) {
  Network& network = world_.network();
  if (network.host(node).flows.empty()) return;
  world_.count(EventKind::kFlow);
  network.advance(node, world_.tick(), ended_);
  std::vector<EndedFlow> ended = std::move(ended_);
  for (const EndedFlow& end : ended) flow_ended(node, end);
  ended.clear();
  ended_ = std::move(ended);
  if (peers_[node].core == nullptr) return;
  tell_quarters(node);
  network.share(node, world_.tick());
  Tick next = network.next_look(node, world_.tick());
  if (next != kNever) world_.wake(node, next);
}

void Peers::tell_quarters(uint32_t node) {
  Tick after = tick_of(scenario_.reader_policy.progress_after);
  std::vector<peer::TransferProgressed> told;
  for (Flow& flow : world_.network().host(node).flows) {
    auto quarter = static_cast<uint8_t>(uint64_t{flow.position} * 4 / flow.length);
    if (quarter <= flow.quarters_told || world_.tick() - flow.since < after) continue;
    flow.quarters_told = quarter;
    told.push_back({peer::TransferId(flow.transfer), quarter});
  }
  for (const peer::TransferProgressed& progress : told) deliver(node, progress);
}

// --- effects ---

void Peers::carry_out(uint32_t node, peer::Effect& effect) {
  if (auto* exchange = std::get_if<peer::SendExchange>(&effect)) {
    world_.control().send_exchange(node, std::move(exchange->up));
  } else if (auto* transfer = std::get_if<peer::StartTransfer>(&effect)) {
    start_transfer(node, *transfer);
  } else if (std::holds_alternative<peer::ChunkReady>(effect)) {
    read_on(node);
  } else if (auto* cancelled = std::get_if<peer::CancelTransfer>(&effect)) {
    cancel_transfer(node, cancelled->transfer);
  } else if (auto* kept = std::get_if<peer::DropPartial>(&effect)) {
    uint32_t chunk = world_.chunks().number(kept->chunk.version, kept->chunk.index.value());
    world_.network().drop_partial(node, chunk);
  } else if (auto* dropped = std::get_if<peer::DropChunks>(&effect)) {
    drop_chunks(node, *dropped);
  } else if (auto* order = std::get_if<peer::ConnectTracker>(&effect)) {
    connect(node, *order);
  } else if (auto* pages = std::get_if<peer::SendInventory>(&effect)) {
    world_.control().send_inventory(node, std::move(pages->pages));
  } else if (auto* limits = std::get_if<peer::LimitsSet>(&effect)) {
    world_.network().host(node).uploads_max =
        static_cast<uint16_t>(std::min(limits->limits.uploads_max, 0xffffu));
  } else if (auto* name = std::get_if<peer::ResolveName>(&effect)) {
    resolve(node, name->resolve);
  } else if (std::holds_alternative<peer::OpenSucceeded>(effect)) {
    read_on(node);
  } else if (auto* failed = std::get_if<peer::OpenFailed>(&effect)) {
    open_failed(node, *failed);
  } else if (std::holds_alternative<peer::LeaveDone>(effect)) {
    peers_[node].is_exiting = true;
  }
}

void Peers::connect(uint32_t node, const peer::ConnectTracker& order) {
  const FleetSpec& fleet = scenario_.fleet;
  const LinkRates& rates = fleet.link(NodeId(node));
  RegisterRequest request{
      .peer = peers_[node].id,
      .role = is_superpeer(node) ? Role::kSuperpeer : Role::kPeer,
      .name = "sim-" + std::to_string(node),
      .location = location_of(scenario_, NodeId(node)),
      .data_address = {"h" + std::to_string(node),
                       static_cast<uint16_t>(1000 + world_.network().host(node).life)},
      .store_bytes = fleet.store_bytes(NodeId(node)),
      .upload_bytes_per_s = rates.up_bytes_per_s,
      .download_bytes_per_s = rates.down_bytes_per_s,
      .uploads_max = fleet.uploads_max(NodeId(node)),
      .resume_session = order.resume_session,
      .resume_epoch = order.resume_epoch,
      .has_inventory = order.has_inventory,
      .avoids = order.avoids,
      .moves = order.moves,
  };
  world_.control().connect(node, order.tracker, std::move(request));
}

void Peers::resolve(uint32_t node, const Resolve& order) {
  peer::ResolveDone done{.resolve = order.resolve};
  VersionFactsRef facts = world_.origin().find(order.key);
  if (facts == nullptr) {
    done.error = {ErrorCode::kNotFound, "the origin answered 404"};
  } else {
    done.facts = *facts;
  }
  Duration delay = scenario_.origin.latency + scenario_.latency.base * 2;
  world_.control().post_to_peer(node, delay, std::move(done));
}

void Peers::drop_chunks(uint32_t node, const peer::DropChunks& order) {
  for (uint32_t i = order.first; i < order.first + order.count; ++i)
    world_.chunks().reset(node, world_.chunks().number(order.version, i));
  deliver(node, peer::ChunksLost{order.version, order.first, order.count});
}

// --- readers ---

void Peers::ask(uint32_t index) {
  const ReadSpec& spec = scenario_.reads[index];
  uint32_t node = spec.node.value();
  Peer& peer = peers_[node];
  ReadRow& read = reads_[index];
  if (read.attempts++ == 0) read.asked = world_.tick();
  if (peer.core == nullptr || peer.is_leaving) {
    read.phase = ReadPhase::kInterrupted;
    return;
  }
  read.phase = ReadPhase::kOpening;
  OpenId open(peer.next_open++);
  peer.opens.push_back({open, index, spec.object});
  OpenRequested request{.open = open,
                        .bucket = scenario_.bucket.name,
                        .key = scenario_.objects[spec.object].key,
                        .mode = ReadMode::kWhole};
  deliver(node, peer::OpenAsked{std::move(request)});
}

// Closes what has got its object.
void Peers::read_on(uint32_t node) {
  Peer& peer = peers_[node];
  for (std::size_t i = 0; i < peer.opens.size();) {
    uint32_t read = peer.opens[i].read;
    uint32_t object = peer.opens[i].object;
    if (world_.chunks().count(node, object) < world_.chunks().object(object).count) {
      ++i;
      continue;
    }
    deliver(node, peer::CloseAsked{peer.opens[i].open});
    peer.opens.erase(peer.opens.begin() + static_cast<std::ptrdiff_t>(i));
    read_ended(read, ReadPhase::kDone);
  }
}

void Peers::open_failed(uint32_t node, const peer::OpenFailed& effect) {
  Peer& peer = peers_[node];
  for (std::size_t i = 0; i < peer.opens.size(); ++i) {
    if (peer.opens[i].open != effect.open) continue;
    uint32_t read = peer.opens[i].read;
    peer.opens.erase(peer.opens.begin() + static_cast<std::ptrdiff_t>(i));
    if (peer.is_leaving) {
      reads_[read].phase = ReadPhase::kInterrupted;
      return;
    }
    errors_[read] = effect.error;
    return read_ended(read, ReadPhase::kFailed);
  }
}

void Peers::read_ended(uint32_t read, ReadPhase how) {
  reads_[read].phase = how;
  reads_[read].ended = world_.tick();
  ++reads_over_;
}

const Error& Peers::error(uint32_t read) const {
  static const Error kNone;
  auto found = errors_.find(read);
  return found == errors_.end() ? kNone : found->second;
}

void Peers::measure_cores() {
  for (uint32_t node = 0; node < peers_.size(); ++node) measure_core(node);
}

void Peers::measure_core(uint32_t node) {
  if (peers_[node].core == nullptr) return;
  std::size_t& most = is_superpeer(node) ? superpeer_core_bytes_max_ : reader_core_bytes_max_;
  most = std::max(most, peers_[node].core->memory_bytes());
}

}  // namespace tyto::sim::fleet
