#include "schema/codec/cluster_codec.h"
#include "tests/fuzz/message_fuzz.h"

namespace tyto::fuzz {
// Estimates are never too small: what they let pass can be sent on.
inline bool fits_batch(const ClusterBatch& batch) {
  std::size_t bytes = 0;
  for (const ClusterMessage& message : batch.messages) bytes += cluster_bytes_estimate(message);
  return bytes <= kClusterBatchBytesMax;
}
}  // namespace tyto::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tyto;
  fuzz::decode<TrackerIntroduced>(data, size);
  Result<ClusterBatch> batch = from_bytes<ClusterBatch>(std::as_bytes(std::span(data, size)));
  if (!batch) {
    TYTO_ASSERT(!batch.error().message.empty());
  } else if (fuzz::fits_batch(*batch)) {
    Result<ClusterBatch> again = from_bytes<ClusterBatch>(to_bytes(*batch));
    TYTO_ASSERT(again.ok());
    TYTO_ASSERT(*again == *batch);
  }
  return 0;
}
