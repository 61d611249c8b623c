// How users say where trackers are, and what is found by that.
#include "peer/engine/tracker_names.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

namespace tyto::peer {
namespace {

std::vector<std::string> texts(const TrackerListRef& list) {
  std::vector<std::string> all;
  for (const TrackerListed& tracker : *list) all.push_back(tracker.address.text());
  return all;
}

std::vector<std::string> find(const std::string& text) {
  auto names = parse_tracker_names(text);
  EXPECT_TRUE(names.ok()) << names.error().message;
  auto list = find_trackers(*names);
  EXPECT_TRUE(list.ok()) << list.error().message;
  return texts(*list);
}

struct Record {
  uint16_t priority = 0;
  uint16_t weight = 0;
  uint16_t port = 0;
  std::string host;
};

void add16(std::string& out, uint32_t value) {
  out += static_cast<char>(value >> 8);
  out += static_cast<char>(value);
}
std::string wire_name(const std::string& name) {
  std::string out;
  for (std::size_t begin = 0; begin < name.size();) {
    std::size_t end = std::min(name.find('.', begin), name.size());
    out += static_cast<char>(end - begin);
    out += name.substr(begin, end - begin);
    begin = end + 1;
  }
  return out + '\0';
}

// The answer to a query, whose id and question are repeated.
std::string answer_to(const std::string& query, const std::vector<Record>& records) {
  std::string out = query.substr(0, 2);
  add16(out, records.empty() ? 0x8183 : 0x8180);  // no such name, or all is well
  add16(out, 1);
  add16(out, static_cast<uint32_t>(records.size()));
  add16(out, 0);
  add16(out, 0);
  std::size_t end = query.find('\0', 12) + 5;  // the question: a name, a type and a class
  out += query.substr(12, end - 12);
  for (const Record& record : records) {
    std::string host = wire_name(record.host);
    add16(out, 0xc00c);  // the name asked for
    add16(out, 33);      // SRV
    add16(out, 1);
    add16(out, 0);
    add16(out, 60);
    add16(out, static_cast<uint32_t>(6 + host.size()));
    add16(out, record.priority);
    add16(out, record.weight);
    add16(out, record.port);
    out += host;
  }
  return out;
}

// A name server on loopback that answers one query.
class OneAnswer {
 public:
  explicit OneAnswer(std::vector<Record> records) {
    socket_ = ::socket(AF_INET, SOCK_DGRAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    timeval wait{10, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    thread_ = std::thread([this, records = std::move(records)] {
      std::string query(512, '\0');
      sockaddr_in from{};
      socklen_t length = sizeof from;
      ssize_t got = ::recvfrom(socket_, query.data(), query.size(), 0,
                               reinterpret_cast<sockaddr*>(&from), &length);
      if (got < 16) return;
      query.resize(static_cast<std::size_t>(got));
      asked_ = query;
      std::string out = answer_to(query, records);
      ::sendto(socket_, out.data(), out.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    });
  }
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
    ::close(socket_);
  }
  NameServer where() const { return {"127.0.0.1", port_}; }
  bool was_asked_for(const std::string& name) {
    thread_.join();
    return asked_.find(wire_name(name)) != std::string::npos;
  }

 private:
  int socket_ = -1;
  uint16_t port_ = 0;
  std::string asked_;
  std::thread thread_;
};

TEST(TrackerNames, SeveralAreSeparatedByCommas) {
  auto names = parse_tracker_names("a.example:7400,[::1]:7401,srv:example.net");
  ASSERT_TRUE(names.ok()) << names.error().message;
  ASSERT_EQ(names->size(), 3u);
  EXPECT_EQ((*names)[1].host, (io::HostPort{"::1", 7401}));
  EXPECT_EQ((*names)[2].service, "_tyto._tcp.example.net");
}

TEST(TrackerNames, AServiceThatIsNamedInFullIsLookedUpAsItIs) {
  EXPECT_EQ((*parse_tracker_names("srv:_owl._tcp.x"))[0].service, "_owl._tcp.x");
}

TEST(TrackerNames, BadOnesAreRefusedWithTheTextAndWhatIsExpected) {
  for (const char* text : {"", "host", "::1:7400", "a:1,", "srv:", "srv:a b", "a:0", "a:70000"}) {
    auto names = parse_tracker_names(text);
    ASSERT_FALSE(names.ok()) << text;
    EXPECT_EQ(names.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_NE(names.error().message.find("expected"), std::string::npos) << names.error().message;
  }
}

TEST(TrackerNames, AddressesAreTakenAsTheyAreAndOnce) {
  EXPECT_EQ(find("127.0.0.1:7400,[::1]:7400,127.0.0.1:7400,127.0.0.1:7401"),
            (std::vector<std::string>{"127.0.0.1:7400", "[::1]:7400", "127.0.0.1:7401"}));
}

TEST(TrackerNames, EachAddressOfANameIsATracker) {
  std::vector<std::string> found = find("localhost:7400");
  EXPECT_NE(std::find(found.begin(), found.end(), "127.0.0.1:7400"), found.end());
}

TEST(TrackerNames, SrvRecordsNameHostsAndPortsByPriorityAndWeight) {
  OneAnswer server(
      {{20, 1, 7403, "127.0.0.3"}, {10, 1, 7402, "127.0.0.2"}, {10, 9, 7401, "127.0.0.1"}});
  auto found = find_trackers(*parse_tracker_names("srv:example.net"), server.where());
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(texts(*found),
            (std::vector<std::string>{"127.0.0.1:7401", "127.0.0.2:7402", "127.0.0.3:7403"}));
  EXPECT_TRUE(server.was_asked_for("_tyto._tcp.example.net"));
}

TEST(TrackerNames, AServiceThatIsNotThereIsSaidWithTheNameThatWasLookedUp) {
  OneAnswer server({});
  auto found = find_trackers(*parse_tracker_names("srv:example.net"), server.where());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kNotFound);
  EXPECT_NE(found.error().message.find("_tyto._tcp.example.net"), std::string::npos)
      << found.error().message;
}

TEST(TrackerNames, OneNameThatIsFoundIsEnough) {
  OneAnswer server({});
  auto found = find_trackers(*parse_tracker_names("srv:example.net,10.0.0.1:7400"), server.where());
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(texts(*found), std::vector<std::string>{"10.0.0.1:7400"});
}

TEST(TrackerNames, NonsenseFromANameServerIsRefusedOrFoundEmpty) {
  std::string query(12, '\0');
  query += wire_name("a.b") + std::string("\0\x21\0\x01", 4);
  std::string good = answer_to(query, {{1, 1, 7400, "h.example"}});
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    std::string part = good.substr(0, cut);
    auto hosts = read_srv_answer(std::as_bytes(std::span(part)));
    EXPECT_TRUE(!hosts.ok() || hosts->empty()) << cut;
  }
  auto hosts = read_srv_answer(std::as_bytes(std::span(good)));
  ASSERT_TRUE(hosts.ok());
  EXPECT_EQ(*hosts, (std::vector<io::HostPort>{{"h.example", 7400}}));
}

}  // namespace
}  // namespace tyto::peer
