#include <intel-ipsec-mb.h>

#include <algorithm>
#include <cstring>

#include "base/assert.h"
#include "io/hash/sha256.h"

namespace tyto::io {
namespace {

std::span<const std::byte> block_at(std::span<const std::byte> bytes, std::size_t index) {
  std::size_t begin = index * kBlockBytes;
  return bytes.subspan(begin, std::min<std::size_t>(kBlockBytes, bytes.size() - begin));
}

// A thread's job manager of libipsec-mb: it works on several independent blocks at once, in the
// lanes of the widest vectors that the processor has.
class LaneHasher {
 public:
  LaneHasher() : manager_(alloc_mb_mgr(0)) {
    if (manager_ == nullptr) return;
    IMB_ARCH arch = IMB_ARCH_NONE;
    init_mb_mgr_auto(manager_, &arch);
    is_usable_ = imb_get_errno(manager_) == 0 && arch != IMB_ARCH_NONE && arch != IMB_ARCH_NOAESNI;
  }
  ~LaneHasher() {
    if (manager_ != nullptr) free_mb_mgr(manager_);
  }
  LaneHasher(const LaneHasher&) = delete;
  LaneHasher& operator=(const LaneHasher&) = delete;

  // False, with `out` unspecified, if the library could not do it.
  bool hash(std::span<const std::byte> bytes, std::span<Digest> out) {
    if (!is_usable_) return false;
    std::size_t done = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      fill(IMB_GET_NEXT_JOB(manager_), block_at(bytes, i), out[i]);
      done += is_done(IMB_SUBMIT_JOB(manager_));
    }
    while (IMB_JOB* job = IMB_FLUSH_JOB(manager_)) done += is_done(job);
    return done == out.size();
  }

 private:
  static void fill(IMB_JOB* job, std::span<const std::byte> block, Digest& out) {
    std::memset(job, 0, sizeof *job);
    job->src = reinterpret_cast<const uint8_t*>(block.data());
    job->msg_len_to_hash_in_bytes = block.size();
    job->auth_tag_output = out.bytes.data();
    job->auth_tag_output_len_in_bytes = Digest::kSize;
    job->hash_alg = IMB_AUTH_SHA_256;
    job->cipher_mode = IMB_CIPHER_NULL;
    job->cipher_direction = IMB_DIR_ENCRYPT;
    job->chain_order = IMB_ORDER_HASH_CIPHER;
  }
  static std::size_t is_done(const IMB_JOB* job) {
    return job != nullptr && job->status == IMB_STATUS_COMPLETED ? 1 : 0;
  }

  IMB_MGR* manager_;
  bool is_usable_ = false;
};

}  // namespace

void hash_blocks(std::span<const std::byte> bytes, std::span<Digest> out, BlockHasher hasher) {
  TYTO_ASSERT(out.size() == block_count(bytes.size()));
  if (hasher == BlockHasher::kBest && out.size() > 1) {
    thread_local LaneHasher lanes;
    if (lanes.hash(bytes, out)) return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = sha256(block_at(bytes, i));
}

}  // namespace tyto::io
