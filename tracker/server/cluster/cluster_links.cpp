#include "tracker/server/cluster/cluster_links.h"

#include <kj/async.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/rng.h"
#include "io/log/log.h"
#include "io/loop/kj_loop.h"
#include "io/loop/loop.h"
#include "io/loop/timer.h"
#include "io/rpc/rpc_client.h"
#include "tracker/server/cluster/member_table.h"
#include "tracker/server/cluster/send_queue.h"

namespace tyto::tracker {

namespace {

constexpr Duration kLook = Duration::milliseconds(100);
constexpr Duration kConnectWithin = Duration::seconds(2);
constexpr Duration kRetryMin = Duration::milliseconds(200);
constexpr Duration kRetryMax = Duration::seconds(3);
// After the other one said that it is the one to connect.
constexpr Duration kAwaitedFor = Duration::seconds(5);

// A link of this process, or an attempt at one; never used twice.
using LinkNumber = uint64_t;

struct Link {
  LinkNumber number = 0;
  MemberId member;      // zero while it is being made
  std::string address;  // where it was connected to, or has come from
  kj::Maybe<wire::MemberLink::Client> remote;
  std::unique_ptr<io::RpcClient> client;  // of links made here
  io::RpcConnectionId connection;         // of links that came
  std::unique_ptr<kj::TaskSet::ErrorHandler> failed;
  std::unique_ptr<kj::TaskSet> tasks;
  SendQueue queue;
  std::size_t deliveries_open = 0;
  Instant heard;
  Instant sent;
  bool is_known_to_core = false;
  std::vector<ClusterMessage> early;  // came before the core heard of the link
};

struct Address {
  io::HostPort where;
  MemberId member;  // as whoever answered said; zero: nobody has
  bool is_self = false;
  LinkNumber attempt = 0;  // under way; 0: none
  Instant next;
  uint32_t failures = 0;
  std::string why = "not reached yet";
};

struct Known {
  TrackerIntroduced introduced;
  LinkNumber link = 0;  // 0: none
  Instant since;
  LinkPicture figures;  // the counts of it
};

}  // namespace

class ClusterLinks::Impl {
 public:
  Impl(io::Loop& loop, io::Log& log, Options options, Hooks hooks)
      : loop_(loop),
        log_(log),
        options_(std::move(options)),
        hooks_(std::move(hooks)),
        table_(options_.self.member, options_.debounce),
        rng_(options_.seed),
        timer_(loop),
        alive_(std::make_shared<Impl*>(this)) {}
  ~Impl() { close(); }

  void start();
  void reach(const std::vector<io::HostPort>& addresses);
  void send(SendToMember effect);
  void close();
  Result<JoinAnswer> join(const io::RpcConnectionInfo& from, const TrackerIntroduced& introduced,
                          wire::MemberLink::Client link);
  void left(io::RpcConnectionId connection);
  Result<void> take(LinkNumber number, ClusterBatch batch, uint64_t bytes);
  // Ends a link, or an attempt at one, soon, outside of KJ's events.
  void fail_later(LinkNumber number, Error why);

  void look();
  void connect(Address& address);
  void introduce(LinkNumber number, capnp::Capability::Client bootstrap);
  void take_answer(LinkNumber number, wire::JoinOutcome::Reader outcome);
  Result<uint32_t> check(const TrackerIntroduced& introduced) const;
  void begin(Link& link, const TrackerIntroduced& introduced);
  void end(LinkNumber number, const Error& why);
  void end_address(Address& address, const Error& why);
  void flush(Link& link);
  void deliver(Link& link, const ClusterBatch& batch);
  void beat(Link& link, Duration late);
  void tell_core_of_members();
  void tell_core_of_link(Link& link);
  Link* find(LinkNumber number);
  Link* link_of(MemberId member);
  Address* address_of(LinkNumber attempt);
  void hurry(const TrackerIntroduced& introduced);
  Link& add_link();
  // Later, outside of KJ's events, unless this has gone by then.
  void later(std::function<void()> action);

  io::Loop& loop_;
  io::Log& log_;
  const Options options_;
  const Hooks hooks_;
  MemberTable table_;
  Rng rng_;
  std::vector<Address> addresses_;
  std::map<LinkNumber, std::unique_ptr<Link>> links_;
  std::map<MemberId, Known> known_;
  LinkNumber last_number_ = 0;
  bool is_closed_ = false;
  Instant look_at_;
  io::Timer timer_;
  std::shared_ptr<Impl*> alive_;
};

namespace {

// Where the other end delivers. Outlives the links: those that have gone refuse.
class MemberLinkServer final : public wire::MemberLink::Server {
 public:
  MemberLinkServer(std::weak_ptr<ClusterLinks::Impl*> links, LinkNumber number)
      : links_(std::move(links)), number_(number) {}

  kj::Promise<void> deliver(DeliverContext context) override {
    auto outcome = context.getResults().initOutcome();
    auto links = links_.lock();
    Result<void> taken = links ? take(**links, context) : Error{ErrorCode::kUnavailable, "gone"};
    if (taken.ok()) {
      outcome.setTaken();
    } else {
      encode(taken.error(), outcome.initRefused());
    }
    return kj::READY_NOW;
  }

 private:
  Result<void> take(ClusterLinks::Impl& links, DeliverContext& context) {
    try {
      auto from = context.getParams().getBatch();
      const uint64_t bytes = from.totalSize().wordCount * sizeof(capnp::word);
      Result<ClusterBatch> batch = decode(from);
      if (batch.ok()) return links.take(number_, std::move(*batch), bytes);
      links.fail_later(number_, batch.error());
      return batch.error();
    } catch (const kj::Exception& exception) {
      Error error{ErrorCode::kInvalidArgument, exception.getDescription().cStr()};
      links.fail_later(number_, error);
      return error;
    }
  }

  const std::weak_ptr<ClusterLinks::Impl*> links_;
  const LinkNumber number_;
};

class EndsLink final : public kj::TaskSet::ErrorHandler {
 public:
  EndsLink(ClusterLinks::Impl& links, LinkNumber number) : links_(links), number_(number) {}
  void taskFailed(kj::Exception&& exception) override {
    links_.fail_later(number_, io::error_from_kj(exception));
  }

 private:
  ClusterLinks::Impl& links_;
  const LinkNumber number_;
};

io::HostPort host_port_of(const Endpoint& endpoint) {
  return {endpoint.host, endpoint.port};
}

}  // namespace

void ClusterLinks::Impl::later(std::function<void()> action) {
  loop_.post([weak = std::weak_ptr(alive_), action = std::move(action)] {
    if (weak.lock()) action();
  });
}

void ClusterLinks::Impl::fail_later(LinkNumber number, Error why) {
  later([this, number, why = std::move(why)] { end(number, why); });
}

Link* ClusterLinks::Impl::find(LinkNumber number) {
  auto it = links_.find(number);
  return it == links_.end() ? nullptr : it->second.get();
}

Link* ClusterLinks::Impl::link_of(MemberId member) {
  auto it = known_.find(member);
  return it == known_.end() ? nullptr : find(it->second.link);
}

Address* ClusterLinks::Impl::address_of(LinkNumber attempt) {
  for (Address& address : addresses_)
    if (attempt != 0 && address.attempt == attempt) return &address;
  return nullptr;
}

Link& ClusterLinks::Impl::add_link() {
  auto link = std::make_unique<Link>();
  link->number = ++last_number_;
  link->failed = std::make_unique<EndsLink>(*this, link->number);
  link->tasks = std::make_unique<kj::TaskSet>(*link->failed);
  link->heard = loop_.now();
  link->sent = loop_.now();
  return *links_.emplace(link->number, std::move(link)).first->second;
}

void ClusterLinks::Impl::start() {
  hooks_.apply(MembersChanged{table_.self().id, table_.members()});
  look_at_ = loop_.now() + kLook;
  timer_.start_at(look_at_, [this] { look(); });
}

void ClusterLinks::Impl::reach(const std::vector<io::HostPort>& addresses) {
  std::erase_if(addresses_, [&](const Address& address) {
    return std::find(addresses.begin(), addresses.end(), address.where) == addresses.end();
  });
  for (const io::HostPort& where : addresses) {
    const bool is_there = std::any_of(addresses_.begin(), addresses_.end(),
                                      [&](const Address& one) { return one.where == where; });
    if (!is_there && addresses_.size() < kClusterMembersMax) addresses_.push_back({.where = where});
  }
}

// What is due: connections, signs of life, the list of members. This tracker's own lateness is not
// held against the others: what they sent is still to be read then.
void ClusterLinks::Impl::look() {
  if (is_closed_) return;
  const Instant now = loop_.now();
  const Duration late = now > look_at_ ? now - look_at_ : Duration();
  for (Address& address : addresses_) {
    if (address.is_self || address.attempt != 0 || address.next > now) continue;
    if (address.member == MemberId() || link_of(address.member) == nullptr) connect(address);
  }
  std::vector<LinkNumber> numbers;
  for (const auto& [number, link] : links_) numbers.push_back(number);
  for (LinkNumber number : numbers)
    if (Link* link = find(number)) beat(*link, late);
  tell_core_of_members();
  look_at_ = now + kLook;
  timer_.start_at(look_at_, [this] { look(); });
}

void ClusterLinks::Impl::beat(Link& link, Duration late) {
  if (late > kLook) link.heard = link.heard + late;
  const Instant now = loop_.now();
  const bool is_made = link.member != MemberId();
  const Duration silence_max = is_made ? options_.silence_max : kConnectWithin * 2;
  if (link.heard + silence_max <= now)
    return end(link.number, {ErrorCode::kTimedOut,
                             "nothing has come for " + std::to_string(silence_max.ms()) + " ms"});
  if (is_made && link.sent + options_.beat <= now &&
      link.deliveries_open < kClusterDeliveriesOpenMax)
    deliver(link, {});
}

void ClusterLinks::Impl::connect(Address& address) {
  Link& link = add_link();
  link.address = address.where.text();
  address.attempt = link.number;
  io::RpcClientOptions options;
  options.server = address.where;
  options.connect_within = kConnectWithin;
  io::RpcClientHandlers on;
  const LinkNumber number = link.number;
  on.connected = [this, number](capnp::Capability::Client bootstrap) {
    introduce(number, std::move(bootstrap));
  };
  on.disconnected = [this, number](const Error& error) { fail_later(number, error); };
  link.client = std::make_unique<io::RpcClient>(loop_, std::move(options), std::move(on));
}

void ClusterLinks::Impl::introduce(LinkNumber number, capnp::Capability::Client bootstrap) {
  Link* link = find(number);
  if (link == nullptr) return;
  auto call = bootstrap.castAs<wire::Tracker>().joinMemberRequest();
  encode(options_.self, call.initIntroduced());
  call.setLink(kj::heap<MemberLinkServer>(alive_, number));
  link->tasks->add(
      call.send().then([this, number](capnp::Response<wire::Tracker::JoinMemberResults>&& answer) {
        take_answer(number, answer.getOutcome());
      }));
}

void ClusterLinks::Impl::take_answer(LinkNumber number, wire::JoinOutcome::Reader outcome) {
  Link* link = find(number);
  Address* address = address_of(number);
  if (link == nullptr || address == nullptr) return;
  if (outcome.isRefused()) return fail_later(number, decode_error(outcome.getRefused()));
  const bool is_accepted = outcome.isAccepted();
  if (!is_accepted && !outcome.isAwaited())
    return fail_later(number, {ErrorCode::kUnsupported, "an answer of an unknown kind"});
  Result<TrackerIntroduced> other =
      decode(is_accepted ? outcome.getAccepted().getIntroduced() : outcome.getAwaited());
  if (!other.ok()) return fail_later(number, other.error());
  address->member = other->member.id;
  if (other->member.id == table_.self().id && other->member.epoch == table_.self().epoch) {
    address->is_self = true;
    return fail_later(number, {ErrorCode::kConflict, "this is the tracker itself"});
  }
  if (auto version = check(*other); !version.ok()) return fail_later(number, version.error());
  if (!is_accepted) {
    address->next = loop_.now() + kAwaitedFor;
    return fail_later(number, {ErrorCode::kConflict, "it is the other one that connects"});
  }
  link->remote = outcome.getAccepted().getLink();
  later([this, number, introduced = std::move(*other)] {
    if (Link* made = find(number)) begin(*made, introduced);
  });
}

Result<uint32_t> ClusterLinks::Impl::check(const TrackerIntroduced& introduced) const {
  if (introduced.member.id == table_.self().id)
    return Error{ErrorCode::kConflict,
                 "two trackers have the id '" + options_.self.name +
                     "': give each a cluster.id of its own (the other one is at " +
                     introduced.member.rpc.text() + ")"};
  if (known_.size() >= kClusterMembersMax && !known_.contains(introduced.member.id))
    return Error{ErrorCode::kOverloaded,
                 "a cluster has at most " + std::to_string(kClusterMembersMax) + " trackers"};
  return cluster_version_of_link(options_.self.cluster_version, introduced);
}

Result<JoinAnswer> ClusterLinks::Impl::join(const io::RpcConnectionInfo& from,
                                            const TrackerIntroduced& introduced,
                                            wire::MemberLink::Client remote) {
  if (is_closed_) return Error{ErrorCode::kUnavailable, "this tracker is shutting down"};
  const Member& self = table_.self();
  if (introduced.member.id == self.id && introduced.member.epoch == self.epoch)
    return JoinAnswer{options_.self, nullptr};
  if (auto version = check(introduced); !version.ok()) {
    log_.warning("a tracker was refused", {{"from", from.peer.text()}, {"error", version.error()}});
    return version.error();
  }
  if (introduced.member.id > self.id) {
    later([this, introduced] { hurry(introduced); });
    return JoinAnswer{options_.self, nullptr};
  }
  Link& link = add_link();
  link.connection = from.id;
  link.address = from.peer.text();
  link.remote = kj::mv(remote);
  const LinkNumber number = link.number;
  later([this, number, introduced] {
    if (Link* made = find(number)) begin(*made, introduced);
  });
  return JoinAnswer{options_.self,
                    wire::MemberLink::Client(kj::heap<MemberLinkServer>(alive_, number))};
}

// It is this tracker that connects to that one; a link to a former run of it is of no use.
void ClusterLinks::Impl::hurry(const TrackerIntroduced& introduced) {
  if (Link* former = link_of(introduced.member.id)) {
    if (known_.at(introduced.member.id).introduced.member.epoch == introduced.member.epoch) return;
    end(former->number, {ErrorCode::kUnavailable, "the other one was started anew"});
  }
  for (Address& address : addresses_) {
    if (address.member != introduced.member.id &&
        address.where != host_port_of(introduced.member.rpc))
      continue;
    address.next = loop_.now();
    return;
  }
  if (addresses_.size() < kClusterMembersMax)
    addresses_.push_back(
        {.where = host_port_of(introduced.member.rpc), .member = introduced.member.id});
}

// The link is made.
void ClusterLinks::Impl::begin(Link& link, const TrackerIntroduced& introduced) {
  if (Link* former = link_of(introduced.member.id); former != nullptr && former != &link)
    end(former->number, {ErrorCode::kUnavailable, "a new link has taken its place"});
  for (Address& address : addresses_)
    if (address.attempt == link.number || address.where == host_port_of(introduced.member.rpc)) {
      address.failures = 0;
      address.member = introduced.member.id;
    }
  link.member = introduced.member.id;
  link.heard = loop_.now();
  Known& known = known_[link.member];
  known.introduced = introduced;
  known.link = link.number;
  known.since = loop_.now();
  known.figures.why_down.clear();
  log_.info("linked to a tracker", {{"tracker", introduced.name},
                                    {"member", introduced.member.id},
                                    {"rpc", introduced.member.rpc.text()},
                                    {"epoch", introduced.member.epoch},
                                    {"program", introduced.program}});
  table_.linked(loop_.now(), introduced.member);
  if (table_.is_member(link.member)) tell_core_of_link(link);
  deliver(link, {});
}

void ClusterLinks::Impl::tell_core_of_members() {
  std::optional<Members> members = table_.poll(loop_.now());
  if (!members) return;
  log_.info("the members of the cluster have changed",
            {{"members", uint64_t{members->members.size()}}, {"serial", members->serial}});
  hooks_.apply(MembersChanged{table_.self().id, *members});
  for (const auto& [number, link] : links_)
    if (link->member != MemberId() && !link->is_known_to_core && table_.is_member(link->member))
      tell_core_of_link(*link);
}

void ClusterLinks::Impl::tell_core_of_link(Link& link) {
  link.is_known_to_core = true;
  const TrackerIntroduced& other = known_.at(link.member).introduced;
  uint32_t version = std::min(options_.self.cluster_version, other.cluster_version);
  hooks_.apply(LinkUp{link.member, other.member.epoch, version});
  if (!link.early.empty()) hooks_.apply(ClusterArrived{link.member, std::exchange(link.early, {})});
}

void ClusterLinks::Impl::end_address(Address& address, const Error& why) {
  address.attempt = 0;
  address.why = why.message;
  if (address.next > loop_.now()) return;
  Duration wait = kRetryMin;
  for (uint32_t i = 0; i < address.failures && wait < kRetryMax; ++i) wait = wait * 2;
  ++address.failures;
  wait = std::min(wait, kRetryMax);
  const auto jitter = static_cast<int64_t>(rng_.next64() % static_cast<uint64_t>(wait.ns()));
  address.next = loop_.now() + wait / 2 + Duration::nanoseconds(jitter / 2);
}

void ClusterLinks::Impl::end(LinkNumber number, const Error& why) {
  auto it = links_.find(number);
  if (it == links_.end()) return;
  std::unique_ptr<Link> link = std::move(it->second);
  links_.erase(it);
  if (Address* address = address_of(number)) end_address(*address, why);
  if (link->connection != io::RpcConnectionId()) hooks_.close(link->connection);
  auto known = known_.find(link->member);
  if (known != known_.end() && known->second.link == number) {
    known->second.link = 0;
    known->second.since = loop_.now();
    known->second.figures.why_down = why.message;
    ++known->second.figures.resets;
    log_.warning("the link to a tracker is lost", {{"tracker", known->second.introduced.name},
                                                   {"member", link->member},
                                                   {"address", link->address},
                                                   {"error", why}});
    if (link->is_known_to_core) hooks_.apply(LinkDown{link->member});
    table_.unlinked(loop_.now(), link->member);
  }
  link->tasks.reset();  // before the client, whose calls they are
}

void ClusterLinks::Impl::left(io::RpcConnectionId connection) {
  for (const auto& [number, link] : links_) {
    if (link->connection != connection) continue;
    return fail_later(number, {ErrorCode::kUnavailable, "the other end has closed the connection"});
  }
}

void ClusterLinks::Impl::send(SendToMember effect) {
  Link* link = link_of(effect.to);
  if (link == nullptr || !link->is_known_to_core) return;
  drop_newer(effect.messages, std::min(options_.self.cluster_version,
                                       known_.at(effect.to).introduced.cluster_version));
  if (effect.messages.empty()) return;
  if (!link->queue.push(std::move(effect.messages)))
    return end(link->number, {ErrorCode::kOverloaded,
                              "it takes messages more slowly than they "
                              "come about; both sides start anew"});
  flush(*link);
}

void ClusterLinks::Impl::flush(Link& link) {
  while (!link.queue.empty() && link.deliveries_open < kClusterDeliveriesOpenMax)
    deliver(link, link.queue.take());
}

void ClusterLinks::Impl::deliver(Link& link, const ClusterBatch& batch) {
  KJ_IF_MAYBE (remote, link.remote) {
    auto call = remote->deliverRequest();
    auto out = call.initBatch();
    encode(batch, out);
    LinkPicture& figures = known_.at(link.member).figures;
    figures.bytes_sent += out.totalSize().wordCount * sizeof(capnp::word);
    figures.messages_sent += batch.messages.size();
    ++figures.batches_sent;
    ++link.deliveries_open;
    link.sent = loop_.now();
    link.tasks->add(call.send().then(
        [this, number = link.number](capnp::Response<wire::MemberLink::DeliverResults>&& answer) {
          Link* sender = find(number);
          if (sender == nullptr) return;
          if (answer.getOutcome().isRefused())
            return fail_later(number, decode_error(answer.getOutcome().getRefused()));
          --sender->deliveries_open;
          sender->heard = loop_.now();
          flush(*sender);
        }));
  }
}

Result<void> ClusterLinks::Impl::take(LinkNumber number, ClusterBatch batch, uint64_t bytes) {
  Link* link = find(number);
  if (link == nullptr) return Error{ErrorCode::kUnavailable, "this link has been given up"};
  link->heard = loop_.now();
  if (auto known = known_.find(link->member); known != known_.end()) {
    known->second.figures.bytes_received += bytes;
    known->second.figures.messages_received += batch.messages.size();
    ++known->second.figures.batches_received;
  }
  if (batch.messages.empty()) return {};
  if (link->is_known_to_core) {
    hooks_.apply(ClusterArrived{link->member, std::move(batch.messages)});
    return {};
  }
  if (link->early.size() > kClusterBacklogMessagesMax)
    return Error{ErrorCode::kOverloaded, "too much was said before this tracker knew the sender"};
  link->early.insert(link->early.end(), std::make_move_iterator(batch.messages.begin()),
                     std::make_move_iterator(batch.messages.end()));
  return {};
}

void ClusterLinks::Impl::close() {
  if (std::exchange(is_closed_, true)) return;
  timer_.cancel();
  while (!links_.empty())
    end(links_.begin()->first, {ErrorCode::kUnavailable, "this tracker is shutting down"});
}

ClusterLinks::ClusterLinks(io::Loop& loop, io::Log& log, Options options, Hooks hooks)
    : impl_(std::make_unique<Impl>(loop, log, std::move(options), std::move(hooks))) {
  impl_->start();
}
ClusterLinks::~ClusterLinks() = default;

void ClusterLinks::reach(const std::vector<io::HostPort>& addresses) {
  impl_->reach(addresses);
}
void ClusterLinks::send(SendToMember effect) {
  impl_->send(std::move(effect));
}
void ClusterLinks::close() {
  impl_->close();
}
Result<JoinAnswer> ClusterLinks::join(const io::RpcConnectionInfo& from,
                                      const TrackerIntroduced& introduced,
                                      wire::MemberLink::Client link) {
  return impl_->join(from, introduced, kj::mv(link));
}
void ClusterLinks::left(io::RpcConnectionId connection) {
  impl_->left(connection);
}
const Members& ClusterLinks::members() const {
  return impl_->table_.members();
}
const TrackerIntroduced& ClusterLinks::self() const {
  return impl_->options_.self;
}

std::vector<LinkPicture> ClusterLinks::links() const {
  std::vector<LinkPicture> pictures;
  for (const auto& [member, known] : impl_->known_) {
    LinkPicture picture = known.figures;
    picture.member = known.introduced.member;
    picture.name = known.introduced.name;
    picture.program = known.introduced.program;
    const Link* link = impl_->find(known.link);
    picture.state = link ? LinkPicture::State::kUp : LinkPicture::State::kDown;
    picture.is_member = impl_->table_.is_member(member);
    picture.since = impl_->loop_.now() - known.since;
    picture.backlog = link ? link->queue.size() : 0;
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

std::vector<AddressPicture> ClusterLinks::unreached() const {
  std::vector<AddressPicture> pictures;
  for (const Address& address : impl_->addresses_)
    if (address.member == MemberId() && !address.is_self)
      pictures.push_back({address.where, address.why});
  return pictures;
}

}  // namespace tyto::tracker
