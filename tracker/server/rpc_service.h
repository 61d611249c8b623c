// The tracker's side of the control protocol: connections, sessions, exchanges that wait.
#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "io/loop/host_port.h"
#include "io/rpc/rpc_listener.h"
#include "tracker/core/admission/admission.h"
#include "tracker/core/effects.h"
#include "tracker/core/inputs.h"

namespace tyto::io {
class Loop;
}

namespace tyto::tracker {

class MemberDoor;

// Exchanges open at once on one connection; the protocol allows two, the core ends a session that
// opens a third, and this only bounds what a hostile client can pile up in one turn.
inline constexpr std::size_t kExchangesPerConnectionMax = 8;

// Turns calls into inputs of the core, and its effects into their answers.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows the loop and what the hooks capture; destroying it ends every connection, and
//            calls that have come and were not looked at yet are refused without any hook.
// Bounds:    Options::connections_max connections, kExchangesPerConnectionMax calls each.
// Errors:    listen() as io::RpcListener. Broken messages are answered with an Error, end the
//            session they came in, and are told to `malformed`.
class RpcService {
 public:
  struct Options {
    io::HostPort bind;
    std::size_t connections_max = 16384;
  };
  struct Hooks {
    std::function<void(Input input)> apply;
    std::function<RootsPage(const VersionId& version, uint32_t first)> roots;
    // A message or a connection that broke the protocol or a limit.
    std::function<void(const io::HostPort& from, const Error& error)> malformed;
    // An exchange was answered, so long after its arrival.
    std::function<void(Duration took)> answered;
    // Whether these are taken; if not, when to come back.
    std::function<std::optional<Duration>(const RegisterRequest&)> admit_peer;
    std::function<std::optional<Duration>(const ExchangeUp&, Role, Parked)> admit_exchange;
    // Where other trackers that come are taken in; null: there is no cluster.
    std::function<MemberDoor*()> members;
  };
  static Result<std::unique_ptr<RpcService>> listen(io::Loop& loop, const Options& options,
                                                    Hooks hooks);
  ~RpcService();
  RpcService(const RpcService&) = delete;
  RpcService& operator=(const RpcService&) = delete;

  // Carries out the core's effects. Answers to calls that have gone are dropped.
  void carry_out(RegisterAnswered effect);
  void carry_out(RegisterRefused effect);
  void carry_out(RegisterMovedOn effect);
  void carry_out(ExchangeAnswered effect);
  void carry_out(ExchangeRefused effect);

  // Ends one connection.
  void close(io::RpcConnectionId connection);
  // Takes no more connections, answers every exchange that waits with `why`, and from now on all
  // that come.
  void drain(const Error& why);

  io::HostPort bound() const;
  std::size_t connections() const;
  std::size_t exchanges_open() const;
  // Connections that carry a session, by role.
  std::size_t registered(Role role) const;

  class Impl;

 private:
  explicit RpcService(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;  // shared with what connections were handed
};

}  // namespace tyto::tracker
