// The books of bytes by bucket: of one peer's store, and of all stores together.
#pragma once

#include "tracker/core/state.h"

namespace tyto::tracker {

// Enters what changes in both, so that they agree.
//
// Ownership: borrows the state; for use at once.
class Books {
 public:
  Books(State& state, Session& session) : state_(state), session_(session) {}
  void use(BucketIndex bucket, uint64_t bytes);
  void free(BucketIndex bucket, uint64_t bytes);
  void begin_evicting(BucketIndex bucket, uint64_t bytes);
  void end_evicting(BucketIndex bucket, uint64_t bytes);
  // The session ends: nothing of its store counts any more.
  void close();

 private:
  void enter_list(BucketIndex bucket);
  void leave_list(BucketIndex bucket, uint32_t place);

  State& state_;
  Session& session_;
};

}  // namespace tyto::tracker
