#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <thread>

#include "tests/io/http/http_world.h"

namespace tyto::io {
namespace {

// A certificate that vouches for itself, for one DNS name.
struct Identity {
  explicit Identity(const std::string& name) : key(EVP_EC_gen("P-256")), certificate(X509_new()) {
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME* subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>("tyto test"), -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    std::string names = "DNS:" + name;
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    X509_sign(certificate, key, EVP_sha256());
    char path[] = "/tmp/tyto-ca-XXXXXX";
    FILE* file = ::fdopen(::mkstemp(path), "w");
    PEM_write_X509(file, certificate);
    ::fclose(file);
    ca_file = path;
  }
  ~Identity() {
    X509_free(certificate);
    EVP_PKEY_free(key);
    ::unlink(ca_file.c_str());
  }
  EVP_PKEY* key;
  X509* certificate;
  std::string ca_file;
};

enum class Farewell { kProper, kTruncated };

// Serves the connections given to it one after the other on a thread: each gets one answer.
class TlsServer {
 public:
  TlsServer(const Identity& identity, std::string answer, Farewell farewell, int connections)
      : context_(SSL_CTX_new(TLS_server_method())),
        listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    SSL_CTX_use_certificate(context_, identity.certificate);
    SSL_CTX_use_PrivateKey(context_, identity.key);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listening_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer = std::move(answer), farewell, connections] {
      for (int i = 0; i < connections; ++i) serve(answer, farewell);
    });
  }
  ~TlsServer() {
    ::shutdown(listening_, SHUT_RDWR);
    thread_.join();
    ::close(listening_);
    SSL_CTX_free(context_);
  }
  std::string url(const std::string& host) const {
    return "https://" + host + ":" + std::to_string(port_) + "/";
  }

 private:
  void serve(const std::string& answer, Farewell farewell) {
    int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    timeval limit{10, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL* ssl = SSL_new(context_);
    SSL_set_fd(ssl, fd);
    char space[4096];
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, space, sizeof space) > 0) {
      SSL_write(ssl, answer.data(), static_cast<int>(answer.size()));
      if (farewell == Farewell::kProper) SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    ::close(fd);
  }

  SSL_CTX* context_;
  int listening_;
  uint16_t port_ = 0;
  std::thread thread_;
};

std::string answer_with(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(Https, ATrustedServerIsReadWhole) {
  Identity identity("localhost");
  std::string body(3'000'000, 't');
  TlsServer server(identity, answer_with(body), Farewell::kProper, 1);
  HttpWorld world({}, {.ca_file = identity.ca_file});
  auto answer = world.fetch({.url = server.url("localhost")});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_TRUE(answer->body == body);
}

TEST(Https, AServerThatNobodyVouchesForIsDenied) {
  Identity identity("localhost");
  TlsServer server(identity, answer_with("secret"), Farewell::kProper, 1);
  HttpWorld world;
  auto answer = world.fetch({.url = server.url("localhost")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kDenied);
  EXPECT_NE(answer.error().message.find("certificate"), std::string::npos);
}

TEST(Https, ACertificateForAnotherNameIsDenied) {
  Identity identity("elsewhere.example");
  TlsServer server(identity, answer_with("secret"), Farewell::kProper, 1);
  HttpWorld world({}, {.ca_file = identity.ca_file});
  auto answer = world.fetch({.url = server.url("localhost")});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kDenied) << answer.error().message;
}

TEST(Https, AnEndWithoutNoticeIsACutUnlessTheLengthWasKnown) {
  Identity identity("localhost");
  HttpWorld world({}, {.ca_file = identity.ca_file});
  {
    TlsServer server(identity, "HTTP/1.1 200 OK\r\n\r\npart", Farewell::kTruncated, 1);
    auto answer = world.fetch({.url = server.url("localhost")});
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, ErrorCode::kUnavailable);
  }
  TlsServer server(identity, "HTTP/1.1 200 OK\r\n\r\nwhole", Farewell::kProper, 1);
  auto answer = world.fetch({.url = server.url("localhost")});
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->body, "whole");
}

TEST(Https, AServerWithoutTlsIsUnavailable) {
  HttpWorld world;
  std::string url = "https://127.0.0.1:" + std::to_string(world.port()) + "/";
  EXPECT_EQ(world.fetch({.url = url}).error().code, ErrorCode::kUnavailable);
}

TEST(Https, ABadCaFileIsNamed) {
  HttpWorld world({}, {.ca_file = "/no/such/file.pem"});
  std::string url = "https://127.0.0.1:" + std::to_string(world.port()) + "/";
  auto answer = world.fetch({.url = url});
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(answer.error().message.find("/no/such/file.pem"), std::string::npos);
}

}  // namespace
}  // namespace tyto::io
