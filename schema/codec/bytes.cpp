// Messages as bytes of their own.
#include <capnp/serialize.h>

#include <cstring>

#include "schema/codec/cluster_codec.h"
#include "schema/codec/codec.h"
#include "schema/codec/decoding.h"

namespace tyto {
namespace {

// Twice: once to measure a message, once to read it. And room for what RPC wraps around it.
constexpr uint64_t kTraversalWordsMax = 3 * kInventoryPageBytesMax / sizeof(capnp::word);
constexpr int kNestingMax = 24;

// The wire type that stands for a plain one.
template <class T>
struct WireOf;
template <>
struct WireOf<RegisterRequest> {
  using Type = wire::RegisterRequest;
};
template <>
struct WireOf<RegisterReply> {
  using Type = wire::RegisterReply;
};
template <>
struct WireOf<RegisterMoved> {
  using Type = wire::RegisterMoved;
};
template <>
struct WireOf<ExchangeUp> {
  using Type = wire::ExchangeUp;
};
template <>
struct WireOf<ExchangeDown> {
  using Type = wire::ExchangeDown;
};
template <>
struct WireOf<InventoryPage> {
  using Type = wire::InventoryPage;
};
template <>
struct WireOf<RootsRequest> {
  using Type = wire::RootsRequest;
};
template <>
struct WireOf<RootsPage> {
  using Type = wire::RootsPage;
};
template <>
struct WireOf<TrackerIntroduced> {
  using Type = wire::TrackerIntroduced;
};
template <>
struct WireOf<ClusterBatch> {
  using Type = wire::ClusterBatch;
};

// Batches between trackers are larger than anything that a peer sends.
template <class T>
constexpr uint64_t kWordsMax = kTraversalWordsMax;
template <>
constexpr uint64_t kWordsMax<ClusterBatch> = 3 * kClusterBatchBytesMax / sizeof(capnp::word);

}  // namespace

capnp::ReaderOptions wire_reader_options() {
  return capnp::ReaderOptions{kTraversalWordsMax, kNestingMax};
}

template <class T>
std::vector<std::byte> to_bytes(const T& message) {
  capnp::MallocMessageBuilder builder;
  encode(message, builder.initRoot<typename WireOf<T>::Type>());
  kj::Array<capnp::word> words = capnp::messageToFlatArray(builder);
  auto bytes = words.asBytes();
  std::vector<std::byte> out(bytes.size());
  std::memcpy(out.data(), bytes.begin(), bytes.size());
  return out;
}

template <class T>
Result<T> from_bytes(std::span<const std::byte> bytes) {
  constexpr std::size_t kBytesMax = kWordsMax<T> * sizeof(capnp::word);
  if (bytes.size() > kBytesMax || bytes.size() % sizeof(capnp::word) != 0) {
    return codec::malformed("message", "expected whole words of 8 bytes, at most " +
                                           std::to_string(kBytesMax) + " bytes, found " +
                                           std::to_string(bytes.size()));
  }
  try {
    // A copy, since words have to be aligned.
    auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
    if (!bytes.empty()) std::memcpy(words.begin(), bytes.data(), bytes.size());
    capnp::FlatArrayMessageReader reader(words, capnp::ReaderOptions{kWordsMax<T>, kNestingMax});
    return decode(reader.getRoot<typename WireOf<T>::Type>());
  } catch (...) {
    return codec::malformed("message", codec::current_exception_text());
  }
}

template std::vector<std::byte> to_bytes(const RegisterRequest&);
template std::vector<std::byte> to_bytes(const RegisterReply&);
template std::vector<std::byte> to_bytes(const RegisterMoved&);
template std::vector<std::byte> to_bytes(const ExchangeUp&);
template std::vector<std::byte> to_bytes(const ExchangeDown&);
template std::vector<std::byte> to_bytes(const InventoryPage&);
template std::vector<std::byte> to_bytes(const RootsRequest&);
template std::vector<std::byte> to_bytes(const RootsPage&);
template std::vector<std::byte> to_bytes(const TrackerIntroduced&);
template std::vector<std::byte> to_bytes(const ClusterBatch&);
template Result<RegisterRequest> from_bytes(std::span<const std::byte>);
template Result<RegisterReply> from_bytes(std::span<const std::byte>);
template Result<RegisterMoved> from_bytes(std::span<const std::byte>);
template Result<ExchangeUp> from_bytes(std::span<const std::byte>);
template Result<ExchangeDown> from_bytes(std::span<const std::byte>);
template Result<InventoryPage> from_bytes(std::span<const std::byte>);
template Result<RootsRequest> from_bytes(std::span<const std::byte>);
template Result<RootsPage> from_bytes(std::span<const std::byte>);
template Result<TrackerIntroduced> from_bytes(std::span<const std::byte>);
template Result<ClusterBatch> from_bytes(std::span<const std::byte>);

}  // namespace tyto
