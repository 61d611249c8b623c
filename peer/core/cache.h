// What is here: the table of versions and chunks, evictions, and the inventory for the tracker.
#pragma once

#include <vector>

#include "peer/core/core_state.h"

namespace tyto::peer {

// What the store held at the start. Entries that contradict themselves are left out.
void load(CoreState& state, StoreLoaded loaded);

// The version's entry, made if there is none. Requires: the facts are not null, their chunking is
// valid and the same as that of an entry that is there.
VersionEntry& add_version(CoreState& state, VersionFactsRef facts);

// Whether one more version may be kept: at most kVersionsIdleMax have no use. Cost: the number of
// versions, but seldom.
bool has_room_for_version(CoreState& state);

// The chunk is here now, in that medium. Its root is kept where roots are.
void add_chunk(CoreState& state, VersionEntry& version, ChunkIndex chunk, const Digest& root,
               Medium medium);

void evict(Turn& turn, const Evict& order);
// Carries out what was put off, as far as nobody reads it any more.
void settle_evictions(Turn& turn, VersionEntry& version);
void on_chunks_lost(Turn& turn, const ChunksLost& lost);

bool holds_anything(const CoreState& state);
// All that is held, in pages; none if nothing is held. A version whose roots do not fit into one
// page takes several entries, each with part of the chunks.
std::vector<InventoryPage> inventory_pages(const CoreState& state);

// At a new session: forgets evictions that the old one put off, and versions of which nothing is
// here, read or under way.
void forget_old_versions(CoreState& state);

}  // namespace tyto::peer
