// A reader's part in the reading of its bucket's origin.
#pragma once

#include <cstdint>

#include "base/bitmap.h"
#include "base/time.h"

namespace tyto::tracker {

struct ReaderAtOrigin {
  bool is_in_line = false;  // of its bucket's OriginLine
  bool has_asked = false;   // for a read, since that was set to false
  bool has_passed = false;  // its turn, for want of room: it has one of the next
  bool is_shadow = false;   // reads all from the origin; see shadow.cpp
  // Of readers that are compared with one another:
  Instant asked;         // when it was opened
  uint32_t to_come = 0;  // chunks that it lacks
  Bitmap brought;        // what a shadow reader was brought: no copies for others
};

}  // namespace tyto::tracker
