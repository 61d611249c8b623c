// Torrent files come from anyone.
#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "schema/manifest/bencode.h"
#include "schema/manifest/manifest.h"

using namespace tyto;

namespace {

void rewrite(const BencodeValue& value, BencodeWriter& out) {
  switch (value.kind) {
    case BencodeValue::Kind::kInteger: out.integer(value.integer); break;
    case BencodeValue::Kind::kString: out.string(value.text); break;
    case BencodeValue::Kind::kList:
      out.begin_list();
      for (const BencodeValue& item : value.items) rewrite(item, out);
      out.end();
      break;
    case BencodeValue::Kind::kDictionary:
      out.begin_dictionary();
      for (std::size_t i = 0; i < value.items.size(); ++i) {
        out.key(value.keys[i]);
        rewrite(value.items[i], out);
      }
      out.end();
      break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (Result<BencodeValue> value = parse_bencode(text); value) {
    BencodeWriter out;
    rewrite(*value, out);
    TYTO_ASSERT(out.take() == text);  // there is one form of each value only
  } else {
    TYTO_ASSERT(!value.error().message.empty());
  }
  if (Result<Torrent> torrent = parse_torrent(text); torrent) {
    TYTO_ASSERT(check_manifest(torrent->manifest).ok());
    Result<Torrent> again = parse_torrent(write_torrent(*torrent));
    TYTO_ASSERT(again.ok());
    TYTO_ASSERT(again->manifest == torrent->manifest && again->info == torrent->info);
  } else {
    TYTO_ASSERT(!torrent.error().message.empty());
  }
  return 0;
}
