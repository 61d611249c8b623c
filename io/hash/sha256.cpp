#include "io/hash/sha256.h"

#include <openssl/evp.h>

#include "base/assert.h"

namespace tyto::io {

namespace {

const EVP_MD* evp_sha256() {
  // Fetched once: OpenSSL 3 otherwise looks the algorithm up for every digest.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  TYTO_ASSERT(kAlgorithm != nullptr);
  return kAlgorithm;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context new_context() {
  Context context(EVP_MD_CTX_new());
  TYTO_ASSERT(context != nullptr);
  return context;
}

void start(EVP_MD_CTX* context) {
  int ok = EVP_DigestInit_ex2(context, evp_sha256(), nullptr);
  TYTO_ASSERT(ok == 1);
}

void add(EVP_MD_CTX* context, std::span<const std::byte> bytes) {
  int ok = EVP_DigestUpdate(context, bytes.data(), bytes.size());
  TYTO_ASSERT(ok == 1);
}

Digest end(EVP_MD_CTX* context) {
  Digest digest;
  int ok = EVP_DigestFinal_ex(context, digest.bytes.data(), nullptr);
  TYTO_ASSERT(ok == 1);
  return digest;
}

}  // namespace

Digest sha256(std::span<const std::byte> bytes) {
  thread_local const Context context = new_context();
  start(context.get());
  add(context.get(), bytes);
  return end(context.get());
}

Digest sha256(std::string_view bytes) {
  return sha256(std::as_bytes(std::span(bytes.data(), bytes.size())));
}

struct Sha256::State {
  Context context = new_context();
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  start(state_->context.get());
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::span<const std::byte> bytes) {
  add(state_->context.get(), bytes);
}

Digest Sha256::finish() {
  Digest digest = end(state_->context.get());
  start(state_->context.get());
  return digest;
}

}  // namespace tyto::io
