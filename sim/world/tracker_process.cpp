#include "sim/world/tracker_process.h"

#include <algorithm>

#include "sim/world/hash_messages.h"
#include "sim/world/world.h"

namespace tyto::sim {

TrackerProcess::TrackerProcess(World& world, const Scenario& scenario, Catalog& catalog,
                               uint32_t index)
    : world_(world), scenario_(scenario), catalog_(catalog), index_(index) {}

// --- its life ---

void TrackerProcess::start() {
  if (core_ != nullptr) return;
  ++run_;
  tracker::Config config = scenario_.tracker;
  epoch_ = catalog_.draw_epoch();
  config.seed = make_stream(scenario_.seed + epoch_, Stream::kTracker).next64();
  core_ = std::make_unique<tracker::TrackerCore>(config);
  for (tracker::Input& input : catalog_.load(scenario_, TrackerEpoch(epoch_)))
    step(std::move(input));
}

TrackerProcess::LostMail TrackerProcess::crash() {
  if (core_ == nullptr) return {};
  write_catalog_until(world_.now() - scenario_.catalog_lag);
  unwritten_.clear();
  core_.reset();
  is_frozen_ = false;
  LostMail lost = std::exchange(held_, {});
  lost.insert(lost.end(), line_.begin(), line_.end());
  line_.clear();
  processor_ = Processor();
  return lost;
}

void TrackerProcess::freeze() {
  is_frozen_ = core_ != nullptr;
  ++upsets_;
}

void TrackerProcess::thaw() {
  if (!is_frozen_) return;
  is_frozen_ = false;
  ++upsets_;
  for (uint64_t mail : held_) world_.schedule(world_.now(), EventKind::kTrackerMail, mail);
  held_.clear();
  arm_timer();
}

// --- what comes to it ---

bool TrackerProcess::takes_mail(uint64_t mail) {
  if (line_.empty() && !processor_.is_busy(world_.now())) return true;
  line_.push_back(mail);
  wake_line();
  return false;
}

bool TrackerProcess::holds_mail(uint64_t mail) {
  if (core_ == nullptr || !is_frozen_) return false;
  held_.push_back(mail);
  return true;
}

// Takes what waits in line until there is work again.
void TrackerProcess::on_free() {
  has_wake_ = false;
  while (!line_.empty() && !processor_.is_busy(world_.now())) {
    uint64_t mail = line_.front();
    line_.pop_front();
    world_.control().open_tracker_mail(mail);
  }
  wake_line();
}

void TrackerProcess::wake_line() {
  if (line_.empty() || has_wake_) return;
  has_wake_ = true;
  world_.schedule(sends_at(), EventKind::kTrackerFree, index_);
}

Instant TrackerProcess::sends_at() const {
  return std::max(world_.now(), processor_.free_at());
}

void TrackerProcess::step(tracker::Input input) {
  if (core_ == nullptr) return;
  world_.hash().add(uint64_t{input.index()});
  effects_.clear();
  core_->handle(world_.now(), std::move(input), effects_);
  tracker::Effects effects = std::move(effects_);
  charge(effects);
  for (tracker::Effect& effect : effects) {
    add_to(world_.hash(), effect);
    carry_out(std::move(effect));
  }
  arm_timer();
}

// Takes the processor for what a step sends. What it sends leaves when it is done.
void TrackerProcess::charge(const tracker::Effects& effects) {
  const ProcessorSpec& spec = scenario_.processor;
  if (spec.per_exchange == Duration() && spec.per_decision == Duration()) return;
  std::size_t decisions = 0;
  for (const tracker::Effect& effect : effects)
    if (auto* answered = std::get_if<tracker::ExchangeAnswered>(&effect))
      decisions += answered->down.commands.size();
  processor_.work(world_.now(),
                  spec.per_exchange + spec.per_decision * static_cast<int64_t>(decisions));
}

void TrackerProcess::carry_out(tracker::Effect effect) {
  if (auto* resolved = std::get_if<tracker::VersionResolved>(&effect)) {
    save(resolved->facts);
  } else if (auto* learned = std::get_if<tracker::RootLearned>(&effect)) {
    save(std::pair(learned->chunk, learned->root));
  } else if (auto* notice = std::get_if<tracker::Notice>(&effect)) {
    world_.noticed(*notice);
  } else if (auto* order = std::get_if<tracker::SendToMember>(&effect)) {
    world_.control().links().send(index_, std::move(*order));
  } else {
    world_.control().tell_peer(std::move(effect));
  }
}

void TrackerProcess::arm_timer() {
  Instant due = core_->next_deadline();
  if (due.is_never()) return;
  due = std::max(due, world_.now());
  if (due >= timer_at_) return;
  timer_at_ = due;
  world_.schedule(due, EventKind::kTrackerTimer, index_);
}

void TrackerProcess::on_timer() {
  if (world_.now() != timer_at_) return;  // a time that no longer counts
  timer_at_ = Instant::never();
  if (!is_up()) return;
  if (core_->next_deadline() <= world_.now()) {
    step(tracker::TimePassed{});
  } else {
    arm_timer();
  }
}

// --- the catalog is written in the background ---

void TrackerProcess::save(std::variant<VersionFactsRef, std::pair<ChunkId, Digest>> change) {
  write_catalog_until(world_.now() - scenario_.catalog_lag);
  unwritten_.push_back({world_.now(), std::move(change)});
}

void TrackerProcess::write_catalog_until(Instant when) {
  while (!unwritten_.empty() && unwritten_.front().since <= when) {
    auto& change = unwritten_.front().change;
    if (auto* facts = std::get_if<VersionFactsRef>(&change)) {
      catalog_.put(*facts);
    } else {
      const auto& [chunk, root] = std::get<1>(change);
      catalog_.put_root(chunk, root);
    }
    unwritten_.pop_front();
  }
}

}  // namespace tyto::sim
