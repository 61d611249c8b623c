// A peer's connection to its tracker: registration, exchanges, inventories, roots.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "io/loop/host_port.h"
#include "schema/messages/exchange.h"
#include "schema/messages/refusal.h"

namespace tyto::io {
class Loop;
}

namespace tyto::peer {

// What comes from the tracker. Called on the loop, never from within a call into the link, and
// never for a connection that connect() or close() has ended since.
struct ControlLinkHandlers {
  std::function<void(const RegisterReply&)> registered;
  // Another tracker is to serve this peer.
  std::function<void(const RegisterMoved&)> redirected;
  // No connection came about, or the tracker refused.
  std::function<void(const Refusal&)> register_failed;
  // A connection that was registered has ended, or answered nonsense.
  std::function<void(const Error&)> disconnected;
  std::function<void(ExchangeDown)> answered;
  // An exchange was not taken; the session goes on.
  std::function<void(const Refusal&)> refused;
  std::function<void()> inventory_sent;
};

// One connection at a time, and no policy: it does as the core says.
//
// Purity:    shell.
// Threads:   confined to the loop.
// Ownership: the loop must outlive it.
// Bounds:    as many calls as the core asks for (two exchanges, one inventory page at a time).
// Errors:    through the handlers; every answer is validated by the codec.
class ControlLink {
 public:
  ControlLink(io::Loop& loop, ControlLinkHandlers handlers);
  ~ControlLink();
  ControlLink(const ControlLink&) = delete;
  ControlLink& operator=(const ControlLink&) = delete;

  // Connects and registers, in place of what connection there was.
  void connect(const io::HostPort& tracker, RegisterRequest request);
  // Requires for the following: registered; otherwise they do nothing.
  void send_exchange(const ExchangeUp& up);
  void send_inventory(std::vector<InventoryPage> pages);
  // `done` is not called if the connection ends before the answer.
  void fetch_roots(const VersionId& version, uint32_t first,
                   std::function<void(Result<RootsPage>)> done);
  void close();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace tyto::peer
