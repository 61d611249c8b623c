#include "tracker/core/state.h"

#include <algorithm>

namespace tyto::tracker {

void State::notice(NoticeKind kind, PeerIndex about, PeerIndex reporter, std::string subject,
                   uint32_t chunk, std::string detail) {
  Notice entry;
  entry.kind = kind;
  if (about != kNoPeer) entry.peer = fleet.peer(about).id;
  if (reporter != kNoPeer) entry.reporter = fleet.peer(reporter).id;
  entry.subject = std::move(subject);
  entry.chunk = chunk;
  entry.detail = std::move(detail);
  emit(std::move(entry));
}

std::string State::subject_of(VersionIndex version) const {
  const VersionRow& row = versions[version];
  if (!row.facts) return "version " + row.id.short_hex();
  return row.facts->bucket_name + "/" + row.facts->key + " (version " + row.id.short_hex() + ")";
}

const BucketConfig* State::bucket(const std::string& name) const {
  auto index = buckets.find(name);
  return index ? &buckets[*index].config : nullptr;
}

void State::set_facts(VersionIndex version, VersionFactsRef facts) {
  VersionRow& row = versions[version];
  BucketIndex bucket = buckets.find(facts->bucket_name).value_or(kNoBucket);
  rebook(*this, version, row.bucket, bucket);
  row.bucket = bucket;
  row.facts = std::move(facts);
  note_copies(*this, version);
}

void State::stage(SessionIndex session, Command command) {
  sessions[session].staged.push_back(std::move(command));
  touch(session);
}

void State::touch(SessionIndex session) {
  if (sessions[session].is_touched) return;
  sessions[session].is_touched = true;
  touched_sessions.push_back(session);
}

void State::mark_dirty(ReaderIndex reader) {
  if (readers[reader].is_dirty) return;
  readers[reader].is_dirty = true;
  work.push(versions[readers[reader].version].bucket, reader);
}

void State::mark_dirty(VersionIndex version) {
  VersionRow& row = versions[version];
  if (row.is_dirty || row.readers == 0) return;
  row.is_dirty = true;
  if (auto since = overdue.since(version))
    work.push_overdue(row.bucket, version, *since);
  else
    work.push(row.bucket, version);
}

void State::push_lot(LotIndex index) {
  const Lot& lot = parking[index];
  Instant since = lot.first == kNoReader ? now : readers[lot.first].served_at;
  work.push(versions[lot.version].bucket, index, since);
}

std::optional<Worklist::Item> State::next_work() {
  while (auto lot = parking.take_woken()) push_lot(*lot);
  return work.pop();
}

void State::recheck(VersionIndex version, Instant due) {
  VersionRow& row = versions[version];
  if (row.recheck_at <= due) return;
  row.recheck_at = due;
  timers.set({due, TimerKind::kVersion, version.value()});
}

void State::describe(SessionIndex session, VersionIndex version) {
  auto& described = sessions[session].described;
  auto it = std::lower_bound(described.begin(), described.end(), version.value());
  if (it != described.end() && *it == version.value()) return;
  described.insert(it, version.value());
  TYTO_ASSERT(versions[version].facts != nullptr);
  stage(session, Describe{versions[version].facts});
}

}  // namespace tyto::tracker
