// What the group holds is told to the directories: a chunk's first copy, and that its last one
// went.
#include <algorithm>

#include "tracker/core/cluster/ranking.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Versions looked at for one page.
constexpr uint32_t kPageVersions = 64;

bool is_held(const VersionRow& version, uint32_t chunk) {
  return version.copies[chunk] > 0 && version.knows_root(chunk);
}

// One message's worth: the chunks of one version that one member is to hear of.
class Announcement {
 public:
  void add(uint32_t chunk, bool is_held) { (is_held ? held_ : gone_).push_back(chunk); }
  void send(State& state, MemberId to, VersionIndex version) const {
    if (held_.empty() && gone_.empty()) return;
    uint32_t first = kNone;
    uint32_t last = 0;
    for (const auto* list : {&held_, &gone_}) {
      for (uint32_t chunk : *list) {
        first = std::min(first, chunk);
        last = std::max(last, chunk);
      }
    }
    CopiesAnnounced message{state.versions[version].id, first, Bitmap(last - first + 1), {}};
    for (uint32_t chunk : held_) message.held.set(chunk - first);
    if (!gone_.empty()) message.gone = Bitmap(last - first + 1);
    for (uint32_t chunk : gone_) message.gone.set(chunk - first);
    tell_member(state, to, version, std::move(message));
  }

 private:
  std::vector<uint32_t> held_;
  std::vector<uint32_t> gone_;
};

}  // namespace

void note_edge(State& state, VersionIndex version, uint32_t chunk) {
  if (state.cluster.is_several()) state.cluster.edges.push_back({version, chunk});
}

void note_copies(State& state, VersionIndex version) {
  const VersionRow& row = state.versions[version];
  if (!state.cluster.is_several() || row.chunks_held == 0) return;
  for (uint32_t c = 0; c < row.chunk_count(); ++c)
    if (row.copies[c] > 0) note_edge(state, version, c);
}

void forget_announced(State& state, ChunkKey key) {
  auto told = state.cluster.announced.find(key.version);
  if (told != state.cluster.announced.end()) told->second.reset(key.chunk);
}

void announce_again(State& state, ChunkKey key) {
  forget_announced(state, key);
  note_edge(state, key.version, key.chunk);
}

void announce_edges(State& state) {
  Cluster& cluster = state.cluster;
  if (cluster.edges.empty()) return;
  std::vector<ChunkKey> edges = std::move(cluster.edges);
  cluster.edges.clear();
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  std::map<std::pair<VersionIndex, MemberId>, Announcement> out;
  for (const ChunkKey& key : edges) {
    const VersionRow& row = state.versions[key.version];
    if (row.facts == nullptr) continue;
    Bitmap& told = cluster.announced[key.version];
    if (told.size() == 0) told = Bitmap(row.chunk_count());
    bool is_now = is_held(row, key.chunk);
    if (is_now == told.test(key.chunk)) continue;
    cluster.last_copies.erase(key);
    if (is_now)
      told.set(key.chunk);
    else
      told.reset(key.chunk);
    out[{key.version, directory_of(state, key.version, key.chunk)}].add(key.chunk, is_now);
    // Who waited for the root may read now; who was to be served from here may not.
    cluster.are_guests_due = true;
  }
  for (const auto& [key, announcement] : out) announcement.send(state, key.second, key.first);
}

void begin_sync(State& state, Link& link) {
  link.sync_next = 0;
  tell_duties(state, link.member.id);
  sync_page(state, link);
}

void sync_page(State& state, Link& link) {
  if (link.sync_next == kNone) return;
  const MemberId to = link.member.id;
  uint32_t end = std::min(state.versions.size(), link.sync_next + kPageVersions);
  for (; link.sync_next < end; ++link.sync_next) {
    VersionIndex version(link.sync_next);
    const VersionRow& row = state.versions[version];
    if (row.facts == nullptr || row.chunks_held == 0) continue;
    Announcement all;
    for (uint32_t c = 0; c < row.chunk_count(); ++c)
      if (is_held(row, c) && directory_of(state, version, c) == to) all.add(c, true);
    all.send(state, to, version);
  }
  if (link.sync_next < state.versions.size())
    return wake_cluster(state, state.now + Duration::milliseconds(5));
  link.sync_next = kNone;
  tell_member(state, to, CopiesSynced{fingerprint(state.cluster.members)});
}

}  // namespace tyto::tracker
