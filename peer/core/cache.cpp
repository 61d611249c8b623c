#include "peer/core/cache.h"

#include <algorithm>

#include "peer/core/exchange.h"
#include "peer/core/opens.h"
#include "peer/core/partials.h"
#include "peer/core/transfers.h"
#include "schema/messages/wire_size.h"

namespace tyto::peer {
namespace {

bool keeps_roots(const CoreState& state) {
  return state.policy.role == Role::kSuperpeer;
}

void load_entry(CoreState& state, InventoryEntry entry) {
  uint32_t count = entry.chunking.is_valid() ? entry.chunking.chunk_count() : 0;
  if (!entry.chunking.is_valid() || entry.chunks.size() != count) return;
  Version& version = state.versions[entry.version];
  if (version.facts && version.chunking != entry.chunking) return;
  version.chunking = entry.chunking;
  version.held = std::move(entry.chunks);
  bool is_any_in_memory = entry.in_memory.size() == count && !entry.in_memory.none();
  if (is_any_in_memory) version.in_memory = std::make_unique<Bitmap>(std::move(entry.in_memory));
  if (!keeps_roots(state)) return;
  version.roots.resize(count);
  if (entry.roots.size() != version.held.count()) return;
  std::size_t next = 0;
  for (uint32_t i = version.held.next_set(0); i < count; i = version.held.next_set(i + 1)) {
    version.roots[i] = entry.roots[next++];
  }
}

Evictions& evictions_of(Version& version) {
  if (!version.evictions) {
    Bitmap none(version.held.size());
    version.evictions = std::make_unique<Evictions>(Evictions{none, none});
  }
  return *version.evictions;
}

void tidy(Version& version) {
  if (version.evictions && version.evictions->doomed.none() && version.evictions->dropping.none()) {
    version.evictions.reset();
  }
  if (!version.evictions && version.held.none()) version.is_remembered = false;
}

void forget_medium(Version& version, uint32_t chunk) {
  if (!version.in_memory) return;
  version.in_memory->reset(chunk);
  if (version.in_memory->none()) version.in_memory.reset();
}

// Calls `act(kind, first, count)` for each run of chunks of [first, end) that are of one kind.
template <class KindOf, class Act>
void for_runs(uint32_t first, uint32_t end, KindOf kind_of, Act act) {
  while (first < end) {
    auto kind = kind_of(first);
    uint32_t run_end = first + 1;
    while (run_end < end && kind_of(run_end) == kind) ++run_end;
    act(kind, first, run_end - first);
    first = run_end;
  }
}

void drop(Turn& turn, VersionEntry& version, uint32_t first, uint32_t count) {
  Evictions& evictions = evictions_of(version.second);
  for (uint32_t i = first; i < first + count; ++i) {
    version.second.held.reset(i);
    forget_medium(version.second, i);
    evictions.doomed.reset(i);
    evictions.dropping.set(i);
    if (!version.second.roots.empty()) version.second.roots[i] = Digest{};
  }
  turn.emit(DropChunks{version.first, first, count});
}

void put_off(Turn& turn, VersionEntry& version, uint32_t first, uint32_t count) {
  Evictions& evictions = evictions_of(version.second);
  for (uint32_t i = first; i < first + count; ++i) evictions.doomed.set(i);
  report(turn, EvictionDeferred{version.first, first, count}, Urgency::kSoon);
}

uint32_t range_end(const Version& version, uint32_t first, uint32_t count) {
  return static_cast<uint32_t>(std::min<uint64_t>(uint64_t{first} + count, version.held.size()));
}

// Whether anything of the version is here (its facts, if nothing else), read, or under way.
bool is_needed(const CoreState& state, const VersionEntry& version) {
  auto is_its = [&](const auto& user) { return user.version == &version; };
  const auto& fetches = state.orphans.fetches;
  return !version.second.held.none() || version.second.evictions || version.second.is_remembered ||
         std::any_of(state.opens.begin(), state.opens.end(), is_its) ||
         std::any_of(state.transfers.begin(), state.transfers.end(), is_its) ||
         std::any_of(fetches.begin(), fetches.end(), is_its) ||
         std::any_of(state.cancelled.begin(), state.cancelled.end(),
                     [&](const auto& c) { return c.chunk.version == version.first; });
}

// --- inventory ---

// Fills pages, beginning a new one when an entry does not fit.
class Pager {
 public:
  void add(InventoryEntry entry) {
    std::size_t bytes = wire_bytes_estimate(entry);
    bool is_full = pages_.empty() || bytes_ + bytes > kInventoryPageBytesMax ||
                   pages_.back().entries.size() >= kInventoryEntriesPerPageMax;
    if (is_full) {
      pages_.emplace_back();
      bytes_ = kExchangeOverheadBytes;
    }
    bytes_ += bytes;
    pages_.back().entries.push_back(std::move(entry));
  }
  std::vector<InventoryPage> finish() && {
    if (!pages_.empty()) pages_.back().is_last = true;
    return std::move(pages_);
  }

 private:
  std::vector<InventoryPage> pages_;
  std::size_t bytes_ = 0;
};

enum class Roots : uint8_t { kWithout, kWith };

// Adds the chunks whose roots are known (or those whose are not), in as many entries as it takes.
void add_entries(Pager& pager, const VersionEntry& version, Roots which) {
  const Version& v = version.second;
  auto fresh = [&] {
    InventoryEntry entry{version.first, v.chunking, Bitmap(v.held.size()), {}};
    if (v.in_memory) entry.in_memory = Bitmap(v.held.size());
    return entry;
  };
  auto add = [&](InventoryEntry entry) {
    if (entry.in_memory.none()) entry.in_memory = Bitmap();
    pager.add(std::move(entry));
  };
  InventoryEntry entry = fresh();
  for (uint32_t i = v.held.next_set(0); i < v.held.size(); i = v.held.next_set(i + 1)) {
    bool has_root = !v.roots.empty() && !v.roots[i].is_zero();
    if (has_root != (which == Roots::kWith)) continue;
    if (has_root && kExchangeOverheadBytes + wire_bytes_estimate(entry) + Digest::kSize >
                        kInventoryPageBytesMax) {
      add(std::move(entry));
      entry = fresh();
    }
    entry.chunks.set(i);
    if (medium_of(v, ChunkIndex(i)) == Medium::kMemory) entry.in_memory.set(i);
    if (has_root) entry.roots.push_back(v.roots[i]);
  }
  if (!entry.chunks.none()) add(std::move(entry));
}

// Adds the transfers that were begun for another tracker, or for none.
void add_underway(Pager& pager, const CoreState& state, const VersionEntry& version) {
  auto fresh = [&] {
    return InventoryEntry{
        version.first, version.second.chunking, Bitmap(version.second.held.size()), {}};
  };
  InventoryEntry entry = fresh();
  for (const Transfer& transfer : state.transfers) {
    if (transfer.version != &version || transfer.is_waiting_for_drop) continue;
    entry.underway.push_back(
        {transfer.chunk.value(), transfer.source, medium_of(transfer.placement)});
    if (entry.underway.size() < kUnderwayPerEntryMax) continue;
    pager.add(std::move(entry));
    entry = fresh();
  }
  if (!entry.underway.empty()) pager.add(std::move(entry));
}

}  // namespace

void load(CoreState& state, StoreLoaded loaded) {
  for (VersionFactsRef& facts : loaded.facts) {
    if (!facts || !facts->chunking.is_valid() || find_version(state, facts->id)) continue;
    add_version(state, std::move(facts)).second.is_remembered = true;
  }
  for (InventoryEntry& entry : loaded.inventory) load_entry(state, std::move(entry));
}

VersionEntry& add_version(CoreState& state, VersionFactsRef facts) {
  auto [at, is_new] = state.versions.try_emplace(facts->id);
  Version& version = at->second;
  if (is_new) {
    version.chunking = facts->chunking;
    version.held = Bitmap(facts->chunking.chunk_count());
    if (keeps_roots(state)) version.roots.resize(version.held.size());
  }
  TYTO_ASSERT(version.chunking == facts->chunking);
  version.facts = std::move(facts);
  return *at;
}

void add_chunk(CoreState& state, VersionEntry& version, ChunkIndex chunk, const Digest& root,
               Medium medium) {
  Version& v = version.second;
  v.held.set(chunk.value());
  if (medium == Medium::kMemory) {
    if (!v.in_memory) v.in_memory = std::make_unique<Bitmap>(v.held.size());
    v.in_memory->set(chunk.value());
  }
  if (keeps_roots(state)) version.second.roots[chunk.value()] = root;
}

void evict(Turn& turn, const Evict& order) {
  VersionEntry* version = find_version(turn.state, order.version);
  if (version == nullptr) {
    return report(turn, ChunksDropped{order.version, order.first, order.count}, Urgency::kSoon);
  }
  drop_partials(turn, order.version, order.first, order.count);
  enum class Kind : uint8_t { kNotHere, kOnItsWay, kInUse, kFree };
  auto kind_of = [&](uint32_t i) {
    const Version& v = version->second;
    if (v.evictions && v.evictions->dropping.test(i)) return Kind::kOnItsWay;
    if (!v.held.test(i)) return Kind::kNotHere;
    return is_in_use(turn.state, *version, ChunkIndex(i)) ? Kind::kInUse : Kind::kFree;
  };
  uint32_t end = range_end(version->second, order.first, order.count);
  for_runs(order.first, end, kind_of, [&](Kind kind, uint32_t first, uint32_t count) {
    switch (kind) {
      case Kind::kOnItsWay: return;  // confirmed once, when the bytes are free
      case Kind::kInUse: return put_off(turn, *version, first, count);
      case Kind::kFree: return drop(turn, *version, first, count);
      case Kind::kNotHere:
        return report(turn, ChunksDropped{order.version, first, count}, Urgency::kSoon);
    }
  });
}

void settle_evictions(Turn& turn, VersionEntry& version) {
  if (!version.second.evictions) return;
  auto is_due = [&](uint32_t i) {
    return version.second.evictions->doomed.test(i) &&
           !is_in_use(turn.state, version, ChunkIndex(i));
  };
  for_runs(0, version.second.held.size(), is_due, [&](bool due, uint32_t first, uint32_t count) {
    if (due) drop(turn, version, first, count);
  });
}

void on_chunks_lost(Turn& turn, const ChunksLost& lost) {
  VersionEntry* version = find_version(turn.state, lost.version);
  if (version == nullptr) return;
  Version& v = version->second;
  auto was_here = [&](uint32_t i) {
    return v.held.test(i) || (v.evictions && v.evictions->dropping.test(i));
  };
  for_runs(lost.first, range_end(v, lost.first, lost.count), was_here,
           [&](bool was, uint32_t first, uint32_t count) {
             if (!was) return;
             for (uint32_t i = first; i < first + count; ++i) {
               v.held.reset(i);
               forget_medium(v, i);
               if (!v.roots.empty()) v.roots[i] = Digest{};
               if (!v.evictions) continue;
               v.evictions->doomed.reset(i);
               v.evictions->dropping.reset(i);
             }
             report(turn, ChunksDropped{lost.version, first, count}, Urgency::kSoon);
           });
  if (v.evictions) start_waiting(turn, *version);
  tidy(v);
}

bool holds_anything(const CoreState& state) {
  return !state.transfers.empty() ||
         std::any_of(state.versions.begin(), state.versions.end(),
                     [](const VersionEntry& v) { return !v.second.held.none(); });
}

std::vector<InventoryPage> inventory_pages(const CoreState& state) {
  Pager pager;
  for (const VersionEntry& version : state.versions) {
    if (version.second.held.none()) continue;
    add_entries(pager, version, Roots::kWith);
    add_entries(pager, version, Roots::kWithout);
  }
  // After what is held: who is named there as a source has said what it has.
  for (const VersionEntry& version : state.versions) add_underway(pager, state, version);
  return std::move(pager).finish();
}

bool has_room_for_version(CoreState& state) {
  if (state.versions.size() < state.versions_looked_through) return true;
  auto idle = static_cast<std::size_t>(
      std::count_if(state.versions.begin(), state.versions.end(),
                    [&](const VersionEntry& v) { return !is_needed(state, v); }));
  if (idle >= kVersionsIdleMax) return false;
  state.versions_looked_through = state.versions.size() - idle + kVersionsIdleMax;
  return true;
}

void forget_old_versions(CoreState& state) {
  for (auto at = state.versions.begin(); at != state.versions.end();) {
    Version& v = at->second;
    if (v.evictions) {
      v.evictions->doomed = Bitmap(v.held.size());
      if (v.evictions->dropping.none()) v.evictions.reset();
    }
    at = is_needed(state, *at) ? std::next(at) : state.versions.erase(at);
  }
}

}  // namespace tyto::peer
