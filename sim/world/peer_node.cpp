#include "sim/world/peer_node.h"

#include "sim/world/hash_messages.h"
#include "sim/world/world.h"
#include "superpeer/core/superpeer_policy.h"

namespace tyto::sim {
namespace {

Location location_of(const Scenario& scenario, NodeId id) {
  Location location{.region = "r", .zone = "z", .host = "h" + std::to_string(id.value())};
  bool is_reader = id.value() >= scenario.fleet.superpeers;
  if (is_reader && scenario.fleet.racks > 0)
    location.rack = "k" + std::to_string(scenario.fleet.rack(id));
  if (scenario.fleet.zones > 0) location.zone = "z" + std::to_string(scenario.fleet.zone(id));
  if (scenario.fleet.regions > 0) location.region = "r" + std::to_string(scenario.fleet.region(id));
  return location;
}

}  // namespace

PeerNode::PeerNode(World& world, const Scenario& scenario, NodeId id, HostId host)
    : world_(world),
      scenario_(scenario),
      id_(id),
      host_(host),
      policy_(id.value() < scenario.fleet.superpeers ? superpeer::superpeer_policy()
                                                     : scenario.reader_policy),
      store_(scenario.fleet.store_bytes(id), scenario.fleet.memory_bytes(id)) {}

// --- life ---

void PeerNode::start() {
  if (core_ != nullptr) return;
  ++incarnation_;
  peer_ = world_.draw_peer_id();
  address_ = {"h" + std::to_string(id_.value()), static_cast<uint16_t>(1000 + incarnation_)};
  core_ = std::make_unique<peer::PeerCore>(policy_, world_.draw_seed());
  deliver(peer::StoreLoaded{store_.remembered(), store_.inventory(), location_of(scenario_, id_),
                            world_.tracker_addresses()});
  for (uint32_t i = 0; i < world_.reads().size(); ++i) {
    bool is_mine = scenario_.reads[i].node == id_;
    if (is_mine && world_.read(i).phase == ReadPhase::kInterrupted) world_.ask(i);
  }
}

void PeerNode::crash() {
  if (core_ == nullptr) return;
  process_gone();
}

void PeerNode::process_gone() {
  world_.data().process_gone(id_);
  world_.control().hang_up(id_);
  core_.reset();
  inbox_.clear();
  dropping_.clear();
  manifests_.clear();
  limits_ = {};
  is_frozen_ = false;
  is_exiting_ = false;
  is_leaving = false;
  timer_at_ = Instant::never();
  uploads = 0;
  store_.process_gone();
  std::vector<uint32_t> interrupted;
  for (const auto& [open, handle] : handles_) interrupted.push_back(handle.read);
  handles_.clear();
  for (uint32_t read : interrupted) world_.read(read).phase = ReadPhase::kInterrupted;
}

void PeerNode::freeze() {
  if (core_ == nullptr) return;
  is_frozen_ = true;
  world_.data().node_changed(id_);
}

void PeerNode::thaw() {
  if (!is_frozen_) return;
  is_frozen_ = false;
  world_.data().node_changed(id_);
  if (inbox_.empty()) return arm_timer();
  peer::Input input = std::move(inbox_.front());
  inbox_.pop_front();
  step(std::move(input));
}

void PeerNode::leave(Duration deadline) {
  if (core_ == nullptr) return;
  is_leaving = true;
  deliver(peer::LeaveAsked{deadline});
}

void PeerNode::lose_disk() {
  store_ = Store(store_.limit_bytes(), store_.limit_bytes(Medium::kMemory));
}

void PeerNode::forget_half() {
  uint32_t n = 0;
  for (const ChunkId& chunk : store_.chunks()) {
    if (n++ % 2 == 0) store_.drop(chunk);
  }
}

// --- inputs ---

void PeerNode::deliver(peer::Input input) {
  if (core_ == nullptr) return;
  if (is_stepping_ || is_frozen_) {
    inbox_.push_back(std::move(input));
    return;
  }
  step(std::move(input));
}

void PeerNode::step(peer::Input input) {
  is_stepping_ = true;
  bool is_more = true;
  while (is_more) {
    world_.hash().add(uint64_t{id_.value()} << 8 | input.index());
    peer::Effects effects;
    core_->handle(world_.now(), std::move(input), effects);
    for (peer::Effect& effect : effects) {
      add_to(world_.hash(), effect);
      carry_out(effect);
    }
    is_more = !inbox_.empty() && !is_exiting_;
    if (!is_more) break;
    input = std::move(inbox_.front());
    inbox_.pop_front();
  }
  is_stepping_ = false;
  core_bytes_max_ = std::max(core_bytes_max_, core_->memory_bytes());
  if (is_exiting_) return process_gone();
  arm_timer();
}

void PeerNode::arm_timer() {
  if (core_ == nullptr) return;
  Instant due = core_->next_deadline();
  if (due.is_never()) return;
  due = std::max(due, world_.now());
  if (due >= timer_at_) return;
  timer_at_ = due;
  world_.schedule(due, EventKind::kPeerTimer, id_.value(), incarnation_);
}

void PeerNode::on_timer(uint64_t incarnation) {
  if (incarnation != incarnation_ || core_ == nullptr || world_.now() != timer_at_) return;
  timer_at_ = Instant::never();
  if (is_frozen_) return;
  if (core_->next_deadline() <= world_.now()) {
    step(peer::TimePassed{});
  } else {
    arm_timer();
  }
}

// --- effects ---

void PeerNode::carry_out(peer::Effect& effect) {
  if (auto* e = std::get_if<peer::ConnectTracker>(&effect)) {
    connect(*e);
  } else if (auto* inventory = std::get_if<peer::SendInventory>(&effect)) {
    world_.control().send_inventory(id_, std::move(inventory->pages));
  } else if (auto* exchange = std::get_if<peer::SendExchange>(&effect)) {
    world_.control().send_exchange(id_, std::move(exchange->up));
  } else if (auto* transfer = std::get_if<peer::StartTransfer>(&effect)) {
    world_.data().start(
        id_, *transfer,
        transfer->is_hedge ? DataPlane::Attempt::kHedge : DataPlane::Attempt::kOnly);
  } else if (auto* cancelled = std::get_if<peer::CancelTransfer>(&effect)) {
    world_.data().cancel(id_, cancelled->transfer);
  } else if (auto* kept = std::get_if<peer::DropPartial>(&effect)) {
    world_.data().drop_kept(id_, kept->chunk);
  } else if (auto* remembered = std::get_if<peer::RememberVersion>(&effect)) {
    store_.remember(remembered->facts);
  } else if (auto* dropped = std::get_if<peer::DropChunks>(&effect)) {
    drop_chunks(*dropped);
  } else if (auto* limits = std::get_if<peer::LimitsSet>(&effect)) {
    limits_ = limits->limits;
  } else if (auto* resolve = std::get_if<peer::ResolveName>(&effect)) {
    world_.look_up(id_, resolve->resolve);
  } else if (auto* opened = std::get_if<peer::OpenSucceeded>(&effect)) {
    open_succeeded(*opened);
  } else if (auto* failed = std::get_if<peer::OpenFailed>(&effect)) {
    open_failed(*failed);
  } else if (auto* ready = std::get_if<peer::ChunkReady>(&effect)) {
    chunk_ready(ready->chunk);
  } else if (auto* ensured = std::get_if<peer::EnsureAnswered>(&effect)) {
    world_.data().ensured(id_, ensured->request, ensured->is_here);
  } else if (std::holds_alternative<peer::LeaveDone>(effect)) {
    is_exiting_ = true;
  }
}

void PeerNode::connect(const peer::ConnectTracker& order) {
  const LinkRates& rates = world_.data().topology().rates(host_);
  RegisterRequest request{
      .peer = peer_,
      .role = policy_.role,
      .name = "sim-" + std::to_string(id_.value()),
      .location = location_of(scenario_, id_),
      .data_address = address_,
      .store_bytes = store_.limit_bytes(),
      .upload_bytes_per_s = rates.up_bytes_per_s,
      .download_bytes_per_s = rates.down_bytes_per_s,
      .uploads_max = scenario_.fleet.uploads_max(id_),
      .resume_session = order.resume_session,
      .resume_epoch = order.resume_epoch,
      .has_inventory = order.has_inventory,
      .avoids = order.avoids,
      .moves = order.moves,
      .memory_bytes = store_.limit_bytes(Medium::kMemory),
  };
  world_.control().connect(id_, order.tracker, std::move(request));
}

// Takes the chunks out of the store at once; says so when nobody sends them any more.
void PeerNode::drop_chunks(const peer::DropChunks& order) {
  Dropping dropping{order};
  for (uint32_t i = order.first; i < order.first + order.count; ++i) {
    ChunkId chunk{order.version, ChunkIndex(i)};
    if (scenario_.bug != PlantedBug::kDropsForgotten) store_.drop(chunk);
    if (world_.data().is_uploading(id_, chunk)) ++dropping.left;
  }
  if (dropping.left > 0) {
    dropping_.push_back(dropping);
  } else {
    deliver(peer::ChunksLost{order.version, order.first, order.count});
  }
}

void PeerNode::missed(const ChunkId& chunk) {
  if (core_ != nullptr && core_->holds(chunk))
    deliver(peer::ChunksLost{chunk.version, chunk.index.value(), 1});
}

void PeerNode::upload_ended(const ChunkId& chunk) {
  if (core_ == nullptr) return;
  std::vector<peer::DropChunks> free;
  for (Dropping& dropping : dropping_) {
    const peer::DropChunks& order = dropping.order;
    bool is_of_it = chunk.version == order.version && chunk.index.value() >= order.first &&
                    chunk.index.value() < order.first + order.count;
    if (is_of_it && --dropping.left == 0) free.push_back(order);
  }
  std::erase_if(dropping_, [](const Dropping& d) { return d.left == 0; });
  for (const peer::DropChunks& order : free)
    deliver(peer::ChunksLost{order.version, order.first, order.count});
}

// --- manifests ---

void PeerNode::roots_arrived(const RootsPage& page) {
  if (core_ == nullptr || page.roots.empty()) return;
  std::vector<Digest>& roots = manifests_[page.version];
  std::size_t end = page.first + page.roots.size();
  if (roots.size() < end) roots.resize(end);
  std::copy(page.roots.begin(), page.roots.end(), roots.begin() + page.first);
  if (page.roots.size() == kRootsPerPageMax)
    world_.control().ask_roots(id_, page.version, static_cast<uint32_t>(end));
}

std::optional<Digest> PeerNode::manifest_root(const ChunkId& chunk) const {
  auto found = manifests_.find(chunk.version);
  if (found == manifests_.end() || chunk.index.value() >= found->second.size()) return std::nullopt;
  const Digest& root = found->second[chunk.index.value()];
  return root.is_zero() ? std::nullopt : std::optional(root);
}

// --- readers ---

void PeerNode::open(uint32_t read) {
  const ReadSpec& spec = scenario_.reads[read];
  OpenId id(next_open_++);
  handles_[id].read = read;
  OpenRequested request{.open = id,
                        .bucket = scenario_.bucket.name,
                        .key = scenario_.objects[spec.object].key,
                        .mode = spec.mode};
  if (spec.mode == ReadMode::kStream) request.window_count = spec.window;
  deliver(peer::OpenAsked{std::move(request)});
}

void PeerNode::open_succeeded(const peer::OpenSucceeded& effect) {
  auto found = handles_.find(effect.open);
  if (found == handles_.end()) return;
  Handle& handle = found->second;
  handle.facts = effect.facts;
  handle.taken = Bitmap(effect.facts->chunking.chunk_count());
  ReadState& state = world_.read(handle.read);
  state.phase = ReadPhase::kReading;
  state.facts = effect.facts;
  world_.control().ask_roots(id_, effect.facts->id, 0);
  read_on(effect.open);
}

void PeerNode::open_failed(const peer::OpenFailed& effect) {
  auto found = handles_.find(effect.open);
  if (found == handles_.end()) return;
  uint32_t read = found->second.read;
  handles_.erase(found);
  world_.read(read).error = effect.error;
  world_.read_ended(read, ReadPhase::kFailed);
}

void PeerNode::chunk_ready(const ChunkId& chunk) {
  std::vector<OpenId> waiting;
  for (const auto& [open, handle] : handles_) {
    if (handle.facts != nullptr && handle.facts->id == chunk.version) waiting.push_back(open);
  }
  for (OpenId open : waiting) {
    Handle& handle = handles_.at(open);
    bool is_stream = scenario_.reads[handle.read].mode == ReadMode::kStream;
    if (is_stream || take(handle, chunk.index.value())) read_on(open);
  }
}

bool PeerNode::take(Handle& handle, uint32_t index) {
  if (handle.taken.test(index)) return false;
  ChunkId chunk{handle.facts->id, ChunkIndex(index)};
  if (!store_.holds(chunk)) {
    missed(chunk);  // broken in the store, and noticed only now
    return false;
  }
  handle.taken.set(index);
  ContentTag content = store_.content(chunk);
  world_.tell_checkers(
      [&](Checker& c) { c.on_delivered(world_, id_, handle.read, chunk, content); });
  return true;
}

void PeerNode::read_on(OpenId open) {
  Handle& handle = handles_.at(open);
  const ReadSpec& spec = scenario_.reads[handle.read];
  uint32_t count = handle.taken.size();
  uint32_t before = handle.next;
  if (spec.mode == ReadMode::kStream) {
    while (handle.next < count && take(handle, handle.next)) ++handle.next;
  } else if (before == 0) {
    for (uint32_t i = 0; i < count; ++i) take(handle, i);
    handle.next = 1;  // what comes later is taken as it comes
  }
  if (handle.taken.all()) {
    uint32_t read = handle.read;
    handles_.erase(open);
    deliver(peer::CloseAsked{open});
    return world_.read_ended(read, ReadPhase::kDone);
  }
  if (spec.mode == ReadMode::kStream && handle.next != before)
    deliver(peer::WindowAsked{open, handle.next, std::min(spec.window, count - handle.next)});
}

}  // namespace tyto::sim
