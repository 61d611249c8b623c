// Names come from outside: no bytes may pass that break what a key promises.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "base/limits.h"
#include "base/location.h"
#include "base/names.h"

using namespace tyto;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (auto name = ObjectName::parse(text); name) {
    TYTO_ASSERT(name->text() == text);
    TYTO_ASSERT(("/" + name->key + "/").find("/../") == std::string::npos);
    TYTO_ASSERT(printable(name->key, kKeyBytesMax) == name->key);
  } else {
    TYTO_ASSERT(!name.error().message.empty());
  }
  const std::string shown = printable(text, 64);
  TYTO_ASSERT(shown.size() <= 64 + 3);
  TYTO_ASSERT(printable(shown, 128) == shown);
  if (auto location = Location::parse(text); location) {
    TYTO_ASSERT(*Location::parse(location->text()) == *location);
  }
  return 0;
}
