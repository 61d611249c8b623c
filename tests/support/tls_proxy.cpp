#include "tests/support/tls_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/assert.h"

namespace tyto::support {
namespace {

constexpr int kTickMs = 20;  // how soon a stop is noticed

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool wait_readable(int fd, const std::atomic<bool>& is_stopping) {
  while (!is_stopping) {
    pollfd item{fd, POLLIN, 0};
    if (::poll(&item, 1, kTickMs) > 0) return true;
  }
  return false;
}

bool send_all(int fd, const char* data, ssize_t bytes) {
  while (bytes > 0) {
    ssize_t put = ::send(fd, data, static_cast<std::size_t>(bytes), MSG_NOSIGNAL);
    if (put <= 0) return false;
    data += put;
    bytes -= put;
  }
  return true;
}

// Bytes both ways until either side closes.
void relay(SSL* tls, int plain, const std::atomic<bool>& is_stopping) {
  char buffer[16384];
  int secure = SSL_get_fd(tls);
  while (!is_stopping) {
    pollfd items[2] = {{secure, POLLIN, 0}, {plain, POLLIN, 0}};
    if (SSL_pending(tls) == 0 && ::poll(items, 2, kTickMs) <= 0) continue;
    if (SSL_pending(tls) > 0 || items[0].revents != 0) {
      int got = SSL_read(tls, buffer, sizeof buffer);
      if (got <= 0 || !send_all(plain, buffer, got)) return;
    }
    if (items[1].revents != 0) {
      ssize_t got = ::recv(plain, buffer, sizeof buffer, 0);
      if (got <= 0 || SSL_write(tls, buffer, static_cast<int>(got)) <= 0) return;
    }
  }
}

void pass_on(SSL* tls, uint16_t target_port, const std::atomic<bool>& is_stopping) {
  if (SSL_accept(tls) != 1) return;
  int plain = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in target = loopback(target_port);
  if (::connect(plain, reinterpret_cast<sockaddr*>(&target), sizeof target) == 0)
    relay(tls, plain, is_stopping);
  ::close(plain);
  SSL_shutdown(tls);
}

void write_pem(const std::string& path, X509* certificate, EVP_PKEY* key) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  TYTO_ASSERT(file != nullptr);
  int written = certificate != nullptr
                    ? PEM_write_X509(file, certificate)
                    : PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  TYTO_ASSERT(written == 1);
}

void add_extension(X509* certificate, int kind, const char* value) {
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
  TYTO_ASSERT(extension != nullptr);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

TestCertificate make_certificate(const std::string& dir) {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  TYTO_ASSERT(key && certificate);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_set_pubkey(certificate.get(), key.get());
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), NID_subject_alt_name, "IP:127.0.0.1");
  TYTO_ASSERT(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);
  TestCertificate made{dir + "/certificate.pem", dir + "/key.pem"};
  write_pem(made.certificate_file, certificate.get(), nullptr);
  write_pem(made.key_file, nullptr, key.get());
  return made;
}

TlsProxy::TlsProxy(const TestCertificate& certificate, uint16_t target_port)
    : target_port_(target_port), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bool is_listening = ::bind(listener_, generic, length) == 0 && ::listen(listener_, 16) == 0 &&
                      ::getsockname(listener_, generic, &length) == 0;
  TYTO_ASSERT(is_listening);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this, certificate] { serve(certificate); });
}

TlsProxy::~TlsProxy() {
  is_stopping_ = true;
  thread_.join();
  ::close(listener_);
}

void TlsProxy::serve(const TestCertificate& certificate) {
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()),
                                                            SSL_CTX_free);
  SSL_CTX_use_certificate_file(context.get(), certificate.certificate_file.c_str(),
                               SSL_FILETYPE_PEM);
  SSL_CTX_use_PrivateKey_file(context.get(), certificate.key_file.c_str(), SSL_FILETYPE_PEM);
  while (wait_readable(listener_, is_stopping_)) {
    int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    timeval limit{5, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), SSL_free);
    SSL_set_fd(tls.get(), fd);
    pass_on(tls.get(), target_port_, is_stopping_);
    tls.reset();
    ::close(fd);
  }
}

}  // namespace tyto::support
