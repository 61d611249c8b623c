// The books of bytes: of what one peer lends, by medium and by bucket, and of all peers together.
#pragma once

#include "tracker/core/state.h"

namespace tyto::tracker {

// Enters what changes in all of them, so that they agree.
//
// Ownership: borrows the state; for use at once.
class Books {
 public:
  Books(State& state, Session& session) : state_(state), session_(session) {}
  void use(BucketIndex bucket, uint64_t bytes, Medium medium);
  void free(BucketIndex bucket, uint64_t bytes, Medium medium);
  void begin_evicting(BucketIndex bucket, uint64_t bytes, Medium medium);
  void end_evicting(BucketIndex bucket, uint64_t bytes, Medium medium);
  // The session ends: nothing of its store counts any more.
  void close();

 private:
  uint64_t& used(Medium medium);
  uint64_t& evicting(Medium medium);
  void enter_list(BucketIndex bucket);
  void leave_list(BucketIndex bucket, uint32_t place);

  State& state_;
  Session& session_;
};

}  // namespace tyto::tracker
