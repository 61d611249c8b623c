// How long the right to read from an origin lasts: as long as its holder gets on.
#include <algorithm>
#include <utility>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Terms are looked at no more often.
constexpr Duration kLookEvery = Duration::milliseconds(250);
// A term grows twofold with each loss in a row, so often: where the origin is slower than the term
// allows, a read comes to its end all the same.
constexpr int kDoublingsMax = 6;

Instant expiry(const State& state, const OriginRead& read) {
  Duration term = state.policy(read.version).origin.lease_term;
  int losses = std::min<int>(state.versions[read.version].leases_lost, kDoublingsMax);
  return read.progressed + term * (int64_t{1} << losses);
}

// Time in steps of a part of the term.
int64_t step_of(const State& state, const OriginRead& read, Instant when) {
  Duration term = state.policy(read.version).origin.lease_term;
  return when.ns() / std::max<int64_t>(term.ns() / 6, 1);
}

void look_at_terms(State& state, Instant due) {
  if (due >= state.terms_due) return;
  state.terms_due = due;
  state.timers.set({due, TimerKind::kTerms, 0});
}

// What the holder was to read is free to be given to another. What it brings all the same is a copy
// like any other.
void revoke(State& state, ReadIndex index) {
  const OriginRead read = state.origin_reads[index];
  state.versions[read.version].lease_loser = read.holder;
  ++state.counters.leases_lost;
  SessionIndex session = state.fleet.peer(read.holder).session;
  state.notice(NoticeKind::kLeaseLost, read.holder, kNoPeer, state.subject_of(read.version), 0,
               state.fleet.details(read.holder).name + " reported no progress within the term");
  AssignmentId assignment{state.epoch, state.transfers[read.transfer].n};
  state.stage(session, Cancel{assignment});
  finish_transfer(state, read.transfer);
}

}  // namespace

void watch_term(State& state, ReadIndex read) {
  look_at_terms(state, expiry(state, state.origin_reads[read]));
}

void note_origin_progress(State& state, TransferIndex transfer) {
  ReadIndex index = state.origin_reads.find(transfer);
  if (index == kNoRead) return;
  const OriginRead read = state.origin_reads[index];
  SessionIndex session = state.fleet.peer(read.holder).session;
  for (const Download& download : state.sessions[session].downloads) {
    ReadIndex other = state.origin_reads.find(download.transfer);
    if (other == kNoRead || state.origin_reads[other].bucket != read.bucket) continue;
    Instant before = std::exchange(state.origin_reads[other].progressed, state.now);
    bool is_due = step_of(state, read, before) != step_of(state, read, state.now);
    // The directories whose leases these are hear of it now and then.
    if (is_due && download.transfer != transfer) note_cluster_progress(state, download.transfer);
  }
}

void fire_terms_timer(State& state) {
  if (state.terms_due > state.now) return;  // superseded
  state.terms_due = Instant::never();
  Instant next = Instant::never();
  std::vector<ReadIndex> expired;
  for (uint32_t i = 0; i < state.origin_reads.rows(); ++i) {
    ReadIndex index(i);
    if (!state.origin_reads.is_used(index)) continue;
    Instant due = expiry(state, state.origin_reads[index]);
    if (due <= state.now)
      expired.push_back(index);
    else
      next = std::min(next, due);
  }
  std::vector<VersionIndex> struck;  // those lost together are one loss
  for (ReadIndex index : expired) {
    VersionIndex version = state.origin_reads[index].version;
    bool is_first = std::find(struck.begin(), struck.end(), version) == struck.end();
    if (is_first) struck.push_back(version);
    uint8_t& losses = state.versions[version].leases_lost;
    if (is_first && losses < 0xff) ++losses;
    revoke(state, index);
  }
  if (!next.is_never()) look_at_terms(state, std::max(next, state.now + kLookEvery));
}

}  // namespace tyto::tracker
