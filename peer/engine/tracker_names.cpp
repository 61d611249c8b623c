#include "peer/engine/tracker_names.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <tuple>

#include "base/limits.h"

namespace tyto::peer {
namespace {

constexpr std::string_view kServicePrefix = "srv:";
constexpr int kAnswerBytesMax = 64 * 1024;

Result<TrackerName> parse_one(std::string_view text) {
  TrackerName name;
  if (!text.starts_with(kServicePrefix)) {
    auto host = io::HostPort::parse(text);
    if (!host.ok())
      return Error{host.error().code,
                   host.error().message + ", or srv:NAME for the SRV records of _tyto._tcp.NAME"};
    if (host->port == 0)
      return Error{ErrorCode::kInvalidArgument,
                   "bad tracker \"" + std::string(text) + "\": expected a port from 1 to 65535"};
    name.host = *host;
    return name;
  }
  name.kind = TrackerName::Kind::kService;
  std::string_view rest = text.substr(kServicePrefix.size());
  bool is_good = !rest.empty() && std::all_of(rest.begin(), rest.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  name.service = rest.starts_with('_') ? std::string(rest) : "_tyto._tcp." + std::string(rest);
  if (!is_good || name.service.size() > kHostBytesMax)
    return Error{ErrorCode::kInvalidArgument,
                 "bad tracker \"" + std::string(text.substr(0, 300)) +
                     "\": expected srv:NAME, NAME being a DNS name, as in srv:example.net"};
  return name;
}

// As numbers, so that each address is a tracker of its own.
Result<std::vector<io::HostPort>> look_up_host(const io::HostPort& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int failure = getaddrinfo(host.host.c_str(), std::to_string(host.port).c_str(), &hints, &found);
  if (failure != 0)
    return Error{failure == EAI_NONAME ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                 "no address of " + host.host + ": " + gai_strerror(failure)};
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  std::vector<io::HostPort> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(at->ai_addr, at->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) == 0)
      addresses.push_back({text.data(), host.port});
  }
  return addresses;
}

std::string resolver_error(int code) {
  switch (code) {
    case HOST_NOT_FOUND: return "there is no such name";
    case NO_DATA: return "the name has no SRV records";
    case TRY_AGAIN: return "no name server answers";
    default: return "the name server failed";
  }
}

Result<std::vector<io::HostPort>> look_up_service(const std::string& service,
                                                  const NameServer& server) {
  struct __res_state state {};
  if (res_ninit(&state) != 0)
    return Error{ErrorCode::kUnavailable, "the system's resolver does not start"};
  std::unique_ptr<struct __res_state, void (*)(struct __res_state*)> owner(&state, res_nclose);
  if (!server.address.empty()) {
    state.nscount = 1;
    state.nsaddr_list[0] = {};
    state.nsaddr_list[0].sin_family = AF_INET;
    state.nsaddr_list[0].sin_port = htons(server.port);
    inet_pton(AF_INET, server.address.c_str(), &state.nsaddr_list[0].sin_addr);
  }
  std::vector<unsigned char> answer(kAnswerBytesMax);
  int size = res_nquery(&state, service.c_str(), ns_c_in, ns_t_srv, answer.data(),
                        static_cast<int>(answer.size()));
  if (size < 0) {
    int code = state.res_h_errno;
    bool is_missing = code == HOST_NOT_FOUND || code == NO_DATA;
    return Error{is_missing ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                 "no SRV records of " + service + ": " + resolver_error(code)};
  }
  auto bytes = std::as_bytes(std::span(answer));
  return read_srv_answer(bytes.first(std::min<std::size_t>(answer.size(), size)));
}

Result<std::vector<io::HostPort>> look_up(const TrackerName& name, const NameServer& server) {
  if (name.kind == TrackerName::Kind::kHost) return look_up_host(name.host);
  auto hosts = look_up_service(name.service, server);
  if (!hosts.ok()) return hosts;
  std::vector<io::HostPort> all;
  Error last;
  for (const io::HostPort& host : *hosts) {
    auto addresses = look_up_host(host);
    if (!addresses.ok()) {
      last = addresses.error();
      continue;
    }
    all.insert(all.end(), addresses->begin(), addresses->end());
  }
  if (all.empty()) return last;
  return all;
}

}  // namespace

std::string TrackerName::text() const {
  return kind == Kind::kHost ? host.text() : std::string(kServicePrefix) + service;
}

Result<std::vector<TrackerName>> parse_tracker_names(std::string_view text) {
  std::vector<TrackerName> names;
  for (std::size_t begin = 0; begin <= text.size();) {
    std::size_t end = std::min(text.find(',', begin), text.size());
    auto name = parse_one(text.substr(begin, end - begin));
    if (!name.ok()) return name.error();
    names.push_back(std::move(*name));
    begin = end + 1;
  }
  return names;
}

Result<std::vector<io::HostPort>> read_srv_answer(std::span<const std::byte> answer) {
  const Error unreadable{ErrorCode::kCorrupt, "the name server's answer can't be read"};
  ns_msg message;
  if (ns_initparse(reinterpret_cast<const unsigned char*>(answer.data()),
                   static_cast<int>(answer.size()), &message) != 0)
    return unreadable;
  using Ranked = std::tuple<uint16_t, int, std::string, uint16_t>;  // priority, weight, host, port
  std::vector<Ranked> ranked;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, i, &record) != 0) return unreadable;
    if (ns_rr_type(record) != ns_t_srv) continue;
    constexpr int kFixedBytes = 6;
    if (ns_rr_rdlen(record) <= kFixedBytes) return unreadable;
    const unsigned char* data = ns_rr_rdata(record);
    std::array<char, NS_MAXDNAME> host{};
    if (dn_expand(ns_msg_base(message), ns_msg_end(message), data + kFixedBytes, host.data(),
                  static_cast<int>(host.size())) < 0)
      return unreadable;
    auto port = static_cast<uint16_t>(ns_get16(data + 4));
    // A host "." says that the service is not there.
    if (port == 0 || host[0] == '\0') continue;
    ranked.emplace_back(static_cast<uint16_t>(ns_get16(data)),
                        -static_cast<int>(ns_get16(data + 2)), host.data(), port);
  }
  std::sort(ranked.begin(), ranked.end());
  std::vector<io::HostPort> hosts;
  for (const auto& [priority, weight, host, port] : ranked) hosts.push_back({host, port});
  return hosts;
}

Result<TrackerListRef> find_trackers(const std::vector<TrackerName>& names,
                                     const NameServer& server) {
  auto list = std::make_shared<TrackerList>();
  Error failed{ErrorCode::kNotFound, ""};
  for (const TrackerName& name : names) {
    auto found = look_up(name, server);
    if (!found.ok() || found->empty()) {
      failed.code = found.ok() ? ErrorCode::kNotFound : found.error().code;
      std::string why = found.ok() ? "it stands for no host" : found.error().message;
      failed.message +=
          (failed.message.empty() ? "" : "; ") + ("tracker " + name.text() + ": " + why);
      continue;
    }
    for (const io::HostPort& at : *found) {
      TrackerListed tracker{MemberId(), {at.host, at.port}, ""};
      bool is_new = std::find(list->begin(), list->end(), tracker) == list->end();
      if (is_new && list->size() < kTrackersListedMax) list->push_back(std::move(tracker));
    }
  }
  if (list->empty()) {
    failed.message += "; expected a name or an address under which trackers are found (--tracker)";
    return failed;
  }
  return TrackerListRef(std::move(list));
}

}  // namespace tyto::peer
