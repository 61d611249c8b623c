#include "tracker/core/explain/pictures.h"

#include <algorithm>
#include <array>

#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

constexpr std::size_t kIdDigitsMin = 4;

PeerNamed named(const State& state, PeerId id) {
  PeerNamed peer{.id = id};
  if (id == PeerId(0)) return peer;
  if (PeerIndex index = state.fleet.find(id); index != kNoPeer) {
    peer.name = state.fleet.details(index).name;
    peer.is_superpeer = state.fleet.peer(index).is_superpeer != 0;
  } else if (const Journal::GonePeer* gone = state.journal.gone(id)) {
    peer.name = gone->name;
    peer.is_superpeer = gone->is_superpeer;
  }
  return peer;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// The digits of an id may be of either case, names are as they are.
bool is_called(const State& state, PeerId id, const std::string& wanted) {
  if (id == PeerId(0)) return false;
  std::string digits = hex_digits(id);
  bool is_prefix = wanted.size() >= kIdDigitsMin && wanted.size() <= digits.size() &&
                   std::equal(wanted.begin(), wanted.end(), digits.begin(),
                              [](char asked, char digit) { return lower(asked) == digit; });
  return is_prefix || named(state, id).name == wanted;
}

bool is_registered(const State& state, const std::string& wanted) {
  for (uint32_t p = 0; p < state.fleet.peer_rows(); ++p) {
    const PeerRow& peer = state.fleet.peer(PeerIndex(p));
    if (peer.is_used && !peer.is_gone && is_called(state, peer.id, wanted)) return true;
  }
  return false;
}

bool is_of_object(const State& state, const Record& record, const ObjectName& object) {
  if (record.version.value() != kNone) {
    const VersionFacts* facts = state.versions[record.version].facts.get();
    return facts != nullptr && facts->key == object.key && facts->bucket_name == object.bucket;
  }
  return record.name != kNone && state.names[NameIndex(record.name)].name == object;
}

// Whether it is of what is asked for, however old.
bool is_about(const State& state, const Record& record, const RecordFilter& filter) {
  if (filter.object && !is_of_object(state, record, *filter.object)) return false;
  bool is_of_one = record.chunk != kNone;
  if (filter.chunk && is_of_one && record.kind != RecordKind::kWaited &&
      (*filter.chunk < record.chunk || *filter.chunk - record.chunk >= record.count))
    return false;
  if (filter.peer.empty() || is_called(state, record.peer, filter.peer)) return true;
  bool is_of_origin = record.kind == RecordKind::kLeased || record.kind == RecordKind::kDelivered ||
                      record.kind == RecordKind::kAssignmentFailed;
  return record.is_superpeer != 0 && is_of_origin && record.source == PeerId(0) && is_of_one;
}

bool is_selected(const State& state, const Record& record, const RecordFilter& filter) {
  return record.when >= filter.since && is_about(state, record, filter);
}

// What the record says of who and what is asked for, selected or not.
void note_known(const State& state, const Record& record, const RecordFilter& filter,
                RecordsSeen& seen) {
  if (!filter.peer.empty() && !seen.is_peer_known)
    seen.is_peer_known = is_called(state, record.peer, filter.peer);
  if (filter.object && record.version.value() != kNone &&
      is_of_object(state, record, *filter.object))
    seen.chunks = std::max(seen.chunks, state.versions[record.version].chunk_count());
}

void put_object(const State& state, RecordPicture& picture) {
  const Record& record = picture.record;
  if (record.version.value() == kNone) {
    if (record.name != kNone) picture.object = state.names[NameIndex(record.name)].name.text();
    return;
  }
  const VersionRow& version = state.versions[record.version];
  picture.version = version.id;
  picture.chunking = version.chunking;
  if (version.facts) picture.object = version.facts->bucket_name + "/" + version.facts->key;
}

RecordPicture picture_of(const State& state, const Record& record, const Detail* detail) {
  RecordPicture picture{
      .record = record, .peer = named(state, record.peer), .source = named(state, record.source)};
  picture.peer.is_superpeer = record.is_superpeer != 0;
  put_object(state, picture);
  if (record.for_version.value() != kNone)
    picture.for_object = state.subject_of(record.for_version);
  if (detail == nullptr) return picture;
  picture.text = detail->text;
  picture.look_count = detail->look_count;
  for (std::size_t i = 0; i < std::min<std::size_t>(detail->look_count, kLooksKept); ++i)
    picture.looks.push_back({named(state, detail->looks[i].peer), detail->looks[i]});
  return picture;
}

// What readers wait for now, as records that are not over.
std::vector<Record> waits_under_way(const State& state) {
  std::vector<Record> waits;
  for (uint32_t i = 0; i < state.readers.rows(); ++i) {
    const Reader& reader = state.readers[ReaderIndex(i)];
    if (reader.peer == kNoPeer || reader.waiting.reason.choice == Choice::kNone) continue;
    Record record;
    record.when = state.now;
    record.kind = RecordKind::kWaits;
    record.peer = state.fleet.peer(reader.peer).id;
    record.version = reader.version;
    record.chunk = reader.waiting.chunk;
    record.count = record.chunk == kNone ? 0 : 1;
    record.reason = reader.waiting.reason;
    record.took = state.now - reader.waiting.since;
    waits.push_back(record);
  }
  return waits;
}

std::optional<Instant> complete_since(const Journal& journal) {
  std::optional<Instant> since;
  std::optional<Instant> oldest;
  for (const RecordRing* ring : {&journal.ring(Kept::kRoutine), &journal.ring(Kept::kNotable)}) {
    if (ring->size() == 0) continue;
    Instant begin = (*ring)[0].when;
    oldest = oldest ? std::min(*oldest, begin) : begin;
    if (ring->size() == ring->capacity()) since = since ? std::max(*since, begin) : begin;
  }
  return since ? since : oldest;
}

struct Selected {
  const RecordRing* ring = nullptr;
  const Record* record = nullptr;
};

// Of both rings, the newest first.
std::vector<Selected> select(const State& state, const RecordFilter& filter, RecordsSeen& seen) {
  const std::array rings{&state.journal.ring(Kept::kRoutine), &state.journal.ring(Kept::kNotable)};
  std::array<uint32_t, 2> left{rings[0]->size(), rings[1]->size()};
  std::vector<Selected> selected;
  auto newest = [&](std::size_t r) -> const Record& { return (*rings[r])[left[r] - 1]; };
  while (left[0] + left[1] > 0) {
    std::size_t r = left[0] == 0 ? 1 : left[1] == 0 ? 0 : newest(0).n > newest(1).n ? 0 : 1;
    const Record& record = newest(r);
    --left[r];
    ++seen.kept;
    note_known(state, record, filter, seen);
    if (!is_about(state, record, filter)) continue;
    if (!seen.newest) seen.newest = record.when;
    if (record.when < filter.since) continue;
    ++seen.matching;
    if (selected.size() < filter.newest) selected.push_back({rings[r], &record});
  }
  return selected;
}

}  // namespace

std::string hex_digits(PeerId id) {
  std::string text(16, '0');
  uint64_t rest = id.value();
  for (std::size_t i = text.size(); i-- > 0; rest >>= 4) text[i] = "0123456789abcdef"[rest & 15];
  return text;
}

RecordsSeen TrackerCore::visit_records(
    const RecordFilter& filter, const std::function<void(const RecordPicture&)>& visit) const {
  RecordsSeen seen{.complete_since = complete_since(state_->journal)};
  seen.is_peer_known = !filter.peer.empty() && is_registered(*state_, filter.peer);
  std::vector<Selected> selected = select(*state_, filter, seen);
  std::reverse(selected.begin(), selected.end());
  for (const Selected& one : selected)
    visit(picture_of(*state_, *one.record, one.ring->detail_of(*one.record)));
  for (const Record& wait : waits_under_way(*state_)) {
    if (!is_selected(*state_, wait, filter)) continue;
    ++seen.matching;
    visit(picture_of(*state_, wait, nullptr));
  }
  return seen;
}

JournalCounts TrackerCore::journal_counts() const {
  return state_->journal.counts();
}

}  // namespace tyto::tracker
