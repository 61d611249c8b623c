#include "tracker/server/core_driver.h"

#include <utility>

namespace tyto::tracker {

CoreDriver::CoreDriver(io::Loop& loop, const Config& config, Hooks hooks)
    : loop_(loop),
      hooks_(std::move(hooks)),
      core_(config),
      timer_(loop),
      alive_(std::make_shared<CoreDriver*>(this)) {}

void CoreDriver::apply(Input input) {
  core_.apply(loop_.now(), std::move(input), effects_);
  ++inputs_;
  if (is_turn_posted_) return;
  is_turn_posted_ = true;
  loop_.post([driver = std::weak_ptr(alive_)] {
    if (auto alive = driver.lock()) (*alive)->turn();
  });
}

void CoreDriver::turn() {
  is_turn_posted_ = false;
  const Instant begun = loop_.now();
  core_.decide(begun, effects_);
  Effects effects = std::exchange(effects_, {});
  hooks_.decided(loop_.now() - begun, std::exchange(inputs_, 0));
  for (Effect& effect : effects) hooks_.effect(std::move(effect));
  arm();
}

// A timer that fires too early costs less than setting it anew with each exchange.
void CoreDriver::arm() {
  const Instant due = core_.next_deadline();
  if (timer_.is_armed() && armed_for_ <= due) return;
  armed_for_ = due;
  timer_.start_at(due, [this] { apply(TimePassed{}); });
}

}  // namespace tyto::tracker
