// What a tracker keeps of the others of its cluster; docs/cluster.md tells the course of things.
//
// Of one chunk three trackers have a part, of which some may be the same: the *asker*, whose reader
// lacks it (Wish, Import); its *directory*, which knows who holds it (Catalogue, Desk); the
// *server*, one of whose peers sends it (Guest, Export). What a tracker tells itself goes the same
// way as what it tells others, without a link.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schema/messages/cluster.h"
#include "schema/messages/cluster_limits.h"
#include "tracker/core/origin/budget.h"
#include "tracker/core/rows.h"

namespace tyto::tracker {

inline constexpr uint32_t kWishesPerVersionMax = 32;
inline constexpr uint32_t kWishesPerLinkMax = 4096;
inline constexpr std::size_t kGuestsMax = 4096;
inline constexpr std::size_t kExportsMax = 65536;
inline constexpr std::size_t kClusterMessagesMax = 256;  // of one delivery
// A wish that brought no answer for so long is made anew.
inline constexpr Duration kWishPatience = Duration::seconds(15);
inline constexpr std::size_t kPathMax = 4;  // trackers that a copy in flight hangs on

// A member of the cluster, this tracker included.
struct Link {
  Member member;
  bool is_up = false;                  // one's own is
  uint32_t version = kClusterVersion;  // that is spoken
  std::vector<ClusterMessage> out;
  std::set<VersionIndex> described;  // to it
  StatusTold status;                 // its last one
  uint32_t granted = 0;              // leases since then
  uint64_t synced = 0;               // the members for which it has announced all; 0: none
  uint32_t serving = 0;              // wishes that it was asked to serve, as their directory
  uint32_t wishes = 0;               // of its own that wait here
  uint32_t sync_next = kNone;        // the next version to be announced to it; kNone: all are
};

// --- the asker's ---

enum class WishStage : uint8_t {
  kOpen,       // asked, and not answered yet
  kPostponed,  // nothing could be had: asked again when `until` has come
  kGranted,    // this tracker may have the origin read, and could not yet
  kReading,    // it has it read; should that fail, the wish is open again
};
// A wish whose chunk another region has to send, where the bucket limits that.
enum class Crossing : uint8_t {
  kNotAsked,
  kInLine,  // for the budget of the reader's region; its directory knows nothing of it meanwhile
  kAsked,   // its turn has come
};
// A chunk that the group lacks and will be sent for.
struct Wish {
  WantId want;  // 0: only others want it
  MemberId directory;
  PeerId reader;  // whom it is for
  WishStage stage = WishStage::kOpen;
  Instant since;
  Instant until;                // kOpen: it is asked anew then
  bool is_anew = false;         // kGranted, for others: though peers of this tracker hold it
  bool had_superpeers = false;  // kGranted: there were some here that could be sent
  Crossing crossing = Crossing::kNotAsked;
  BucketIndex bucket = kNoBucket;  // in whose budget, and of which region, it is counted
  uint32_t region = kNone;
};
// A transfer from a peer of another group.
struct Import {
  MemberId from;
  OfferId offer;  // 0: it was carried over; on what the source hangs is not known
  std::vector<MemberId> path;
  bool is_delivered = false;
  FailureKind kind = FailureKind::kCancelled;
  bool is_of_stranger() const { return offer == OfferId(); }
};
// A read of the origin under a directory's lease.
struct Duty {
  MemberId directory;
  ChunkKey chunk;
  FailureKind kind = FailureKind::kInternal;
  std::string detail;
};

// Leave to read a bucket's origin once, for a reader alone.
enum class PermitStage : uint8_t { kAsked, kGranted, kInUse };
struct Permit {
  MemberId keeper;  // of the budget, whom it was asked of
  PermitStage stage = PermitStage::kAsked;
  Instant since;
  VersionIndex version{kNone};  // one of the bucket's
  uint64_t bytes = 0;
};

// --- the server's ---

// A reader of another group that waits for one of this group's uploads.
struct Guest {
  MemberId directory;
  ServeAsked asked;
  VersionIndex version{kNone};
  Instant since;     // it waits, refusals included
  Instant asked_at;  // this time
};
// One that was refused for want of an upload, and will be asked for again.
struct GuestPlace {
  Instant since;  // it waits
  Instant until;  // its place is kept
};
// An upload kept for a reader of another group.
struct Export {
  MemberId asker;
  PeerIndex source = kNoPeer;
  ChunkKey chunk;
  uint16_t generation = 0;  // of the source's copy
  Instant until;
};

// --- the directory's ---

// A wish, as its directory keeps it: one for each (asker, chunk).
struct Waiting {
  MemberId asker;
  WantId want;
  Location reader;
  Priority priority = Priority::kNormal;
  bool can_read_origin = false;
  bool is_past_superpeers = false;
  MemberId asked;    // who is to serve it; 0: nobody yet
  Instant since;     // it came, or was passed on
  Instant retry_at;  // all refused: they are asked again then
  std::vector<MemberId> refused;
  std::vector<MemberId> forbidden;  // of whose copies the reader may have none
};
struct Desk {
  std::vector<Waiting> waiting;
  MemberId holder;              // of the lease; 0: none
  Instant lease_until;          // without progress
  std::vector<MemberId> tried;  // who held a lease of it in vain
  Instant retry_at;             // no lease before
  bool is_budgeted = false;     // its lease counts in the bucket's budget
  bool is_in_line = false;      // for that budget
  bool is_dirty = false;
  bool is_idle() const { return waiting.empty() && holder == MemberId(); }
};
struct Catalogue {
  std::map<MemberId, Bitmap> held;  // by whose peers
  std::map<uint32_t, Desk> desks;
  std::set<MemberId> told_gone;  // who was told that the origin has the version no more
  uint16_t failures = 0;         // of the origin, in a row
  Instant retry_at;              // no lease before
};
// Who stands in line for a bucket's origin: a desk, for a lease, or a member, for a permit.
struct BudgetClaim {
  ChunkKey chunk;   // of the desk
  MemberId member;  // 0: it is a desk
  PermitId permit;  // of the member
  uint64_t bytes = 0;
  bool is_desk() const { return member == MemberId(); }
  bool operator==(const BudgetClaim&) const = default;
};
// The budget of a bucket's origin, for all members: what leases and permits take of it.
struct ClusterBudget {
  OriginBudget budget;
  std::deque<BudgetClaim> line;
  // Permits given, and when those count as ended of whose member nothing is heard.
  std::map<std::pair<MemberId, PermitId>, Instant> permits;
};

// --- names ---

// A look-up that another tracker was asked for.
struct LookupAsked {
  MemberId of;
  uint32_t name = kNone;
  Instant until;
};
// One that another tracker waits for.
struct LookupOwed {
  MemberId to;
  LookupId lookup;
};

// --- last copies ---

enum class Consent : uint8_t { kAsked, kGiven, kRefused };
struct LastCopy {
  Consent consent = Consent::kAsked;
  SessionId session;  // of the peer that is to give it up
  Instant until;      // kAsked: taken for given then; the others: forgotten
};

// A member that was lost of late. Its peers may hold, and read at the origin, what nobody else
// knows of, until they have found another tracker.
struct Ghost {
  Instant until;
  TrackerEpoch run;
  uint32_t peers = 0;                 // that it had, as it last said
  uint32_t came_here = 0;             // of those, since it was lost
  uint32_t told = 0;                  // of that, to the others
  std::map<MemberId, uint32_t> came;  // to each member, this one among them
};

// Bounds: as docs/cluster.md says; of versions and members, what they are.
struct Cluster {
  MemberId self;
  Members members;
  std::map<MemberId, Link> links;  // of members
  std::deque<ClusterMessage> own;  // what this tracker tells itself
  Instant changed_at;              // the members, or a link
  Instant due = Instant::never();  // a timer is set for then
  StatusTold told;                 // to all
  Instant told_at;

  std::map<ChunkKey, Wish> wishes;
  std::map<WantId, ChunkKey> wants;
  uint64_t want_serial = 0;
  std::map<TransferIndex, Import> imports;
  std::map<BucketIndex, std::map<PermitId, Permit>> permits;
  uint64_t permit_serial = 0;
  std::map<TransferIndex, Duty> duties;
  std::vector<Duty> duties_ended;  // looked at before anything is sent
  std::set<ChunkKey> granted;      // wishes at that stage
  bool is_grant_waiting = false;
  std::set<std::pair<BucketIndex, uint32_t>> crossings;  // budgets that wishes stand in line for

  std::deque<Guest> guests;  // those that have waited longest come first
  std::map<std::pair<MemberId, ChunkKey>, GuestPlace> guest_places;  // by asker
  bool are_guests_due = false;  // something has changed for them
  std::map<OfferId, Export> exports;
  uint64_t offer_serial = 0;
  PeerIndex stand_in = kNoPeer;  // stands where a guest stands while a source is looked for

  std::map<VersionIndex, Catalogue> directory;
  std::vector<ChunkKey> dirty_desks;
  std::map<BucketIndex, ClusterBudget> budgets;
  std::map<MemberId, Ghost> ghosts;  // nothing that they held is leased before they are forgotten
  std::map<MemberId, Instant> lost;  // members that have not come back, since when

  std::vector<ChunkKey> edges;  // of which the first copy came, or the last one went
  std::map<VersionIndex, Bitmap> announced;

  std::vector<std::pair<TrackerEpoch, MemberId>> runs;  // of members, the latest last

  std::map<LookupId, LookupAsked> lookups;
  std::map<uint32_t, std::vector<LookupOwed>> lookups_owed;  // by name
  std::map<uint32_t, LookupId> lookup_of_name;
  std::set<uint32_t> local_names;  // that no other tracker could look up
  uint64_t lookup_serial = 0;

  std::map<ChunkKey, LastCopy> last_copies;

  bool is_on = false;  // there has been anybody else

  // Whether there is anybody else, or was: who has lost all others goes on as one of several, so
  // that what they had is not read anew at once.
  bool is_several() const { return is_on; }
  const Link* link(MemberId member) const {
    auto it = links.find(member);
    return it == links.end() ? nullptr : &it->second;
  }
  bool is_up(MemberId member) const {
    const Link* found = link(member);
    return found != nullptr && found->is_up;
  }
};

}  // namespace tyto::tracker
