// Puts TLS in front of a plain server, with a certificate made on the spot.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace tyto::support {

// A self-signed certificate for 127.0.0.1, and its key, as PEM files in `dir`. False if they
// cannot be made.
struct TestCertificate {
  std::string certificate_file;
  std::string key_file;
};
TestCertificate make_certificate(const std::string& dir);

// Listens on 127.0.0.1 and passes each connection's bytes on to `target_port`, on a thread of its
// own, one connection at a time.
class TlsProxy {
 public:
  TlsProxy(const TestCertificate& certificate, uint16_t target_port);
  ~TlsProxy();
  TlsProxy(const TlsProxy&) = delete;
  TlsProxy& operator=(const TlsProxy&) = delete;
  uint16_t port() const { return port_; }

 private:
  void serve(const TestCertificate& certificate);

  const uint16_t target_port_;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> is_stopping_ = false;
  std::thread thread_;
};

}  // namespace tyto::support
