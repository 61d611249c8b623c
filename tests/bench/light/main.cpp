// Light peers of one process, led by lines on standard input.
//
//   light_peers --trackers HOST:PORT[,HOST:PORT] --peers N [--first N] [--racks-of N]
//               [--superpeers N] [--mix S,B,P] [--objects N] [--pause-ms N] [--avoid-ms N]
//               [--start-per-s N]
//
// Of each thousand peers S read small objects, B large ones and P prefetch, as long as "read M"
// says that M of a thousand of those read at all. "report" writes what happened since the last one
// as a JSON object of kind "report"; each second one of kind "tick" is written. The end of the
// input ends the program.
#include <sys/resource.h>

#include <cstdio>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>

#include "io/loop/host_port.h"
#include "light_peer.h"
#include "superpeer/core/superpeer_policy.h"

namespace tyto::bench {
namespace {

using Flags = std::map<std::string, std::string>;

constexpr uint32_t kThousand = 1000;

uint32_t number_of(const Flags& flags, const std::string& name, uint32_t otherwise) {
  auto found = flags.find("--" + name);
  return found == flags.end() ? otherwise : static_cast<uint32_t>(std::stoul(found->second));
}

TrackerListRef trackers_of(const std::string& text) {
  auto list = std::make_shared<TrackerList>();
  std::istringstream parts(text);
  for (std::string part; std::getline(parts, part, ',');) {
    auto where = io::HostPort::parse(part);
    if (!where.ok()) return nullptr;
    list->push_back({MemberId(), {where->host, where->port}, ""});
  }
  return list;
}

class Fleet {
 public:
  Fleet(io::Loop& loop, const Flags& flags)
      : loop_(loop), starts_per_s_(number_of(flags, "start-per-s", 1000)), timer_(loop) {
    const Duration avoid = Duration::milliseconds(number_of(flags, "avoid-ms", 30'000));
    peer::Policy policy;
    policy.avoid_for = avoid;
    terms_.policy = std::make_shared<const peer::Policy>(policy);
    terms_.trackers = trackers_of(flags.at("--trackers"));
    terms_.objects = number_of(flags, "objects", 1000);
    terms_.pause = Duration::milliseconds(number_of(flags, "pause-ms", 2000));
    super_terms_ = terms_;
    super_terms_.policy = std::make_shared<const peer::Policy>(superpeer::superpeer_policy(policy));
    read_mix(flags);
    make(flags);
  }

  void start_some() {
    for (uint32_t i = 0; i <= starts_per_s_ / 20 && started_ < peers_.size(); ++i)
      peers_[started_++]->start();
    if (started_ < peers_.size())
      timer_.start_after(Duration::milliseconds(50), [this] { start_some(); });
  }
  void tick() {
    write("tick", counts_.tick());
    tick_timer_.start_after(Duration::seconds(1), [this] { tick(); });
  }
  void obey(const std::string& line) {
    if (line == "report") return write("report", counts_.report());
    if (line.starts_with("read ")) read(static_cast<uint32_t>(std::stoul(line.substr(5))));
  }

 private:
  void read_mix(const Flags& flags) {
    auto found = flags.find("--mix");
    std::istringstream parts(found == flags.end() ? "0,0,0" : found->second);
    for (uint32_t& share : mix_) {
      std::string part;
      std::getline(parts, part, ',');
      share = static_cast<uint32_t>(std::stoul(part));
    }
  }
  void make(const Flags& flags) {
    const uint32_t peers = number_of(flags, "peers", 100);
    const uint32_t first = number_of(flags, "first", 0);
    const uint32_t in_rack = number_of(flags, "racks-of", 20);
    superpeers_ = number_of(flags, "superpeers", 0);
    for (uint32_t i = 0; i < superpeers_ + peers; ++i) {
      const uint32_t number = first + i + 1;
      Location location{"eu", "a", "r" + std::to_string(number / in_rack),
                        "h" + std::to_string(number)};
      if (i < superpeers_) location.rack = "s" + std::to_string(number);
      peers_.push_back(std::make_unique<LightPeer>(loop_, i < superpeers_ ? super_terms_ : terms_,
                                                   counts_, number, std::move(location)));
    }
  }
  // What peer `i` reads, and that it is among the first `permille` of those.
  void read(uint32_t permille) {
    for (std::size_t i = superpeers_; i < peers_.size(); ++i) {
      const auto lot = static_cast<uint32_t>(mix64(i) % kThousand);
      const auto place = static_cast<uint32_t>(mix64(i ^ kThousand) % kThousand);
      Reading what = Reading::kNothing;
      if (lot < mix_[0])
        what = Reading::kSmall;
      else if (lot < mix_[0] + mix_[1])
        what = Reading::kBulk;
      else if (lot < mix_[0] + mix_[1] + mix_[2])
        what = Reading::kPrefetch;
      peers_[i]->read(place < permille ? what : Reading::kNothing);
    }
  }
  void write(const char* kind, nlohmann::json figures) {
    figures["kind"] = kind;
    figures["at_s"] = static_cast<double>(loop_.now().ns()) / 1e9;
    std::puts(figures.dump().c_str());
    std::fflush(stdout);
  }

  io::Loop& loop_;
  const uint32_t starts_per_s_;
  io::Timer timer_;
  io::Timer tick_timer_{loop_};
  LightTerms terms_;
  LightTerms super_terms_;
  LightCounts counts_;
  std::array<uint32_t, 3> mix_{};
  uint32_t superpeers_ = 0;
  std::vector<std::unique_ptr<LightPeer>> peers_;
  std::size_t started_ = 0;
};

void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(const Flags& flags) {
  allow_many_files();
  io::Loop loop;
  Fleet fleet(loop, flags);
  fleet.start_some();
  fleet.tick();
  std::thread input([&] {
    for (std::string line; std::getline(std::cin, line);)
      loop.post([&fleet, line] { fleet.obey(line); });
    loop.stop();
  });
  loop.run();
  input.join();
  return 0;
}

}  // namespace
}  // namespace tyto::bench

int main(int argc, char** argv) {
  tyto::bench::Flags flags;
  for (int i = 1; i + 1 < argc; i += 2) flags[argv[i]] = argv[i + 1];
  if (argc % 2 == 0 || !flags.contains("--trackers") ||
      tyto::bench::trackers_of(flags["--trackers"]) == nullptr) {
    std::fprintf(stderr, "usage: light_peers --trackers HOST:PORT[,HOST:PORT] --peers N ...\n");
    return 2;
  }
  return tyto::bench::run(flags);
}
