#include "io/loop/host_port.h"

#include <gtest/gtest.h>

namespace tyto::io {
namespace {

TEST(HostPort, ReadsNamesAndBothKindsOfAddress) {
  EXPECT_EQ(*HostPort::parse("tracker.example:7000"), (HostPort{"tracker.example", 7000}));
  EXPECT_EQ(*HostPort::parse("10.0.0.1:0"), (HostPort{"10.0.0.1", 0}));
  EXPECT_EQ(*HostPort::parse("[::1]:65535"), (HostPort{"::1", 65535}));
  EXPECT_EQ(*HostPort::parse(":80"), (HostPort{"0.0.0.0", 80}));
}

TEST(HostPort, WritesWhatItReads) {
  for (const char* text : {"a.b:1", "10.0.0.1:80", "[fe80::1]:443"}) {
    EXPECT_EQ(HostPort::parse(text)->text(), text);
  }
}

TEST(HostPort, RefusesWhatIsNoAddressAndSaysWhatIsExpected) {
  for (const char* text : {"", "host", "host:", "host:65536", "host:-1", "host:8x", "::1:80",
                           "[host]:80", "a b:80", "a/b:80", "[::1]", "[::1:80"}) {
    auto parsed = HostPort::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(parsed.error().message.find("expected host:port"), std::string::npos);
  }
  EXPECT_FALSE(HostPort::parse(std::string(300, 'a') + ":1").ok());
}

}  // namespace
}  // namespace tyto::io
