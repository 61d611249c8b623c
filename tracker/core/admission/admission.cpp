#include "tracker/core/admission/admission.h"

#include <algorithm>

#include "base/limits.h"

namespace tyto::tracker {

namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr Duration kCreditMax = Duration::seconds(1);
// Shorter than the silence after which a session counts as dead.
constexpr Duration kBackAfterMin = Duration::milliseconds(250);
constexpr Duration kBackAfterMax = Duration::seconds(5);
constexpr Duration kRegisterAfterMax = Duration::seconds(30);
// Without a rate there is no telling when the loop has caught up.
constexpr Duration kBackAfterLag = Duration::seconds(1);
// Probes that were refused may come back at this part of the rate, all of them together.
constexpr uint32_t kProbePart = 8;
constexpr Duration kProbeAfterMax = Duration::seconds(20);
constexpr Duration kProbeAfterLag = Duration::seconds(5);

// Per class: the credit, in milliseconds, that is left to worthier ones, and how many times the
// permitted lag it bears.
struct Terms {
  int64_t floor_ms;
  int64_t lags;
};
constexpr std::array<Terms, kExchangeClasses> kTerms = {
    Terms{0, 8}, Terms{100, 4}, Terms{250, 2}, Terms{400, 2}, Terms{600, 1}, Terms{800, 1}};

const Terms& terms_of(ExchangeClass exchange) {
  return kTerms[static_cast<std::size_t>(exchange)];
}

ExchangeClass class_of_event(const OpenRequested& open) {
  return open.priority == Priority::kPrefetch ? ExchangeClass::kPrefetch : ExchangeClass::kOpen;
}
ExchangeClass class_of_event(const ChunkVerified& verified) {
  return verified.bytes > kOneChunkBytesMax ? ExchangeClass::kUnderWayBulk
                                            : ExchangeClass::kUnderWay;
}
ExchangeClass class_of_event(const ChunkProgressed&) {
  return ExchangeClass::kUnderWayBulk;
}
template <class Event>
ExchangeClass class_of_event(const Event&) {
  return ExchangeClass::kUnderWay;
}

}  // namespace

std::string_view exchange_class_name(ExchangeClass exchange) {
  switch (exchange) {
    case ExchangeClass::kUnderWay: return "under_way";
    case ExchangeClass::kUnderWayBulk: return "under_way_bulk";
    case ExchangeClass::kOpen: return "open";
    case ExchangeClass::kIdle: return "idle";
    case ExchangeClass::kPrefetch: return "prefetch";
    case ExchangeClass::kProbe: return "probe";
  }
  return "under_way";
}

ExchangeClass class_of(const ExchangeUp& up, Role role, Parked parked) {
  if (up.events.empty() && parked == Parked::kOne) return ExchangeClass::kProbe;
  if (role == Role::kSuperpeer || parked == Parked::kNothingForLong)
    return ExchangeClass::kUnderWay;
  if (up.events.empty()) return ExchangeClass::kIdle;
  ExchangeClass best = ExchangeClass::kPrefetch;
  for (const Event& event : up.events)
    best = std::min(best, std::visit([](const auto& one) { return class_of_event(one); }, event));
  return best;
}

bool Admission::Rate::take(Instant now, uint32_t per_s, Duration floor) {
  if (now > earned) credit = std::min(kCreditMax, credit + std::min(kCreditMax, now - earned));
  earned = std::max(earned, now);
  const Duration cost = Duration::nanoseconds(kSecondNs / per_s);
  if (credit < floor + cost) return false;
  credit = credit - cost;
  return true;
}

Duration Admission::Rate::come_back(Instant now, uint32_t per_s, Duration most) {
  back = std::max(back, now + kBackAfterMin) + Duration::nanoseconds(kSecondNs / per_s);
  back = std::min(back, now + most);
  return back - now;
}

bool Admission::lags_for(ExchangeClass exchange) const {
  return config_.lag_max > Duration() && lag_ >= config_.lag_max * terms_of(exchange).lags;
}

Duration Admission::come_back(Instant now, ExchangeClass exchange) {
  const uint32_t per_s = config_.exchanges_per_s;
  const bool is_probe = exchange == ExchangeClass::kProbe;
  if (per_s == 0) return is_probe ? kProbeAfterLag : kBackAfterLag;
  if (!is_probe) return exchanges_.come_back(now, per_s, kBackAfterMax);
  return probes_.come_back(now, std::max(1u, per_s / kProbePart), kProbeAfterMax);
}

std::optional<Duration> Admission::exchange(Instant now, ExchangeClass exchange) {
  const uint32_t per_s = config_.exchanges_per_s;
  const Duration floor = Duration::milliseconds(terms_of(exchange).floor_ms);
  const bool is_refused = lags_for(exchange) || (per_s != 0 && !exchanges_.take(now, per_s, floor));
  if (!is_refused) return std::nullopt;
  ++counts_.exchanges_refused[static_cast<std::size_t>(exchange)];
  return come_back(now, exchange);
}

std::optional<Duration> Admission::registration(Instant now) {
  const uint32_t per_s = config_.registrations_per_s;
  if (per_s == 0 || registrations_.take(now, per_s, {})) return std::nullopt;
  ++counts_.registrations_refused;
  return registrations_.come_back(now, per_s, kRegisterAfterMax);
}

}  // namespace tyto::tracker
