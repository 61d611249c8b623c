// Records in words, for people.
#pragma once

#include <string>

#include "tracker/core/explain/pictures.h"

namespace tyto::tracker {

// "1.2 s", "350 ms", "80 us".
std::string span_words(Duration span);
// "64 KiB", "1.5 MiB".
std::string bytes_words(uint64_t bytes);
// "peer web-3", "superpeer sp-1", "the origin".
std::string peer_words(const PeerNamed& peer);
// "chunk 7", "chunks 3 to 9".
std::string chunks_words(uint32_t first, uint32_t count);

// What the record says, in a sentence without its time and without the object's name.
std::string sentence_of(const RecordPicture& picture);

// One candidate: "peer web-1: busy", "peer web-2: same rack, load 50 %, score 1234".
std::string sentence_of(const LookPicture& look);

}  // namespace tyto::tracker
