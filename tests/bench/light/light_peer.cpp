#include "light_peer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "base/limits.h"
#include "io/loop/kj_loop.h"

namespace tyto::bench {
namespace {

constexpr Duration kLate = Duration::milliseconds(20);
constexpr int kTurnsWhenLate = 4;
constexpr uint32_t kSmallBytes = 64 * kKiB;
constexpr uint32_t kBulkChunkBytes = 4 * kMiB;
constexpr uint64_t kBulkBytes = 16 * uint64_t{kBulkChunkBytes};
constexpr uint64_t kStoreBytes = 512 * uint64_t{kMiB};
constexpr uint64_t kSuperStoreBytes = 256 * kGiB;

Digest digest_of(uint64_t a, uint64_t b) {
  Digest digest;
  const uint64_t words[] = {mix64(a), mix64(b), mix64(a ^ mix64(b)), 1};
  std::memcpy(digest.bytes.data(), words, sizeof words);
  return digest;
}

uint64_t number_of(const std::string& text) {
  uint64_t number = 1;
  for (char c : text) number = mix64(number ^ static_cast<uint8_t>(c));
  return number;
}

// The content is made up, and the same for all.
Digest root_of(const VersionFacts& facts, ChunkIndex chunk) {
  return digest_of(number_of(facts.key), uint64_t{chunk.value()} + 1);
}

// What the origin would say; large objects have keys that begin with a b.
VersionFacts facts_of(const Resolve& resolve) {
  VersionFacts facts;
  facts.id.digest = digest_of(number_of(resolve.bucket_name), number_of(resolve.key));
  facts.bucket = resolve.bucket;
  facts.bucket_name = resolve.bucket_name;
  facts.key = resolve.key;
  facts.chunking = resolve.key.starts_with('b') ? Chunking{kBulkBytes, kBulkChunkBytes}
                                                : Chunking{kSmallBytes, kSmallBytes};
  facts.origin.url = resolve.url;
  facts.origin.etag = "\"1\"";
  return facts;
}

}  // namespace

LightPeer::LightPeer(io::Loop& loop, const LightTerms& terms, LightCounts& counts, uint64_t number,
                     Location location)
    : loop_(loop),
      terms_(terms),
      counts_(counts),
      number_(number),
      location_(std::move(location)),
      rng_(number),
      core_(terms.policy, number),
      link_(loop, link_handlers()),
      timer_(loop) {}

void LightPeer::start() {
  dispatch(peer::StoreLoaded{{}, {}, location_, terms_.trackers});
}

void LightPeer::read(Reading what) {
  reading_ = what;
  if (what == Reading::kNothing) {
    open_at_ = Instant::never();
  } else if (!is_open_) {
    const auto span = static_cast<uint64_t>(terms_.pause.ns());
    open_at_ = loop_.now() + Duration::nanoseconds(static_cast<int64_t>(rng_.next64() % span));
  }
  arm();
}

peer::ControlLinkHandlers LightPeer::link_handlers() {
  peer::ControlLinkHandlers on;
  on.registered = [this](const RegisterReply& reply) {
    ++counts_.registered;
    dispatch(peer::Registered{reply});
  };
  on.redirected = [this](const RegisterMoved& moved) {
    ++counts_.redirected;
    dispatch(peer::RegisterRedirected{moved});
  };
  on.register_failed = [this](const Refusal& refusal) {
    if (refusal.error.code == ErrorCode::kOverloaded) ++counts_.register_refused;
    dispatch(peer::RegisterFailed{refusal.error, refusal.retry_after});
  };
  on.refused = [this](const Refusal& refusal) {
    --open_exchanges_;
    note_refused(refusal);
    dispatch(peer::ExchangeRefused{refusal.error, refusal.retry_after});
  };
  on.disconnected = [this](const Error& error) { dispatch(peer::Disconnected{error}); };
  on.answered = [this](ExchangeDown down) {
    --open_exchanges_;
    note_answered(down);
    dispatch(peer::ExchangeAnswered{std::move(down)});
  };
  on.inventory_sent = [this] { dispatch(peer::InventorySent{}); };
  return on;
}

void LightPeer::note_answered(const ExchangeDown& down) {
  for (; !sent_.empty() && sent_.front().last <= down.events_applied.value(); sent_.pop_front()) {
    const Sent& one = sent_.front();
    counts_.classes[static_cast<std::size_t>(one.kind)].answered.add(loop_.now() - one.at);
  }
}

// An answer does not say to which exchange it is: a refusal is to the last one, since what is
// parked was taken.
void LightPeer::note_refused(const Refusal& refusal) {
  auto& kind = counts_.classes[static_cast<std::size_t>(last_sent_)];
  ++kind.refused;
  kind.told.add(refusal.retry_after);
  const bool had_news =
      last_sent_ != tracker::ExchangeClass::kIdle && last_sent_ != tracker::ExchangeClass::kProbe;
  if (had_news && !sent_.empty()) sent_.pop_back();
}

void LightPeer::dispatch(peer::Input input) {
  inputs_.push_back(std::move(input));
  if (is_dispatching_) return;
  is_dispatching_ = true;
  while (!inputs_.empty()) {
    peer::Input next = std::move(inputs_.front());
    inputs_.pop_front();
    peer::Effects effects;
    core_.handle(loop_.now(), std::move(next), effects);
    for (peer::Effect& effect : effects)
      std::visit([this](auto& order) { carry_out(order); }, effect);
  }
  is_dispatching_ = false;
  arm();
}

// This process may be late for thousands of peers at once, as no real peer is: what has come for
// one is looked at before that one hears how late it is.
void LightPeer::wake(int turns) {
  const bool is_late = loop_.now() - timer_due_ > kLate;
  is_waking_ = is_late && (turns < kTurnsWhenLate || io::has_kj_events(loop_));
  if (!is_waking_) return work();
  loop_.post([this, turns] { wake(turns + 1); });
}

void LightPeer::arm() {
  if (is_waking_) return;
  Instant due = std::min(core_.next_deadline(), open_at_);
  for (const Due& transfer : due_) due = std::min(due, transfer.at);
  if (due == timer_due_ && timer_.is_armed()) return;
  timer_due_ = due;
  timer_.start_at(due, [this] { wake(0); });
}

void LightPeer::work() {
  const Instant now = loop_.now();
  std::vector<peer::Input> done;
  for (const Due& one : due_) {
    if (one.at > now) continue;
    peer::TransferDone end{one.order.transfer, {}, true, 0};
    const VersionFacts& facts = *one.order.facts;
    end.root = one.order.root ? *one.order.root : root_of(facts, one.order.chunk);
    end.bytes = facts.chunking.chunk_bytes;
    done.emplace_back(std::move(end));
  }
  std::erase_if(due_, [&](const Due& one) { return one.at <= now; });
  for (peer::Input& end : done) dispatch(std::move(end));
  if (open_at_ <= now) open_next();
  dispatch(peer::TimePassed{});
}

void LightPeer::open_next() {
  open_at_ = Instant::never();
  const bool is_bulk = reading_ == Reading::kBulk;
  OpenRequested request;
  open_ = OpenId(open_.value() + 1);
  request.open = open_;
  request.bucket = "b";
  request.key = (is_bulk ? "b" : "s") + std::to_string(rng_.below(terms_.objects));
  if (reading_ == Reading::kPrefetch) request.priority = Priority::kPrefetch;
  is_open_ = true;
  opened_ = loop_.now();
  facts_ = nullptr;
  dispatch(peer::OpenAsked{std::move(request)});
}

void LightPeer::end_open() {
  is_open_ = false;
  facts_ = nullptr;
  dispatch(peer::CloseAsked{open_});
  if (reading_ == Reading::kNothing) return;
  const auto span = static_cast<uint64_t>(terms_.pause.ns());
  open_at_ = loop_.now() + terms_.pause / 2 +
             Duration::nanoseconds(static_cast<int64_t>(rng_.next64() % span));
}

void LightPeer::carry_out(peer::ConnectTracker& order) {
  RegisterRequest request;
  request.peer = PeerId(mix64(number_) | 1);
  request.role = terms_.policy->role;
  request.name = "light-" + std::to_string(number_);
  request.location = location_;
  request.data_address = {"", 9};
  request.store_bytes = request.role == Role::kSuperpeer ? kSuperStoreBytes : kStoreBytes;
  request.resume_session = order.resume_session;
  request.resume_epoch = order.resume_epoch;
  request.has_inventory = order.has_inventory;
  request.avoids = order.avoids;
  request.moves = order.moves;
  sent_.clear();
  open_exchanges_ = 0;
  link_.connect({order.tracker.host, order.tracker.port}, std::move(request));
}

void LightPeer::carry_out(peer::FindTrackers&) {
  dispatch(peer::TrackersFound{terms_.trackers, {}});
}

void LightPeer::carry_out(peer::SendExchange& order) {
  const auto parked = open_exchanges_ > 0 ? tracker::Parked::kOne : tracker::Parked::kNothing;
  last_sent_ = tracker::class_of(order.up, terms_.policy->role, parked);
  ++open_exchanges_;
  ++counts_.classes[static_cast<std::size_t>(last_sent_)].sent;
  if (!order.up.events.empty())
    sent_.push_back(
        {last_sent_, order.up.first_event.value() + order.up.events.size() - 1, loop_.now()});
  link_.send_exchange(order.up);
}

void LightPeer::carry_out(peer::StartTransfer& order) {
  const bool is_bulk = order.facts->chunking.chunk_bytes > kSmallBytes;
  if (order.source.kind == SourceKind::kOrigin) ++counts_.origin_reads;
  due_.push_back({loop_.now() + (is_bulk ? terms_.took * 5 : terms_.took), std::move(order)});
}

void LightPeer::carry_out(peer::CancelTransfer& order) {
  std::erase_if(due_, [&](const Due& one) { return one.order.transfer == order.transfer; });
}

void LightPeer::carry_out(peer::DropChunks& order) {
  dispatch(peer::ChunksLost{order.version, order.first, order.count});
}

void LightPeer::carry_out(peer::ResolveName& order) {
  dispatch(peer::ResolveDone{order.resolve.resolve, facts_of(order.resolve), {}});
}

void LightPeer::carry_out(peer::OpenSucceeded& order) {
  if (!is_open_ || order.open != open_) return;
  facts_ = order.facts;
  peer::ChunkReady ready;
  carry_out(ready);
}

void LightPeer::carry_out(peer::OpenFailed& order) {
  if (!is_open_ || order.open != open_) return;
  ++counts_.opens_failed;
  end_open();
}

// Whole, once the core holds all of it.
void LightPeer::carry_out(peer::ChunkReady&) {
  if (!is_open_ || facts_ == nullptr) return;
  for (uint32_t i = 0; i < facts_->chunking.chunk_count(); ++i)
    if (!core_.holds({facts_->id, ChunkIndex(i)})) return;
  ++counts_.opens_done;
  counts_.open_took.add(loop_.now() - opened_);
  end_open();
}

void LightPeer::carry_out(peer::OpenWaits& order) {
  ++counts_.waits[static_cast<std::size_t>(order.wait.what)];
}

void LightPeer::carry_out(peer::TrackerStateChanged& order) {
  const Instant now = loop_.now();
  const bool is_connected = order.state == peer::TrackerState::kConnected;
  if (is_connected == is_connected_) return;
  is_connected_ = is_connected;
  if (!is_connected) {
    --counts_.connected;
    lost_ = now;
    was_waiting_ = is_open_;
    return;
  }
  ++counts_.connected;
  if (lost_.is_never()) return;
  (was_waiting_ ? counts_.lost_waiting : counts_.lost_idle).add(now - lost_);
  lost_ = Instant::never();
}

}  // namespace tyto::bench
