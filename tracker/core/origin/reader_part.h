// A reader's part in the reading of its bucket's origin.
#pragma once

#include <cstdint>

namespace tyto::tracker {

struct ReaderAtOrigin {
  bool is_in_line = false;  // of its bucket's OriginLine
  bool has_asked = false;   // for a read, since that was set to false
};

}  // namespace tyto::tracker
