#include "sim/models/tcp.h"

#include <algorithm>

namespace tyto::sim {
namespace {

constexpr uint64_t kNsPerS = 1'000'000'000;
constexpr Duration kTimeOutMin =
    Duration::milliseconds(200);  // beyond the round trip, as Linux has

// The whole part of the square root.
uint64_t root_of_square(uint64_t square) {
  uint64_t root = 0;
  for (uint64_t bit = uint64_t{1} << 31; bit > 0; bit >>= 1) {
    uint64_t next = root | bit;
    if (next * next <= square) root = next;
  }
  return root;
}

}  // namespace

uint64_t rate_by_window(uint64_t window_bytes, Duration round_trip) {
  if (round_trip <= Duration()) return kUncapped;
  auto bytes = static_cast<unsigned __int128>(window_bytes) * kNsPerS;
  auto rate = static_cast<uint64_t>(bytes / static_cast<uint64_t>(round_trip.ns()));
  return std::max<uint64_t>(1, rate);
}

uint64_t rate_by_loss(uint32_t loss_ppm, Duration round_trip) {
  if (loss_ppm == 0) return kUncapped;
  // The window in thousandths of a segment: sqrt(3/2 / p) * 1000.
  uint64_t window_permille = root_of_square(1'500'000'000'000 / loss_ppm);
  return rate_by_window(std::max<uint64_t>(1, window_permille * kSegmentBytes / 1000), round_trip);
}

IdleConnections::IdleConnections(const TcpSpec& spec, Duration round_trip)
    : initial_bytes_(spec.initial_window_bytes), time_out_(round_trip + kTimeOutMin) {}

uint64_t IdleConnections::window_of(const Idle& idle, Instant now) const {
  auto halvings = static_cast<uint64_t>((now - idle.since).ns() / time_out_.ns());
  uint64_t window = halvings < 64 ? idle.window_bytes >> halvings : 0;
  return std::max(window, initial_bytes_);
}

uint64_t IdleConnections::take(Instant now, const Ends& ends) {
  auto found = idle_.find(ends);
  if (found == idle_.end()) return initial_bytes_;
  uint64_t window = window_of(found->second.back(), now);
  found->second.pop_back();
  if (found->second.empty()) idle_.erase(found);
  return window;
}

void IdleConnections::give_back(Instant now, const Ends& ends, uint64_t window_bytes) {
  auto first = idle_.lower_bound({ends.reader, HostId()});
  while (first != idle_.end() && first->first.reader == ends.reader) {
    std::erase_if(first->second,
                  [&](const Idle& idle) { return window_of(idle, now) == initial_bytes_; });
    first = first->second.empty() ? idle_.erase(first) : std::next(first);
  }
  std::vector<Idle>& idle = idle_[ends];
  if (idle.size() >= kIdleMax) idle.erase(idle.begin());
  idle.push_back({window_bytes, now});
}

void IdleConnections::forget(HostId host) {
  std::erase_if(idle_, [&](const auto& entry) {
    return entry.first.reader == host || entry.first.source == host;
  });
}

std::size_t IdleConnections::size() const {
  std::size_t all = 0;
  for (const auto& [ends, idle] : idle_) all += idle.size();
  return all;
}

}  // namespace tyto::sim
