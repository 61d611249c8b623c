// Read-only pictures of the journal, with names in place of indexes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/names.h"
#include "tracker/core/explain/record.h"

namespace tyto::tracker {

// Which records are asked for. What is left at its default selects all.
struct RecordFilter {
  std::optional<ObjectName> object;
  // The reader's name, or the first digits of its id in hexadecimal, 4 at least, of either case.
  // What superpeers read at the origin for others is selected all the same.
  std::string peer;
  std::optional<uint32_t> chunk;  // records that are of no single chunk are selected, too
  Instant since;
  std::size_t newest = 10'000;  // at most so many, the newest
};

struct PeerNamed {
  PeerId id;         // zero: nobody, or the origin
  std::string name;  // empty if it is not remembered any more
  bool is_superpeer = false;
};

struct LookPicture {
  PeerNamed peer;
  Look look;
};

struct RecordPicture {
  Record record;
  PeerNamed peer;
  PeerNamed source;
  std::string object;                // "bucket/key"; empty where not known
  std::optional<VersionId> version;  // none before the name was resolved
  Chunking chunking;                 // of the version
  std::string for_object;            // kEvicted: what the room is for
  std::string text;                  // a failure's or refusal's message
  uint32_t look_count = 0;
  std::vector<LookPicture> looks;  // empty unless it was kept in full
};

// An id as people see it: 16 hexadecimal digits.
std::string hex_digits(PeerId id);

// What a visit came to.
struct RecordsSeen {
  std::size_t matching = 0;  // those beyond `newest` included
  std::size_t kept = 0;      // records in the journal
  // Since when nothing was overwritten; nothing if the journal is empty.
  std::optional<Instant> complete_since;
  // Whether a peer that is asked for is registered, or any record is of it.
  bool is_peer_known = false;
  // Chunks of the object that is asked for: of its largest version; 0 if none is on record.
  uint32_t chunks = 0;
  // When the newest record was made that would be selected but for its age.
  std::optional<Instant> newest;
};

}  // namespace tyto::tracker
