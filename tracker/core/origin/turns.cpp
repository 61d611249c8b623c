// Whose turn it is to have a bucket's origin read, and when each read has begun and ended.
#include <algorithm>

#include "tracker/core/origin/going_on.h"
#include "tracker/core/origin/runs.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Who comes into a line is told of it by then.
constexpr Duration kFirstTold = Duration::seconds(1);

// Sees to it that the desk is looked at when the budget has room again. If that is up to a read's
// end, that will see to it.
void arm(State& state, BucketIndex bucket, Instant due) {
  OriginDesk& desk = state.origins[bucket];
  if (due <= state.now || due >= desk.timer_at) return;
  desk.timer_at = due;
  state.timers.set({due, TimerKind::kOrigin, bucket.value()});
}

void wait_in_line(State& state, OriginDesk& desk, ReaderIndex index) {
  Reader& reader = state.readers[index];
  if (reader.at_origin.is_in_line) return;
  reader.at_origin.is_in_line = true;
  if (reader.at_origin.has_passed)
    desk.line.enter_in_front(index, reader.priority);
  else
    desk.line.enter(index, reader.priority);
}

// Whether a read may begin, for whoever is first.
bool may_begin(const State& state, BucketIndex bucket) {
  if (state.cluster.is_several() && needs_permits(state, bucket)) return has_permit(state, bucket);
  return state.origins[bucket].budget.may_begin(state.now);
}

Duration blend(Duration usual, Duration latest) {
  return usual == Duration{} ? latest : (usual * 7 + latest) / 8;
}

void read_ahead_later(OriginDesk& desk, VersionIndex version) {
  if (std::find(desk.ahead.begin(), desk.ahead.end(), version) == desk.ahead.end())
    desk.ahead.push_back(version);
}

void serve(State& state, BucketIndex bucket) {
  OriginDesk& desk = state.origins[bucket];
  desk.is_dirty = false;
  desk.budget.set(own_limits(state, bucket));
  while (!desk.line.is_empty() && may_begin(state, bucket)) {
    ReaderIndex first = desk.line.front();
    state.readers[first].at_origin.has_asked = false;
    schedule(state, first);
    if (desk.line.is_empty() || desk.line.front() != first) continue;
    // No superpeer could be sent, or another bucket comes first: it keeps its place.
    if (state.readers[first].at_origin.has_asked || state.readers[first].is_dirty) break;
    leave_origin_line(state, first);
  }
  if (state.cluster.is_several()) settle_permits(state, bucket);
  if (desk.line.is_empty() && desk.budget.may_begin(state.now)) {
    for (VersionIndex version : desk.ahead) state.mark_dirty(version);
    desk.ahead.clear();
  }
  if (desk.line.is_empty() && desk.ahead.empty()) return;
  arm(state, bucket, tell_origin_line(state, bucket));
  arm(state, bucket, desk.budget.free_at());
}

}  // namespace

OriginLimits limits_of(const OriginPolicy& policy) {
  return {policy.reads, policy.requests_per_s, policy.bytes_per_s};
}

bool has_origin_turn(State& state, ReaderIndex index, OriginNeed need) {
  Reader& reader = state.readers[index];
  BucketIndex bucket = state.versions[reader.version].bucket;
  if (bucket == kNoBucket) return true;
  OriginDesk& desk = state.origins[bucket];
  desk.budget.set(own_limits(state, bucket));
  bool is_first = desk.line.is_empty() || desk.line.front() == index;
  if (need == OriginNeed::kAhead) is_first = desk.line.is_empty();
  if (need == OriginNeed::kNow) reader.at_origin.has_asked = true;
  if (is_first && may_begin(state, bucket)) return true;
  if (need == OriginNeed::kAhead)
    read_ahead_later(desk, reader.version);
  else
    wait_in_line(state, desk, index);
  if (state.cluster.is_several()) settle_permits(state, bucket);
  if (!may_begin(state, bucket))
    arm(state, bucket, std::min(desk.budget.free_at(), state.now + kFirstTold));
  else if (need == OriginNeed::kNow)
    mark_origin_dirty(state, bucket);  // others come first
  return false;
}

void assign_origin_read(State& state, ReaderIndex reader, PeerIndex holder, uint32_t chunk,
                        const Found& found) {
  const VersionIndex version = state.readers[reader].version;
  const BucketIndex bucket = state.versions[version].bucket;
  leave_origin_line(state, reader);
  state.readers[reader].at_origin.has_passed = false;
  std::vector<uint32_t> chunks = reserve_run(state, {reader, holder, chunk, found.reason.choice});
  chunks.insert(chunks.begin(), chunk);
  const Chunking& chunking = state.versions[version].chunking;
  uint64_t bytes = 0;
  for (uint32_t c : chunks) bytes += chunking.length_of(ChunkIndex(c));
  PermitId permit;
  if (bucket != kNoBucket) {
    state.origins[bucket].budget.begin(state.now, bytes);
    if (state.cluster.is_several()) permit = use_permit(state, bucket);
  }
  ++state.counters.origin_requests;
  if (!is_for_itself(found.reason.choice)) state.counters.leases += chunks.size() - 1;
  const uint64_t run = state.origin_reads.draw_run();
  Found one = found;
  one.run = static_cast<uint16_t>(chunks.size());
  for (uint32_t c : chunks) {
    TransferIndex transfer = assign(state, holder, version, c, one);
    --one.run;
    OriginRead read{holder, version, bucket, transfer, state.now, false, state.now, run, permit};
    watch_term(state, state.origin_reads.begin(read));
  }
  if (chunks.size() > 1)
    state.versions[version].lease_cursor =
        (chunks.back() + 1) % state.versions[version].chunk_count();
}

void begin_granted_read(State& state, VersionIndex version, PeerIndex holder,
                        const std::vector<uint32_t>& chunks, const Found& found) {
  BucketIndex bucket = state.versions[version].bucket;
  ++state.counters.origin_requests;
  const uint64_t run = state.origin_reads.draw_run();
  Found one = found;
  one.run = static_cast<uint16_t>(chunks.size());
  for (uint32_t c : chunks) {
    const ChunkKey key{version, c};
    TransferIndex transfer = assign(state, holder, version, c, one);
    --one.run;
    state.cluster.duties[transfer] = {state.cluster.wishes.at(key).directory, key, {}, {}};
    OriginRead read{holder, version, bucket, transfer, state.now, true, state.now, run, {}};
    watch_term(state, state.origin_reads.begin(read));
  }
}

void carry_over_read(State& state, ChunkKey key, PeerIndex holder, const Found& found) {
  BucketIndex bucket = state.versions[key.version].bucket;
  bool is_for_all = state.fleet.peer(holder).is_superpeer != 0 ||
                    can_reader_read_for_all(state, key.version, key.chunk);
  bool is_of_directory = state.cluster.is_several() && is_for_all;
  uint64_t bytes = state.versions[key.version].chunking.length_of(ChunkIndex(key.chunk));
  if (bucket != kNoBucket && !is_of_directory)
    count_going_on(state.origins[bucket].budget, state.now, bytes);
  TransferIndex transfer = assign(state, holder, key.version, key.chunk, found);
  OriginRead read{holder, key.version, bucket, transfer, state.now, is_of_directory, state.now};
  read.run = state.origin_reads.draw_run();
  if (!is_of_directory && state.cluster.is_several())
    read.permit = hold_permit(state, key.version, bytes);
  watch_term(state, state.origin_reads.begin(read));
  if (!is_of_directory) return;
  state.cluster.duties[transfer] = {directory_of(state, key.version, key.chunk), key, {}, {}};
  note_cluster_progress(state, transfer);
}

void end_origin_transfer(State& state, TransferIndex transfer) {
  const auto ended = state.origin_reads.end(transfer);
  if (!ended || ended->request == OriginReads::Request::kGoesOn) return;
  const OriginRead& read = ended->read;
  if (read.bucket == kNoBucket || read.is_of_directory) return;
  OriginDesk& desk = state.origins[read.bucket];
  desk.budget.end();
  if (read.permit != PermitId()) end_permit(state, read.bucket, read.permit);
  desk.usual_read = blend(desk.usual_read, state.now - read.began);
  mark_origin_dirty(state, read.bucket);
}

void note_turn(State& state, BucketIndex bucket) {
  OriginDesk& desk = state.origins[bucket];
  if (desk.last_turn != Instant())
    desk.usual_turn = blend(desk.usual_turn, state.now - desk.last_turn);
  desk.last_turn = desk.line.size() > 1 ? state.now : Instant();
}

void mark_origin_dirty(State& state, BucketIndex bucket) {
  OriginDesk& desk = state.origins[bucket];
  bool is_wanted = !desk.line.is_empty() || !desk.ahead.empty();
  if (desk.is_dirty || !is_wanted) return;
  desk.is_dirty = true;
  state.dirty_origins.push_back(bucket);
}

void leave_origin_line(State& state, ReaderIndex index) {
  Reader& reader = state.readers[index];
  if (!reader.at_origin.is_in_line) return;
  reader.at_origin.is_in_line = false;
  state.origins[state.versions[reader.version].bucket].line.leave(index);
}

void pass_origin_turn(State& state, ReaderIndex index) {
  BucketIndex bucket = state.versions[state.readers[index].version].bucket;
  if (bucket == kNoBucket) return;
  leave_origin_line(state, index);
  state.readers[index].at_origin.has_passed = true;
  mark_origin_dirty(state, bucket);
}

void fire_origin_timer(State& state, BucketIndex bucket) {
  OriginDesk& desk = state.origins[bucket];
  if (desk.timer_at > state.now) return;  // superseded
  desk.timer_at = Instant::never();
  mark_origin_dirty(state, bucket);
}

bool serve_origin_lines(State& state) {
  if (state.dirty_origins.empty()) return false;
  std::deque<BucketIndex> dirty = std::move(state.dirty_origins);
  state.dirty_origins.clear();
  for (BucketIndex bucket : dirty) serve(state, bucket);
  return true;
}

}  // namespace tyto::tracker
