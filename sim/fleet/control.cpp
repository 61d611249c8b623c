#include "sim/fleet/control.h"

#include "sim/fleet/world.h"
#include "sim/world/catalog.h"

namespace tyto::sim::fleet {
namespace {

// Numbers that a shell draws, with the node in their lower bits, so that an answer finds its way.
constexpr uint32_t kNodeBits = 24;

// So much mail is taken note of before it is decided on: answers wait for the end of a decision,
// and take memory meanwhile.
constexpr std::size_t kMailPerDecision = 4096;
// The same where decisions take time, which passes between two of these.
constexpr std::size_t kMailPerDecisionBusy = 64;

}  // namespace

Control::Control(World& world, const Scenario& scenario, Duration tracker_per_decision)
    : world_(world),
      scenario_(scenario),
      per_decision_(tracker_per_decision),
      latency_(std::max<Tick>(1, tick_of(scenario.latency.base + scenario.latency.jitter_max / 2))),
      lines_(scenario.fleet.size()) {}

uint32_t Control::node_of(uint64_t number) const {
  return static_cast<uint32_t>(number & ((1u << kNodeBits) - 1));
}

// --- what peers do ---

void Control::post_up(uint32_t node, Tick delay, tracker::Input input) {
  uint16_t life = world_.network().host(node).life;
  up_.post(world_.tick() + delay, {node, life, std::move(input)});
}

void Control::connect(uint32_t node, RegisterRequest request) {
  tracker::ConnectionId connection(++serial_ << kNodeBits | node);
  post_up(node, 3 * latency_, tracker::RegisterArrived{connection, std::move(request)});
}

void Control::send_inventory(uint32_t node, std::vector<InventoryPage> pages) {
  for (InventoryPage& page : pages)
    post_up(node, latency_, tracker::InventoryArrived{{}, std::move(page)});
  post_to_peer(node, kTick * (2 * int64_t{latency_}), peer::InventorySent{});
}

void Control::send_exchange(uint32_t node, ExchangeUp up) {
  tracker::ExchangeToken token(++serial_ << kNodeBits | node);
  post_up(node, latency_, tracker::ExchangeArrived{{}, token, std::move(up)});
}

void Control::hang_up(uint32_t node) {
  post_up(node, latency_, tracker::ConnectionLost{});
}

// --- mail ---

void Control::post_to_peer(uint32_t node, Duration delay, peer::Input input) {
  Tick due = world_.tick() + std::max<Tick>(1, tick_of(delay));
  down_.post(due, {node, world_.network().host(node).life, std::move(input)});
}

void Control::post_down(uint32_t node, peer::Input input) {
  down_.post(world_.tick() + latency_, {node, lines_[node].life, std::move(input)});
}

void Control::deliver(Tick now) {
  constexpr std::size_t kStep = 4;  // pieces between two steps of looking ahead
  while (down_.has_due(now)) {
    std::vector<DownMail> mails = down_.take();
    auto look_ahead = [&](std::size_t at, Peers::Ahead what) {
      if (at < mails.size()) world_.peers().look_ahead(mails[at].node, what);
    };
    for (std::size_t i = 0; i < mails.size(); ++i) {
      look_ahead(i + 3 * kStep, Peers::Ahead::kRow);
      look_ahead(i + 2 * kStep, Peers::Ahead::kCore);
      look_ahead(i + kStep, Peers::Ahead::kState);
      DownMail& mail = mails[i];
      const Host& host = world_.network().host(mail.node);
      if (host.is_alive && host.life == mail.life)
        world_.peers().deliver(mail.node, std::move(mail.input));
    }
    down_.give_back(std::move(mails));
  }
}

void Control::take(UpMail& mail) {
  Line& line = lines_[mail.node];
  if (std::holds_alternative<tracker::RegisterArrived>(mail.input)) {
    line.life = mail.life;
  } else if (line.life != mail.life) {
    return;
  }
  if (auto* exchange = std::get_if<tracker::ExchangeArrived>(&mail.input)) {
    exchange->session = line.session;
  } else if (auto* page = std::get_if<tracker::InventoryArrived>(&mail.input)) {
    page->session = line.session;
  } else if (auto* lost = std::get_if<tracker::ConnectionLost>(&mail.input)) {
    lost->connection = line.connection;
    line = {};
  }
  core_->apply(world_.now(), std::move(mail.input), effects_);
}

// --- the tracker ---

void Control::start_tracker() {
  tracker::Config config = scenario_.tracker;
  config.seed = make_stream(scenario_.seed + 1, Stream::kTracker).next64();
  core_ = std::make_unique<tracker::TrackerCore>(config);
  Catalog catalog;
  const Chunks& chunks = world_.chunks();
  for (uint32_t i = 0; i < chunks.object_count(); ++i) {
    const Chunks::Object& object = chunks.object(i);
    if (!object.facts->is_published) continue;
    catalog.put(object.facts);
    for (uint32_t c = 0; c < object.count; ++c)
      catalog.put_root(chunks.id(object.first + c), chunks.root(object.first + c));
  }
  for (tracker::Input& input : catalog.load(scenario_, TrackerEpoch(1)))
    core_->apply(world_.now(), std::move(input), effects_);
  decide();
}

void Control::decide() {
  core_->decide(world_.now(), effects_);
  for (tracker::Effect& effect : effects_) carry_out(effect);
  effects_.clear();
  uint64_t decisions = core_->counters().assignments - decisions_;
  decisions_ = core_->counters().assignments;
  if (per_decision_ == Duration()) return;
  Duration now = kTick * int64_t{world_.tick()};
  busy_until_ = std::max(busy_until_, now) + per_decision_ * static_cast<int64_t>(decisions);
}

void Control::run_tracker(Tick now) {
  auto is_free = [&] { return busy_until_ <= kTick * int64_t{now}; };
  if (!is_free()) return;
  if (core_->next_deadline() <= world_.now()) {
    core_->apply(world_.now(), tracker::TimePassed{}, effects_);
    decide();
  }
  while (up_.has_due(now)) {
    std::vector<UpMail> mails = up_.take();
    for (UpMail& mail : mails) inbox_.push_back(std::move(mail));
    up_.give_back(std::move(mails));
  }
  std::size_t at_once = per_decision_ == Duration() ? kMailPerDecision : kMailPerDecisionBusy;
  while (!inbox_.empty() && is_free()) {
    for (std::size_t i = 0; i < at_once && !inbox_.empty(); ++i) {
      take(inbox_.front());
      inbox_.pop_front();
    }
    decide();
  }
}

void Control::carry_out(tracker::Effect& effect) {
  if (auto* answered = std::get_if<tracker::ExchangeAnswered>(&effect)) {
    for (const Command& command : answered->down.commands) {
      if (const auto* order = std::get_if<Assign>(&command))
        world_.hash().add(order->source.peer.value() ^ order->chunk.index.value());
    }
    post_down(node_of(answered->token.value()), peer::ExchangeAnswered{std::move(answered->down)});
  } else if (auto* registered = std::get_if<tracker::RegisterAnswered>(&effect)) {
    uint32_t node = node_of(registered->connection.value());
    lines_[node].session = registered->reply.session;
    lines_[node].connection = registered->connection;
    post_down(node, peer::Registered{std::move(registered->reply)});
  } else if (auto* refused = std::get_if<tracker::RegisterRefused>(&effect)) {
    post_down(node_of(refused->connection.value()),
              peer::RegisterFailed{std::move(refused->error)});
  } else if (auto* denied = std::get_if<tracker::ExchangeRefused>(&effect)) {
    uint32_t node = node_of(denied->token.value());
    if (lines_[node].life != 0) post_down(node, peer::Disconnected{std::move(denied->error)});
  } else if (auto* notice = std::get_if<tracker::Notice>(&effect)) {
    ++notices_[notice->kind];
  }
}

}  // namespace tyto::sim::fleet
