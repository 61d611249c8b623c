#include "rpc_readers.h"

#include <kj/async.h>

#include <deque>
#include <optional>
#include <utility>

#include "base/bitmap.h"
#include "io/loop/kj_loop.h"
#include "io/rpc/rpc_client.h"
#include "schema/codec/codec.h"
#include "schema/peer_tracker_rpc.capnp.h"

namespace tyto::bench {
namespace {

constexpr std::size_t kResultsPerExchange = 2;
constexpr Duration kTook = Duration::milliseconds(21);

}  // namespace

class RpcReaders::Reader {
 public:
  Reader(io::Loop& loop, const io::HostPort& tracker, Shared& shared, uint32_t number,
         const FleetSize& size)
      : shared_(shared), number_(number), size_(size) {
    io::RpcClientHandlers handlers;
    handlers.connected = [this](capnp::Capability::Client bootstrap) {
      register_with(bootstrap.castAs<wire::Tracker>());
    };
    handlers.disconnected = [this](const Error& error) { fail(error.message); };
    client_ = std::make_unique<io::RpcClient>(loop, io::RpcClientOptions{.server = tracker},
                                              std::move(handlers));
  }
  bool is_reading() const { return verified_ > 0; }

 private:
  void fail(const std::string& message) {
    if (shared_.failure.empty()) shared_.failure = message;
  }

  void register_with(wire::Tracker::Client tracker) {
    auto call = tracker.registerPeerRequest();
    // Beside peers of the fleet, each in another rack.
    RegisterRequest request =
        registration_of(number_ * (size_.peers / 1000 + 1) * 40 % size_.peers);
    request.peer = PeerId(mix64(size_.peers + number_) | 1);
    request.location.host = "reader" + std::to_string(number_);
    request.store_bytes = uint64_t{1024} * kGiB;
    encode(request, call.initRequest());
    keep(call.send().then([this](auto&& response) {
      auto outcome = response.getOutcome();
      if (outcome.isRefused()) return fail(decode_error(outcome.getRefused()).message);
      session_ = outcome.getAccepted().getSession();
      open_next();
      send();
    }));
  }

  // A call that runs; of a reader there is one at a time, besides the one that it was started in.
  void keep(kj::Promise<void> promise) {
    former_ = std::move(call_);
    call_ = promise.eagerlyEvaluate(
        [this](kj::Exception&& exception) { fail(io::error_from_kj(exception).message); });
  }

  void open_next() {
    if (opened_ > 0) events_.emplace_back(OpenClosed{OpenId(opened_)});
    if (opened_ == size_.versions) shared_.is_over = true;
    uint32_t version = (number_ * 37 + opened_) % size_.versions;
    ++opened_;
    version_ = facts_of(version);
    brought_ = Bitmap(kChunks);
    OpenRequested open;
    open.open = OpenId(opened_);
    open.bucket = "bench";
    open.key = version_.key;
    events_.emplace_back(std::move(open));
  }

  void send() {
    for (std::size_t i = 0; i < kResultsPerExchange && !doing_.empty(); ++i) {
      const Assign& done = doing_.front();
      ChunkVerified verified;
      verified.assignment = done.assignment;
      verified.chunk = done.chunk;
      verified.source = done.source;
      verified.bytes = static_cast<uint32_t>(version_.chunking.chunk_bytes);
      verified.took = kTook;
      events_.emplace_back(std::move(verified));
      ++verified_;
      if (done.chunk.version == version_.id) brought_.set(done.chunk.index.value());
      doing_.pop_front();
    }
    if (brought_.all()) open_next();
    ExchangeUp up;
    up.first_event = Sequence(next_event_);
    next_event_ += events_.size();
    up.events = std::exchange(events_, {});
    up.commands_applied = Sequence(applied_);
    // As peers do, which have another call open for what they have to tell: who is sent nothing new
    // would else keep its sources' slots for as long as it waits.
    up.park = doing_.empty() ? Duration::seconds(20) : Duration();
    auto call = session_->exchangeRequest();
    encode(up, call.initUp());
    keep(call.send().then([this](auto&& response) { take(response.getOutcome()); }));
  }

  void take(wire::ExchangeOutcome::Reader outcome) {
    if (outcome.isRefused()) return fail(decode_error(outcome.getRefused()).message);
    auto down = decode(outcome.getDown());
    if (!down.ok()) return fail(down.error().message);
    ++shared_.counts.exchanges;
    applied_ += down->commands.size();
    for (Command& command : down->commands) {
      if (auto* order = std::get_if<Assign>(&command)) {
        ++shared_.counts.decisions;
        doing_.push_back(std::move(*order));
      } else if (auto* ended = std::get_if<OpenEnded>(&command)) {
        return fail(ended->error.message);
      }
    }
    send();
  }

  Shared& shared_;
  const uint32_t number_;
  const FleetSize size_;
  std::unique_ptr<io::RpcClient> client_;
  std::optional<wire::Session::Client> session_;
  std::optional<kj::Promise<void>> former_;
  std::optional<kj::Promise<void>> call_;
  VersionFacts version_;
  std::vector<Event> events_;  // for the next exchange
  std::deque<Assign> doing_;
  uint64_t next_event_ = 1;
  uint64_t applied_ = 0;
  uint32_t opened_ = 0;
  Bitmap brought_;  // of the object; a hedge brings a chunk twice
  uint64_t verified_ = 0;
};

RpcReaders::RpcReaders(io::Loop& loop, const io::HostPort& tracker, uint32_t connections,
                       const FleetSize& size)
    : shared_(std::make_unique<Shared>()) {
  for (uint32_t i = 0; i < connections; ++i)
    readers_.push_back(std::make_unique<Reader>(loop, tracker, *shared_, i, size));
}

RpcReaders::~RpcReaders() = default;

bool RpcReaders::are_all_reading() const {
  for (const auto& reader : readers_)
    if (!reader->is_reading()) return false;
  return true;
}

}  // namespace tyto::bench
