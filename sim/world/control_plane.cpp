#include "sim/world/control_plane.h"

#include <algorithm>
#include <set>

#include "sim/world/world.h"

namespace tyto::sim {
namespace {

// After so long without an answer a peer's shell gives a connection attempt up.
constexpr Duration kConnectTimeout = Duration::seconds(3);
// After so long without a packet both kernels give a connection up.
constexpr Duration kCutTimeout = Duration::seconds(15);

// PlantedBug::kGenerationsLost.
void lose_generations(ExchangeDown& down) {
  for (Command& command : down.commands) {
    if (auto* assign = std::get_if<Assign>(&command)) assign->generation = Generation(0);
  }
}

}  // namespace

ControlPlane::ControlPlane(World& world, const Scenario& scenario)
    : world_(world),
      scenario_(scenario),
      cut_off_(scenario.trackers),
      lines_(scenario.fleet.size()),
      latency_(make_stream(scenario.seed, Stream::kLatency)) {
  for (uint32_t i = 0; i < scenario.trackers; ++i)
    trackers_.push_back(std::make_unique<TrackerProcess>(world, scenario, catalog_, i));
  links_ = std::make_unique<TrackerLinks>(world, scenario);
}

ControlPlane::Connection* ControlPlane::find(uint64_t connection) {
  auto found = connections_.find(connection);
  return found == connections_.end() ? nullptr : &found->second;
}

bool ControlPlane::is_connected(NodeId node) const {
  auto found = connections_.find(lines_[node.value()].connection);
  if (found == connections_.end()) return false;
  const Connection& connection = found->second;
  return connection.is_registered && connection.is_open_at_tracker &&
         connection.tracker_run == epoch(connection.tracker) &&
         lines_[node.value()].ways == Ways::kBoth &&
         cut_off_[connection.tracker].ways == Ways::kBoth;
}

// --- what peers do ---

void ControlPlane::connect(NodeId node, const Endpoint& tracker, RegisterRequest request) {
  hang_up(node);
  uint32_t index = 0;
  while (index + 1 < tracker_count() && tracker_address(index) != tracker) ++index;
  lines_[node.value()].tracker = index;
  uint64_t id = next_connection_++;
  Connection& connection = connections_[id];
  connection.id = id;
  connection.node = node;
  connection.tracker = index;
  connection.last_up = world_.now() + scenario_.latency.sample(latency_) * 2;  // a handshake
  lines_[node.value()].connection = id;
  world_.schedule(world_.now() + kConnectTimeout, EventKind::kConnectTimeout, node.value(), id);
  post_up(connection,
          tracker::Input(tracker::RegisterArrived{tracker::ConnectionId(id), std::move(request)}));
}

void ControlPlane::send_inventory(NodeId node, std::vector<InventoryPage> pages) {
  Connection* connection = find(lines_[node.value()].connection);
  if (connection == nullptr) return;
  connection->pages_left = static_cast<uint32_t>(pages.size());
  if (pages.empty()) world_.violated("a peer sent an inventory without a page");
  for (InventoryPage& page : pages) {
    post_up(*connection, tracker::Input(tracker::InventoryArrived{{}, std::move(page)}));
  }
}

void ControlPlane::send_exchange(NodeId node, ExchangeUp up) {
  Connection* connection = find(lines_[node.value()].connection);
  if (connection == nullptr) return;
  ++connection->exchanges_open;
  uint32_t open = connection->exchanges_open;
  world_.tell_checkers([&](Checker& checker) {
    checker.on_exchanges_open(world_, node, open);
    checker.on_exchange_up(world_, node, up);
  });
  post_up(*connection, tracker::Input(tracker::ExchangeArrived{{}, {}, std::move(up)}));
}

void ControlPlane::ask_roots(NodeId node, const VersionId& version, uint32_t first) {
  Connection* connection = find(lines_[node.value()].connection);
  if (connection != nullptr) post_up(*connection, RootsAsked{version, first});
}

void ControlPlane::hang_up(NodeId node) {
  Line& line = lines_[node.value()];
  Connection* connection = find(line.connection);
  line.connection = 0;
  if (connection == nullptr) return;
  connection->is_open_at_peer = false;
  post_up(*connection,
          tracker::Input(tracker::ConnectionLost{tracker::ConnectionId(connection->id)}));
}

// --- mail ---

void ControlPlane::post_up(Connection& connection, ToTracker content) {
  uint64_t id = next_mail_++;
  mail_[id] = {connection.id, std::move(content)};
  Instant arrival = world_.now() + scenario_.latency.sample(latency_);
  world_.schedule(ordered(connection.last_up, arrival), EventKind::kTrackerMail, id);
}

void ControlPlane::post_down(Connection& connection, ToPeer content) {
  uint64_t id = next_mail_++;
  mail_[id] = {connection.id, std::move(content)};
  Instant arrival = sends_at(connection.tracker) + scenario_.latency.sample(latency_);
  world_.schedule(ordered(connection.last_down, arrival), EventKind::kPeerMail, id);
}

void ControlPlane::on_tracker_mail(uint64_t id) {
  auto found = mail_.find(id);
  if (found == mail_.end()) return;
  Connection* connection = find(found->second.connection);
  uint32_t tracker = connection == nullptr ? 0 : connection->tracker;
  if (trackers_[tracker]->takes_mail(id)) open_tracker_mail(id);
}

ControlPlane::Line* ControlPlane::blocked_up(const Connection& connection) {
  Line& line = lines_[connection.node.value()];
  if (!lets_in(line.ways)) return &line;
  Line& tracker = cut_off_[connection.tracker];
  return lets_in(tracker.ways) ? nullptr : &tracker;
}

ControlPlane::Line* ControlPlane::blocked_down(const Connection& connection) {
  Line& line = lines_[connection.node.value()];
  if (!lets_out(line.ways)) return &line;
  Line& tracker = cut_off_[connection.tracker];
  return lets_out(tracker.ways) ? nullptr : &tracker;
}

void ControlPlane::open_tracker_mail(uint64_t id) {
  auto found = mail_.find(id);
  if (found == mail_.end()) return;
  Connection* connection = find(found->second.connection);
  if (Line* line = connection == nullptr ? nullptr : blocked_up(*connection)) {
    line->held_up.push_back(id);
    return;
  }
  if (connection != nullptr && trackers_[connection->tracker]->holds_mail(id)) return;
  auto content = std::get<ToTracker>(std::move(found->second.content));
  mail_.erase(found);
  if (connection != nullptr) take_at_tracker(*connection, std::move(content));
}

void ControlPlane::on_peer_mail(uint64_t id) {
  auto found = mail_.find(id);
  if (found == mail_.end()) return;
  Connection* connection = find(found->second.connection);
  if (Line* line = connection == nullptr ? nullptr : blocked_down(*connection)) {
    line->held_down.push_back(id);
    return;
  }
  auto content = std::get<ToPeer>(std::move(found->second.content));
  mail_.erase(found);
  if (connection != nullptr) take_at_peer(*connection, std::move(content));
}

void ControlPlane::take_at_tracker(Connection& connection, ToTracker content) {
  TrackerProcess& tracker = *trackers_[connection.tracker];
  if (auto* asked = std::get_if<RootsAsked>(&content)) {
    if (!connection.is_open_at_tracker) return;
    post_down(connection, tracker.core()->roots(asked->version, asked->first));
    return;
  }
  tracker::Input input = std::get<tracker::Input>(std::move(content));
  if (std::holds_alternative<tracker::RegisterArrived>(input)) {
    if (tracker.core() == nullptr || !links_->is_ready(connection.tracker)) {
      close_at_tracker(connection, {ErrorCode::kUnavailable, "connection refused"});
      return;
    }
    connection.tracker_run = tracker.epoch();
    connection.is_open_at_tracker = true;
    tracker.step(std::move(input));
    return;
  }
  if (!connection.is_open_at_tracker) {
    if (!connection.is_open_at_peer) connections_.erase(connection.id);
    return;
  }
  uint64_t lost = 0;
  if (std::holds_alternative<tracker::ConnectionLost>(input)) {
    lost = connection.id;
    connections_.erase(lost);
  } else if (auto* page = std::get_if<tracker::InventoryArrived>(&input)) {
    page->session = connection.session;
    if (--connection.pages_left == 0) post_down(connection, peer::Input(peer::InventorySent{}));
  } else if (auto* exchange = std::get_if<tracker::ExchangeArrived>(&input)) {
    exchange->session = connection.session;
    exchange->token = tracker::ExchangeToken(next_token_++);
    tokens_[exchange->token.value()] = connection.id;
  }
  tracker.step(std::move(input));
  if (lost != 0) forget_exchanges(lost);
}

void ControlPlane::take_at_peer(Connection& connection, ToPeer content) {
  if (!connection.is_open_at_peer) {
    if (!connection.is_open_at_tracker) connections_.erase(connection.id);
    return;
  }
  NodeId node = connection.node;
  if (auto* page = std::get_if<RootsPage>(&content)) {
    world_.node(node).roots_arrived(*page);
    return;
  }
  peer::Input input = std::get<peer::Input>(std::move(content));
  if (std::holds_alternative<peer::Registered>(input)) {
    connection.is_registered = true;
  } else if (std::holds_alternative<peer::RegisterRedirected>(input)) {
    // The peer gives this connection up by itself.
  } else if (auto* answered = std::get_if<peer::ExchangeAnswered>(&input)) {
    --connection.exchanges_open;
    if (scenario_.bug == PlantedBug::kGenerationsLost) lose_generations(answered->down);
    world_.tell_checkers(
        [&](Checker& checker) { checker.on_exchange_down(world_, node, answered->down); });
  } else if (auto* lost = std::get_if<peer::Disconnected>(&input)) {
    if (!connection.is_registered) input = peer::RegisterFailed{lost->error};
    if (lines_[node.value()].connection == connection.id) lines_[node.value()].connection = 0;
    connections_.erase(connection.id);
  }
  const char* what = nullptr;
  if (auto* registered = std::get_if<peer::Registered>(&input))
    what = registered->reply.resumed ? "goes on with its session" : "begins a session";
  if (std::holds_alternative<peer::Disconnected>(input)) what = "lost its connection";
  if (std::holds_alternative<peer::RegisterFailed>(input)) what = "could not register";
  if (what != nullptr)
    world_.tell_checkers([&](Checker& checker) { checker.on_session(world_, node, what); });
  world_.node(node).deliver(std::move(input));
}

// --- what the tracker does ---

void ControlPlane::close_at_tracker(Connection& connection, Error error) {
  connection.is_open_at_tracker = false;
  forget_exchanges(connection.id);
  post_down(connection, peer::Input(peer::Disconnected{std::move(error)}));
}

// Nobody hears the answers any more.
void ControlPlane::forget_exchanges(uint64_t connection) {
  if (scenario_.bug == PlantedBug::kRecordsKept) return;
  std::erase_if(tokens_, [&](const auto& entry) { return entry.second == connection; });
}

void ControlPlane::tell_peer(tracker::Effect effect) {
  if (auto* answered = std::get_if<tracker::RegisterAnswered>(&effect)) {
    Connection* connection = find(answered->connection.value());
    if (connection == nullptr || !connection->is_open_at_tracker) return;
    connection->session = answered->reply.session;
    post_down(*connection, peer::Input(peer::Registered{std::move(answered->reply)}));
  } else if (auto* refused = std::get_if<tracker::RegisterRefused>(&effect)) {
    Connection* connection = find(refused->connection.value());
    if (connection != nullptr) close_at_tracker(*connection, std::move(refused->error));
  } else if (auto* moved = std::get_if<tracker::RegisterMovedOn>(&effect)) {
    Connection* connection = find(moved->connection.value());
    if (connection != nullptr && connection->is_open_at_tracker)
      post_down(*connection, peer::Input(peer::RegisterRedirected{std::move(moved->moved)}));
  } else if (auto* exchange = std::get_if<tracker::ExchangeAnswered>(&effect)) {
    auto token = tokens_.find(exchange->token.value());
    if (token == tokens_.end()) return;
    Connection* connection = find(token->second);
    if (scenario_.bug != PlantedBug::kRecordsKept) tokens_.erase(token);
    if (connection == nullptr || !connection->is_open_at_tracker) return;
    post_down(*connection, peer::Input(peer::ExchangeAnswered{std::move(exchange->down)}));
  } else if (auto* denied = std::get_if<tracker::ExchangeRefused>(&effect)) {
    auto token = tokens_.find(denied->token.value());
    if (token == tokens_.end()) return;
    Connection* connection = find(token->second);
    tokens_.erase(token);
    if (connection != nullptr && connection->is_open_at_tracker)
      close_at_tracker(*connection, std::move(denied->error));
  }
}

void ControlPlane::start_trackers() {
  for (auto& tracker : trackers_) tracker->start();
  links_->started_together();
}

void ControlPlane::start_tracker(uint32_t tracker) {
  if (trackers_[tracker]->core() != nullptr) return;
  trackers_[tracker]->start();
  links_->started(tracker);
}

void ControlPlane::crash_tracker(uint32_t tracker) {
  if (trackers_[tracker]->core() == nullptr) return;
  for (uint64_t id : trackers_[tracker]->crash()) mail_.erase(id);
  // Of these the mail that would have ended them may have been lost.
  std::erase_if(connections_, [&](const auto& entry) {
    const Connection& connection = entry.second;
    return connection.tracker == tracker && !connection.is_open_at_peer &&
           !connection.is_open_at_tracker;
  });
  std::erase_if(tokens_, [&](const auto& entry) {
    auto connection = connections_.find(entry.second);
    return connection == connections_.end() || connection->second.tracker == tracker;
  });
  for (auto& [id, connection] : connections_) {
    if (connection.tracker == tracker && connection.is_open_at_tracker)
      close_at_tracker(connection, {ErrorCode::kUnavailable, "the tracker closed the connection"});
  }
  links_->died(tracker);
}

void ControlPlane::freeze_tracker(uint32_t tracker) {
  trackers_[tracker]->freeze();
  links_->pace_changed(tracker);
}

void ControlPlane::thaw_tracker(uint32_t tracker) {
  trackers_[tracker]->thaw();
  links_->pace_changed(tracker);
}

void ControlPlane::set_reach(uint32_t tracker, Ways ways) {
  Line& line = cut_off_[tracker];
  line.ways = ways;
  if (ways == Ways::kBoth) release(line);
}

void ControlPlane::set_ways(uint32_t tracker, Ways ways) {
  set_reach(tracker, ways);
  links_->set_ways(tracker, ways);
}

uint64_t ControlPlane::upsets() const {
  uint64_t sum = links_->upsets();
  for (const auto& tracker : trackers_) sum += tracker->upsets();
  return sum;
}

uint32_t ControlPlane::parts() const {
  std::set<uint64_t> views;
  for (uint32_t i = 0; i < tracker_count(); ++i)
    if (is_up(i)) views.insert(links_->view(i));
  return std::max(1u, static_cast<uint32_t>(views.size()));
}

// --- what goes wrong on the way ---

void ControlPlane::cut(NodeId node) {
  Line& line = lines_[node.value()];
  line.ways = Ways::kNone;
  world_.schedule(world_.now() + kCutTimeout, EventKind::kCutTimeout, node.value(), ++line.cuts);
}

void ControlPlane::mend(NodeId node) {
  Line& line = lines_[node.value()];
  line.ways = Ways::kBoth;
  release(line);
}

void ControlPlane::release(Line& line) {
  for (uint64_t id : line.held_up) world_.schedule(world_.now(), EventKind::kTrackerMail, id);
  for (uint64_t id : line.held_down) world_.schedule(world_.now(), EventKind::kPeerMail, id);
  line.held_up.clear();
  line.held_down.clear();
}

void ControlPlane::on_cut_timeout(NodeId node, uint64_t cut) {
  if (lines_[node.value()].ways != Ways::kBoth && lines_[node.value()].cuts == cut) drop(node);
}

void ControlPlane::drop(NodeId node) {
  std::vector<uint64_t> ids;
  for (const auto& [id, connection] : connections_) {
    if (connection.node == node && connection.is_open_at_tracker) ids.push_back(id);
  }
  Error error{ErrorCode::kUnavailable, "the connection broke"};
  for (uint64_t id : ids) {
    Connection connection = connections_.at(id);
    connections_.erase(id);
    if (lines_[node.value()].connection == id) lines_[node.value()].connection = 0;
    step(connection.tracker, tracker::ConnectionLost{tracker::ConnectionId(id)});
    forget_exchanges(id);
    if (!connection.is_open_at_peer) continue;
    if (connection.is_registered) {
      world_.node(node).deliver(peer::Disconnected{error});
    } else {
      world_.node(node).deliver(peer::RegisterFailed{error});
    }
  }
}

void ControlPlane::on_connect_timeout(NodeId node, uint64_t id) {
  Connection* connection = find(id);
  if (connection == nullptr || connection->is_registered || !connection->is_open_at_peer) return;
  hang_up(node);
  world_.node(node).deliver(
      peer::RegisterFailed{{ErrorCode::kTimedOut, "no answer from the tracker"}});
}

}  // namespace tyto::sim
