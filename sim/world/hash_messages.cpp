#include "sim/world/hash_messages.h"

namespace tyto::sim {
namespace {

// One overload for each message; a variant adds its index and then its content.
struct Adder {
  EventHash& hash;

  template <class... T>
  void all(const T&... values) const {
    (one(values), ...);
  }

  template <class T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void one(T value) const { hash.add(static_cast<uint64_t>(value)); }
  template <class Tag, class Rep>
  void one(Strong<Tag, Rep> id) const {
    hash.add(id);
  }
  void one(Duration span) const { hash.add(span); }
  void one(const Digest& digest) const { hash.add(digest); }
  void one(const std::string& text) const { hash.add(std::string_view(text)); }
  void one(const VersionId& id) const { hash.add(id.digest); }
  void one(const ChunkId& chunk) const { all(chunk.version, chunk.index); }
  void one(const AssignmentId& id) const { all(id.epoch, id.n); }
  void one(const Endpoint& endpoint) const { all(endpoint.host, endpoint.port); }
  void one(const Source& s) const { all(s.kind, s.peer, s.address, s.generation); }
  void one(const Error& error) const { one(error.code); }
  void one(const SetLimits& limits) const {
    all(limits.uploads_max, limits.upload_bytes_per_s, limits.download_bytes_per_s);
  }
  void one(const Reason& r) const {
    all(r.choice, r.nearness, r.generation, r.candidates, r.rejected_busy, r.rejected_suspect,
        r.rejected_cycle, r.rejected_lacking, r.chunks_considered, r.copies, r.score,
        r.policy_version);
  }
  void one(const VersionFacts& facts) const {
    all(facts.id, facts.bucket, facts.key, facts.chunking.object_bytes, facts.chunking.chunk_bytes,
        facts.is_published, facts.origin.etag);
  }
  void one(const VersionFactsRef& facts) const {
    if (facts) one(*facts);
  }
  template <class T>
  void one(const std::optional<T>& value) const {
    one(value.has_value());
    if (value) one(*value);
  }
  template <class T>
  void one(const std::vector<T>& values) const {
    one(uint64_t{values.size()});
    for (const T& value : values) one(value);
  }
  template <class... T>
  void one(const std::variant<T...>& value) const {
    one(uint64_t{value.index()});
    std::visit([this](const auto& held) { this->one(held); }, value);
  }

  // What is kept on disk adds nothing, so that worlds without memory hash as they always did.
  void in_memory(Medium medium) const {
    if (medium != Medium::kDisk) one(medium);
  }
  void in_memory(Placement placement) const {
    if (placement != Placement::kDisk) one(placement);
  }

  // Events.
  void one(const OpenRequested& e) const {
    all(e.open, e.bucket, e.key, e.pinned, e.mode, e.priority, e.deadline, e.window_first,
        e.window_count);
  }
  void one(const WindowMoved& e) const { all(e.open, e.first, e.count); }
  void one(const OpenClosed& e) const { one(e.open); }
  void one(const ChunkProgressed& e) const { all(e.assignment, e.quarter); }
  void one(const ChunkVerified& e) const {
    all(e.assignment, e.chunk, e.source, e.root, e.stored, e.bytes, e.took);
    in_memory(e.medium);
  }
  void one(const SourceFailed& e) const {
    all(e.assignment, e.chunk, e.source, e.kind, e.bytes_wasted);
  }
  void one(const AssignmentFailed& e) const {
    all(e.assignment, e.chunk, e.source, e.kind, e.bytes_wasted);
  }
  void one(const ChunksDropped& e) const { all(e.version, e.first, e.count); }
  void one(const EvictionDeferred& e) const { all(e.version, e.first, e.count); }
  void one(const NameResolved& e) const { all(e.resolve, e.facts, e.error); }
  void one(const StoreResized& e) const {
    one(e.bytes);
    if (e.memory_bytes > 0) one(e.memory_bytes);
  }
  void one(const Leaving& e) const { one(e.deadline); }

  // Commands.
  void one(const Cancel& c) const { one(c.assignment); }
  void one(const Evict& c) const { all(c.version, c.first, c.count, c.reason); }
  void one(const Describe& c) const { one(c.facts); }
  void one(const Opened& c) const {
    all(c.open, c.version);
    in_memory(c.placement);
  }
  void one(const OpenEnded& c) const { all(c.open, c.error); }
  void one(const Resolve& c) const { all(c.resolve, c.bucket, c.bucket_name, c.key); }
  void one(const Assign& c) const {
    all(c.assignment, c.chunk, c.source, c.fallbacks, c.root, c.generation, c.patience, c.reason,
        c.is_hedge);
    if (c.run > 1) one(c.run);
    in_memory(c.placement);
  }

  void one(const Wait& w) const { all(w.what, w.place, w.expected); }
  void one(const ShowWait& c) const { all(c.open, c.wait); }
  void one(const TrackerListed& listed) const { all(listed.id, listed.address); }
  void one(const ListTrackers& c) const { all(*c.trackers, c.home); }

  // Exchanges and what surrounds them.
  void one(const ExchangeUp& up) const {
    all(up.first_event, up.events, up.more, up.commands_applied, up.park);
  }
  void one(const ExchangeDown& down) const {
    all(down.first_command, down.commands, down.more, down.events_applied);
  }
  void one(const InventoryEntry& entry) const {
    all(entry.version, entry.chunks.words(), entry.roots);
    if (!entry.in_memory.none()) one(entry.in_memory.words());
  }
  void one(const InventoryPage& page) const { all(page.entries, page.is_last); }
  void one(const SuperpeerListed& listed) const { all(listed.peer, listed.address); }
  void one(const RegisterReply& reply) const {
    all(reply.session, reply.epoch, reply.resumed, reply.superpeers, reply.limits,
        reply.data_address);
    if (reply.trackers != nullptr) all(reply.tracker, *reply.trackers);
  }
  void one(const RegisterMoved& moved) const {
    all(moved.from, moved.home, *moved.trackers, moved.is_passed_on);
  }

  // Effects of a peer.
  void one(const peer::ConnectTracker& e) const {
    all(e.attempt, e.tracker, e.avoids, e.moves, e.resume_session, e.resume_epoch, e.has_inventory);
  }
  void one(const peer::SendInventory& e) const { one(e.pages); }
  void one(const peer::SendExchange& e) const { one(e.up); }
  void one(const peer::StartTransfer& e) const {
    all(e.transfer, e.facts, e.chunk, e.source, e.root, e.patience, e.without_tracker,
        e.is_fallback);
    in_memory(e.placement);
  }
  void one(const peer::CancelTransfer& e) const { one(e.transfer); }
  void one(const peer::DropPartial& e) const { one(e.chunk); }
  void one(const peer::RememberVersion& e) const { one(e.facts); }
  void one(const peer::DropChunks& e) const { all(e.version, e.first, e.count); }
  void one(const peer::LimitsSet& e) const { one(e.limits); }
  void one(const peer::TicketRenewed& e) const { one(e.bucket); }
  void one(const peer::ResolveName& e) const { one(e.resolve); }
  void one(const peer::OpenSucceeded& e) const { all(e.open, e.facts); }
  void one(const peer::OpenFailed& e) const { all(e.open, e.error); }
  void one(const peer::OpenWaits& e) const { all(e.open, e.wait); }
  void one(const peer::ChunkReady& e) const { all(e.chunk, e.from, e.bytes); }
  void one(const peer::EnsureAnswered& e) const { all(e.request, e.is_here); }
  void one(const peer::LeaveDone&) const {}
  void one(const peer::FindTrackers&) const {}
  void one(const peer::TrackerStateChanged& e) const { one(e.state); }

  // Effects of a tracker.
  void one(const tracker::RegisterAnswered& e) const { all(e.connection, e.reply); }
  void one(const tracker::RegisterRefused& e) const { all(e.connection, e.error); }
  void one(const tracker::ExchangeAnswered& e) const { all(e.session, e.token, e.down); }
  void one(const tracker::ExchangeRefused& e) const { all(e.token, e.error); }
  void one(const tracker::VersionResolved& e) const { one(e.facts); }
  void one(const tracker::RootLearned& e) const { all(e.chunk, e.root); }
  void one(const tracker::Notice& e) const { all(e.kind, e.peer, e.reporter, e.chunk); }
  void one(const tracker::SendToMember& e) const { all(e.to, e.messages.size()); }
  void one(const tracker::RegisterMovedOn& e) const { all(e.connection, e.moved); }
};

}  // namespace

void add_to(EventHash& hash, const Event& event) {
  Adder{hash}.one(event);
}
void add_to(EventHash& hash, const Command& command) {
  Adder{hash}.one(command);
}
void add_to(EventHash& hash, const peer::Effect& effect) {
  Adder{hash}.one(effect);
}
void add_to(EventHash& hash, const tracker::Effect& effect) {
  Adder{hash}.one(effect);
}

}  // namespace tyto::sim
