// Bencoding (BEP 3): what torrent files are written in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tyto {

// A parsed value, with views into the text that was parsed.
//
// Ownership: the text must outlive it.
struct BencodeValue {
  enum class Kind : uint8_t { kInteger, kString, kList, kDictionary };

  Kind kind = Kind::kInteger;
  int64_t integer = 0;
  std::string_view text;               // of a string
  std::vector<BencodeValue> items;     // of a list, or the values of a dictionary
  std::vector<std::string_view> keys;  // of a dictionary, ascending; keys[i] belongs to items[i]
  std::string_view raw;  // the value as it stood in the text: what hashes are taken of

  bool is_integer() const { return kind == Kind::kInteger; }
  bool is_string() const { return kind == Kind::kString; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_dictionary() const { return kind == Kind::kDictionary; }
  // The value of a key, or null: also for what is no dictionary. Cost: logarithmic.
  const BencodeValue* find(std::string_view key) const;
};

struct BencodeLimits {
  std::size_t bytes_max = std::size_t{64} << 20;
  std::size_t depth_max = 16;        // lists and dictionaries within one another
  std::size_t values_max = 1 << 16;  // of all kinds, keys apart
};

// Parses exactly one value that fills the text. Strict: only the one canonical form of each value
// is taken (no leading zeros, no -0, keys ascending and unique, nothing after the end).
// Fails with kInvalidArgument, naming the byte where it went wrong.
// Purity: pure. Cost: linear, within the limits.
Result<BencodeValue> parse_bencode(std::string_view text, const BencodeLimits& limits = {});

// Writes values one after the other.
//
// Requires: keys of one dictionary ascending, in bytes; each begin has its end.
class BencodeWriter {
 public:
  BencodeWriter& integer(int64_t value);
  BencodeWriter& string(std::string_view value);
  BencodeWriter& begin_list();
  BencodeWriter& begin_dictionary();
  // The next value is this key's.
  BencodeWriter& key(std::string_view key);
  BencodeWriter& end();
  // A value that is bencoded already.
  BencodeWriter& raw(std::string_view bencoded);
  // What was written. Requires: nothing is open.
  std::string take();

 private:
  struct Open {
    bool is_dictionary = false;
    bool has_keys = false;
    std::string last_key;
  };
  std::string out_;
  std::vector<Open> open_;
};

}  // namespace tyto
