#include "sim/fleet/control.h"

#include "sim/fleet/world.h"
#include "sim/world/catalog.h"
#include "sim/world/tracker_links.h"

namespace tyto::sim::fleet {
namespace {

// Numbers that a shell draws, one after the other, with the node in their lower bits, so that an
// answer finds its way.
constexpr uint32_t kNodeBits = 24;

uint32_t node_of(uint64_t number) {
  return static_cast<uint32_t>(number & ((1u << kNodeBits) - 1));
}

// So much mail is taken note of before it is decided on: answers wait for the end of a decision,
// and take memory meanwhile.
constexpr std::size_t kMailPerDecision = 4096;
// The same where decisions take time, which passes between two of these.
constexpr std::size_t kMailPerDecisionBusy = 64;

constexpr std::size_t kStep = 4;  // pieces of mail between two steps of looking ahead

}  // namespace

Control::Control(World& world, const Scenario& scenario, Duration tracker_per_decision)
    : world_(world),
      scenario_(scenario),
      per_decision_(tracker_per_decision),
      latency_(std::max<Tick>(1, tick_of(scenario.latency.base + scenario.latency.jitter_max / 2))),
      trackers_(scenario.trackers),
      lines_(scenario.fleet.size()) {
  for (uint32_t i = 0; i < scenario.trackers; ++i) tracker_at_[tracker_address(i).text()] = i;
}

// Whether what has the number, a connection or an exchange, belongs to its node's present
// connection: whatever came before that has a lower one.
bool Control::is_of_line(uint64_t number) const {
  const Line& line = lines_[node_of(number)];
  return line.connection != tracker::ConnectionId() && number >= line.connection.value();
}

// --- what peers do ---

void Control::post_up(uint32_t tracker, Tick delay, tracker::Input input) {
  up_.post(world_.tick() + delay, {tracker, std::move(input)});
}

void Control::connect(uint32_t node, const Endpoint& tracker, RegisterRequest request) {
  hang_up(node);
  Line& line = lines_[node];
  line.tracker = tracker_at_.at(tracker.text());
  line.connection = tracker::ConnectionId(++serial_ << kNodeBits | node);
  post_up(line.tracker, 3 * latency_,
          tracker::RegisterArrived{line.connection, std::move(request)});
}

void Control::send_inventory(uint32_t node, std::vector<InventoryPage> pages) {
  const Line& line = lines_[node];
  for (InventoryPage& page : pages)
    post_up(line.tracker, latency_, tracker::InventoryArrived{line.session, std::move(page)});
  post_to_peer(node, kTick * (2 * int64_t{latency_}), peer::InventorySent{});
}

void Control::send_exchange(uint32_t node, ExchangeUp up) {
  const Line& line = lines_[node];
  if (line.connection == tracker::ConnectionId()) return;
  tracker::ExchangeToken token(++serial_ << kNodeBits | node);
  post_up(line.tracker, latency_, tracker::ExchangeArrived{line.session, token, std::move(up)});
}

void Control::hang_up(uint32_t node) {
  Line line = std::exchange(lines_[node], {});
  if (line.connection == tracker::ConnectionId()) return;
  post_up(line.tracker, latency_, tracker::ConnectionLost{line.connection});
}

// --- mail ---

void Control::post_to_peer(uint32_t node, Duration delay, peer::Input input) {
  Tick due = world_.tick() + std::max<Tick>(1, tick_of(delay));
  down_.post(due, {node, world_.network().host(node).life, std::nullopt, std::move(input)});
}

void Control::post_down(uint32_t node, peer::Input input) {
  uint16_t life = world_.network().host(node).life;
  down_.post(world_.tick() + latency_, {node, life, lines_[node].connection, std::move(input)});
}

void Control::deliver(Tick now) {
  while (down_.has_due(now)) {
    std::vector<DownMail> mails = down_.take();
    auto look = [&](std::size_t at, Peers::Ahead what) {
      if (at < mails.size()) world_.peers().look_ahead(mails[at].node, what);
    };
    for (std::size_t i = 0; i < mails.size(); ++i) {
      look(i + 4 * kStep, Peers::Ahead::kRow);
      look(i + 3 * kStep, Peers::Ahead::kCore);
      look(i + 2 * kStep, Peers::Ahead::kState);
      look(i + kStep, Peers::Ahead::kLists);
      if (i + kStep < mails.size()) __builtin_prefetch(&lines_[mails[i + kStep].node]);
      DownMail& mail = mails[i];
      const Host& host = world_.network().host(mail.node);
      bool is_heard = !mail.connection || *mail.connection == lines_[mail.node].connection;
      if (host.is_alive && host.life == mail.life && is_heard)
        world_.peers().deliver(mail.node, std::move(mail.input));
    }
    down_.give_back(std::move(mails));
  }
}

// --- trackers ---

void Control::start_trackers() {
  for (uint32_t i = 0; i < tracker_count(); ++i) load_catalog(i);
  if (tracker_count() > 1) link_trackers();
  for (uint32_t i = 0; i < tracker_count(); ++i) decide(i);
}

void Control::load_catalog(uint32_t tracker) {
  const TrackerEpoch epoch(tracker + 1);
  tracker::Config config = scenario_.tracker;
  config.seed = make_stream(scenario_.seed + epoch.value(), Stream::kTracker).next64();
  trackers_[tracker].core = std::make_unique<tracker::TrackerCore>(config);
  Catalog catalog;
  const Chunks& chunks = world_.chunks();
  for (uint32_t i = 0; i < chunks.object_count(); ++i) {
    const Chunks::Object& object = chunks.object(i);
    if (!object.facts->is_published) continue;
    catalog.put(object.facts);
    for (uint32_t c = 0; c < object.count; ++c)
      catalog.put_root(chunks.id(object.first + c), chunks.root(object.first + c));
  }
  for (tracker::Input& input : catalog.load(scenario_, epoch))
    trackers_[tracker].core->apply(world_.now(), std::move(input), effects_);
}

// They know one another already, and every link is up.
void Control::link_trackers() {
  tracker::MembersChanged told{.members = {.serial = 1}};
  for (uint32_t i = 0; i < tracker_count(); ++i)
    told.members.members.push_back(
        {TrackerLinks::id_of(i), tracker_address(i), "", TrackerEpoch(i + 1)});
  for (uint32_t i = 0; i < tracker_count(); ++i) {
    told.self = TrackerLinks::id_of(i);
    trackers_[i].core->apply(world_.now(), told, effects_);
    for (const Member& other : told.members.members)
      if (other.id != told.self)
        trackers_[i].core->apply(world_.now(), tracker::LinkUp{other.id, other.epoch}, effects_);
  }
}

// Where an answer will go.
void Control::look_ahead(const tracker::Effect& effect) const {
  const auto* answered = std::get_if<tracker::ExchangeAnswered>(&effect);
  if (answered == nullptr) return;
  uint32_t node = node_of(answered->token.value());
  __builtin_prefetch(&lines_[node]);
  world_.network().look_ahead(node, Network::Ahead::kHost);
  __builtin_prefetch(answered->down.commands.data());
}

void Control::decide(uint32_t index) {
  Tracker& tracker = trackers_[index];
  tracker.core->decide(world_.now(), effects_);
  for (std::size_t i = 0; i < effects_.size(); ++i) {
    if (i + kStep < effects_.size()) look_ahead(effects_[i + kStep]);
    carry_out(index, effects_[i]);
  }
  effects_.clear();
  uint64_t assignments = tracker.core->counters().assignments;
  uint64_t decisions = assignments - std::exchange(tracker.decisions, assignments);
  if (per_decision_ == Duration()) return;
  Duration now = kTick * int64_t{world_.tick()};
  tracker.busy_until =
      std::max(tracker.busy_until, now) + per_decision_ * static_cast<int64_t>(decisions);
}

void Control::run_trackers(Tick now) {
  while (up_.has_due(now)) {
    std::vector<UpMail> mails = up_.take();
    for (UpMail& mail : mails) trackers_[mail.tracker].inbox.push_back(std::move(mail));
    up_.give_back(std::move(mails));
  }
  for (uint32_t i = 0; i < tracker_count(); ++i) run_tracker(i, now);
}

// Each step looks some messages further on than the next.
void Control::look_ahead(const Tracker& tracker) const {
  constexpr auto kSteps = static_cast<std::size_t>(tracker::InputStep::kHost) + 1;
  for (std::size_t i = 0; i < kSteps; ++i) {
    std::size_t at = (kSteps - i) * kStep;
    if (at < tracker.inbox.size())
      tracker.core->look_ahead(tracker.inbox[at].input, static_cast<tracker::InputStep>(i));
  }
}

void Control::run_tracker(uint32_t index, Tick now) {
  Tracker& tracker = trackers_[index];
  auto is_free = [&] { return tracker.busy_until <= kTick * int64_t{now}; };
  if (!is_free()) return;
  if (tracker.core->next_deadline() <= world_.now()) {
    tracker.core->apply(world_.now(), tracker::TimePassed{}, effects_);
    decide(index);
  }
  std::size_t at_once = per_decision_ == Duration() ? kMailPerDecision : kMailPerDecisionBusy;
  while (!tracker.inbox.empty() && is_free()) {
    for (std::size_t i = 0; i < at_once && !tracker.inbox.empty(); ++i) {
      look_ahead(tracker);
      tracker.core->apply(world_.now(), std::move(tracker.inbox.front().input), effects_);
      tracker.inbox.pop_front();
    }
    decide(index);
  }
}

void Control::carry_out(uint32_t index, tracker::Effect& effect) {
  if (auto* answered = std::get_if<tracker::ExchangeAnswered>(&effect)) {
    for (const Command& command : answered->down.commands) {
      if (const auto* order = std::get_if<Assign>(&command))
        world_.hash().add(order->source.peer.value() ^ order->chunk.index.value());
    }
    uint64_t token = answered->token.value();
    if (is_of_line(token))
      post_down(node_of(token), peer::ExchangeAnswered{std::move(answered->down)});
  } else if (auto* registered = std::get_if<tracker::RegisterAnswered>(&effect)) {
    uint64_t connection = registered->connection.value();
    if (!is_of_line(connection)) return;
    lines_[node_of(connection)].session = registered->reply.session;
    post_down(node_of(connection), peer::Registered{std::move(registered->reply)});
  } else if (auto* refused = std::get_if<tracker::RegisterRefused>(&effect)) {
    uint64_t connection = refused->connection.value();
    if (is_of_line(connection))
      post_down(node_of(connection), peer::RegisterFailed{std::move(refused->error)});
  } else if (auto* moved = std::get_if<tracker::RegisterMovedOn>(&effect)) {
    uint64_t connection = moved->connection.value();
    if (is_of_line(connection))
      post_down(node_of(connection), peer::RegisterRedirected{std::move(moved->moved)});
  } else if (auto* denied = std::get_if<tracker::ExchangeRefused>(&effect)) {
    uint64_t token = denied->token.value();
    if (is_of_line(token)) post_down(node_of(token), peer::Disconnected{std::move(denied->error)});
  } else if (auto* notice = std::get_if<tracker::Notice>(&effect)) {
    ++notices_[notice->kind];
  } else if (auto* order = std::get_if<tracker::SendToMember>(&effect)) {
    send(index, *order);
  }
}

void Control::send(uint32_t index, tracker::SendToMember& order) {
  auto to = static_cast<uint32_t>(order.to.value() - 1);
  if (to >= tracker_count() || to == index) return world_.violated("a tracker wrote to nobody");
  cluster_messages_ += order.messages.size();
  ++cluster_deliveries_;
  post_up(to, latency_,
          tracker::ClusterArrived{TrackerLinks::id_of(index), std::move(order.messages)});
}

}  // namespace tyto::sim::fleet
