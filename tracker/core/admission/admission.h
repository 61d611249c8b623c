// What a tracker takes on when more is asked of it than it may, or can, do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"
#include "schema/messages/exchange.h"

namespace tyto::tracker {

// What an exchange brings, from what is worth most to what is refused first.
enum class ExchangeClass : uint8_t {
  kUnderWay,      // news of downloads under way, of objects of at most 1 MiB or of failures
  kUnderWayBulk,  // the same of larger chunks
  kOpen,          // new readers
  kIdle,          // nothing: a peer that wants to hear news
  kPrefetch,      // new readers for whom nobody waits
  kProbe,         // nothing, of a peer that will hear news by the exchange that it has parked
};
inline constexpr std::size_t kExchangeClasses = 6;
std::string_view exchange_class_name(ExchangeClass exchange);

// Whether the same peer has another exchange open.
enum class Parked : uint8_t {
  kNothing,
  kNothingForLong,  // and it was refused one so long that it is about to be taken for dead
  kOne,
};

// The class of the worthiest of its events. A superpeer's are as worthy as any, whatever they
// bring: it reads for all, and is told what to read in their answers. So are those of a peer that
// would be lost without an answer: that it registers anew costs more.
ExchangeClass class_of(const ExchangeUp& up, Role role, Parked parked);

struct AdmissionConfig {
  uint32_t exchanges_per_s = 0;                    // 0: as many as come
  uint32_t registrations_per_s = 0;                // the same
  Duration lag_max = Duration::milliseconds(250);  // of the loop; zero: it does not matter
};

// Sheds exchanges by class, and lets peers register at a steady rate. Whoever is refused is told
// when to come back, so that those refused return at the rate that they can be served at.
//
// Each class may use the credit of the last second down to a floor of its own: the worthiest all of
// it, probes only what is above four fifths. Refused probes have a line of their own to come back
// in, at an eighth of the rate: many readers that wait do not keep out those that are served. A
// loop that lags sheds the same classes in the same order, the last one first.
//
// Purity:    pure.
// Bounds:    of constant size.
class Admission {
 public:
  explicit Admission(const AdmissionConfig& config) : config_(config) {}

  // How late the loop came to its last timer.
  void note_lag(Duration lag) { lag_ = lag; }
  // Nothing: it is taken. Else: refused, to come back after this long.
  std::optional<Duration> exchange(Instant now, ExchangeClass exchange);
  std::optional<Duration> registration(Instant now);

  struct Counts {
    std::array<uint64_t, kExchangeClasses> exchanges_refused{};
    uint64_t registrations_refused = 0;
  };
  const Counts& counts() const { return counts_; }
  Duration lag() const { return lag_; }

 private:
  // A rate: credit of up to a second, and the times at which those refused are to come back.
  struct Rate {
    Duration credit = Duration::seconds(1);
    Instant earned;
    Instant back;

    // Takes one's cost, if `floor` remains.
    bool take(Instant now, uint32_t per_s, Duration floor);
    Duration come_back(Instant now, uint32_t per_s, Duration most);
  };
  bool lags_for(ExchangeClass exchange) const;
  Duration come_back(Instant now, ExchangeClass exchange);

  const AdmissionConfig config_;
  Duration lag_;
  Rate exchanges_;
  Rate probes_;  // only the times to come back at
  Rate registrations_;
  Counts counts_;
};

}  // namespace tyto::tracker
