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

// A thread's job manager of libipsec-mb: it works on several independent blocks at once.
//
// With the processor's SHA instructions it takes two at a time, since each of them alone waits for
// its own last result: as fast as 16 at a time in the widest vectors, and that for two blocks
// already, where vectors take for any number of them as long as for 16. Processors without these
// instructions get the widest vectors that they have.
class LaneHasher {
 public:
  LaneHasher() : manager_(alloc_mb_mgr(0)) {
    if (manager_ == nullptr) return;
    init_mb_mgr_sse(manager_);
    if (is_ready() && (manager_->features & IMB_FEATURE_SHANI) != 0) {
      is_usable_ = true;
      return;
    }
    IMB_ARCH arch = IMB_ARCH_NONE;
    init_mb_mgr_auto(manager_, &arch);
    is_usable_ = is_ready() && arch != IMB_ARCH_NONE && arch != IMB_ARCH_NOAESNI;
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
  bool is_ready() const { return imb_get_errno(manager_) == 0; }
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
