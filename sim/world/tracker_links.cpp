#include "sim/world/tracker_links.h"

#include <algorithm>

#include "sim/world/world.h"

namespace tyto::sim {
namespace {

// As the tracker's shell does it.
constexpr Duration kSilence = Duration::milliseconds(1'500);
constexpr Duration kReconnectMin = Duration::milliseconds(100);
constexpr Duration kReconnectMax = Duration::milliseconds(400);
constexpr Duration kMembersAfter = Duration::milliseconds(300);
constexpr Duration kAloneAfter = Duration::seconds(1);

}  // namespace

TrackerLinks::TrackerLinks(World& world, const Scenario& scenario)
    : world_(world),
      scenario_(scenario),
      ends_(scenario.trackers),
      latency_(make_stream(scenario.seed, Stream::kTrackerLinks)) {
  for (uint32_t a = 0; a < count(); ++a)
    for (uint32_t b = a + 1; b < count(); ++b) pairs_.push_back({.a = a, .b = b});
}

Member TrackerLinks::member(uint32_t tracker) const {
  std::string region;
  if (scenario_.fleet.regions > 0) region = "r" + std::to_string(tracker % scenario_.fleet.regions);
  uint64_t epoch = ends_[tracker].is_alive ? world_.control().epoch(tracker) : 0;
  return {id_of(tracker), tracker_address(tracker), region, TrackerEpoch(epoch)};
}

// Pairs stand in the order of a, then of b.
uint64_t TrackerLinks::index_of(uint32_t a, uint32_t b) const {
  uint64_t n = count();
  return uint64_t{a} * (2 * n - a - 1) / 2 + (b - a - 1);
}

TrackerLinks::Pair& TrackerLinks::pair(uint32_t a, uint32_t b) {
  return pairs_[index_of(std::min(a, b), std::max(a, b))];
}

uint64_t TrackerLinks::view(uint32_t tracker) const {
  uint64_t view = uint64_t{1} << tracker % 64;
  for (uint32_t member : ends_[tracker].members) view |= uint64_t{1} << member % 64;
  return view;
}

bool TrackerLinks::is_listening(uint32_t tracker) const {
  return ends_[tracker].is_alive && world_.control().is_up(tracker);
}

// --- processes ---

void TrackerLinks::started_together() {
  for (End& end : ends_) end.is_alive = true;
  for (Pair& link : pairs_) {
    link.is_reachable = link.is_up = true;
    ++link.incarnation;
  }
  for (uint32_t i = 0; i < count(); ++i) tell_members(i);
}

void TrackerLinks::started(uint32_t tracker) {
  ends_[tracker] = {.is_alive = true, .ways = ends_[tracker].ways, .serial = ends_[tracker].serial};
  change_members_later(tracker, kAloneAfter);
  look_at(tracker);
}

void TrackerLinks::died(uint32_t tracker) {
  End& end = ends_[tracker];
  end.is_alive = false;
  end.is_ready = false;
  end.members.clear();
  end.up.clear();
  ++end.serial;
  for (uint32_t other = 0; other < count(); ++other) {
    if (other == tracker) continue;
    Pair& link = pair(tracker, other);
    link.is_reachable = false;
    ++link.changes;
    if (link.is_up) take_down(link);
  }
}

void TrackerLinks::pace_changed(uint32_t tracker) {
  look_at(tracker);
  if (!is_listening(tracker)) return;
  // What it would have heard of meanwhile.
  for (uint32_t other = 0; other < count(); ++other) {
    if (other == tracker) continue;
    Pair& link = pair(tracker, other);
    if (!link.is_up && ends_[tracker].up.contains(other)) tell_down(tracker, other);
    if (link.is_up) tell_up(tracker, other);
  }
}

void TrackerLinks::set_ways(uint32_t tracker, Ways ways) {
  ends_[tracker].ways = ways;
  look_at(tracker);
}

bool TrackerLinks::passes(uint32_t from, uint32_t to) const {
  return is_listening(from) && is_listening(to) && lets_out(ends_[from].ways) &&
         lets_in(ends_[to].ways);
}

// --- links ---

void TrackerLinks::look_at(uint32_t tracker) {
  for (uint32_t other = 0; other < count(); ++other)
    if (other != tracker) look_at(pair(tracker, other));
}

// One direction is as good as none: heartbeats are answered.
void TrackerLinks::look_at(Pair& link) {
  bool is_reachable = passes(link.a, link.b) && passes(link.b, link.a);
  if (is_reachable == link.is_reachable) return;
  link.is_reachable = is_reachable;
  ++link.changes;
  if (is_reachable && link.is_up) return release(link);
  Duration after =
      is_reachable
          ? Duration::nanoseconds(between(latency_, kReconnectMin.ns(), kReconnectMax.ns()))
          : kSilence;
  world_.schedule(world_.now() + after, EventKind::kTrackerLink, index_of(link.a, link.b),
                  link.changes);
}

void TrackerLinks::on_link(uint64_t index, uint64_t changes) {
  Pair& link = pairs_[index];
  if (link.changes != changes) return;
  if (!link.is_reachable) {
    if (link.is_up) take_down(link);
    return;
  }
  if (link.is_up) return;
  link.is_up = true;
  ++link.incarnation;
  ++upsets_;
  tell_up(link.a, link.b);
  tell_up(link.b, link.a);
}

void TrackerLinks::take_down(Pair& link) {
  link.is_up = false;
  ++upsets_;
  for (uint64_t id : link.held) mail_.erase(id);
  link.held.clear();
  if (is_listening(link.a)) tell_down(link.a, link.b);
  if (is_listening(link.b)) tell_down(link.b, link.a);
}

// Members are told a while after the first of them is heard of; links to members at once.
void TrackerLinks::tell_up(uint32_t at, uint32_t other) {
  End& end = ends_[at];
  if (!is_listening(at) || end.up.contains(other)) return;
  if (!end.members.contains(other)) return change_members_later(at, kMembersAfter);
  end.up.insert(other);
  world_.control().step(at,
                        tracker::LinkUp{id_of(other), TrackerEpoch(world_.control().epoch(other))});
  release(pair(at, other));
}

void TrackerLinks::tell_down(uint32_t at, uint32_t other) {
  End& end = ends_[at];
  if (end.up.erase(other) == 0) return;
  world_.control().step(at, tracker::LinkDown{id_of(other)});
  change_members_later(at, kMembersAfter);
}

void TrackerLinks::change_members_later(uint32_t tracker, Duration after) {
  world_.schedule(world_.now() + after, EventKind::kTrackerMembers, tracker,
                  ++ends_[tracker].serial);
}

void TrackerLinks::on_members(uint32_t tracker, uint64_t serial) {
  if (ends_[tracker].serial != serial) return;
  if (!is_listening(tracker)) return change_members_later(tracker, kMembersAfter);
  tell_members(tracker);
}

void TrackerLinks::tell_members(uint32_t tracker) {
  End& end = ends_[tracker];
  tracker::MembersChanged told{id_of(tracker), {.serial = end.serial}};
  std::set<uint32_t> members;
  for (uint32_t other = 0; other < count(); ++other) {
    if (other != tracker && !pair(tracker, other).is_up) continue;
    if (other != tracker) members.insert(other);
    told.members.members.push_back(member(other));
  }
  bool is_same = end.is_ready && members == end.members;
  end.members = std::move(members);
  end.is_ready = true;
  if (!is_same) world_.control().step(tracker, std::move(told));
  std::set<uint32_t> all = end.members;
  for (uint32_t other : all) tell_up(tracker, other);
}

// --- messages ---

void TrackerLinks::send(uint32_t from, tracker::SendToMember order) {
  auto to = static_cast<uint32_t>(order.to.value() - 1);
  if (to >= count() || to == from) return world_.violated("a tracker wrote to nobody");
  if (!ends_[from].up.contains(to)) return;
  Pair& link = pair(from, to);
  if (!link.is_up) return;
  messages_ += order.messages.size();
  ++deliveries_;
  uint64_t id = next_mail_++;
  mail_[id] = {from, to, link.incarnation, std::move(order.messages)};
  Instant arrival = world_.control().sends_at(from) + scenario_.latency.sample(latency_);
  world_.schedule(ordered(last_[{from, to}], arrival), EventKind::kClusterMail, id);
}

void TrackerLinks::on_mail(uint64_t id) {
  auto found = mail_.find(id);
  if (found == mail_.end()) return;
  Mail& mail = found->second;
  Pair& link = pair(mail.from, mail.to);
  if (!link.is_up || link.incarnation != mail.incarnation) {
    mail_.erase(found);
    return;
  }
  bool is_heard = passes(mail.from, mail.to) && ends_[mail.to].up.contains(mail.from);
  bool is_after_others = std::any_of(link.held.begin(), link.held.end(), [&](uint64_t held) {
    return mail_.at(held).from == mail.from;
  });
  if (!is_heard || is_after_others) {
    link.held.push_back(id);
    return;
  }
  uint32_t to = mail.to;
  tracker::ClusterArrived arrived{id_of(mail.from), std::move(mail.messages)};
  mail_.erase(found);
  world_.control().step(to, std::move(arrived));
}

void TrackerLinks::release(Pair& link) {
  std::deque<uint64_t> held = std::exchange(link.held, {});
  for (uint64_t id : held) world_.schedule(world_.now(), EventKind::kClusterMail, id);
}

}  // namespace tyto::sim
