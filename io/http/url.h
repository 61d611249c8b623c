// URLs: taking them apart, and escaping what goes into them (RFC 3986).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tyto::io {

// An absolute http or https URL. Purity: pure.
struct Url {
  std::string scheme;  // "http" or "https", lower case
  std::string host;    // lower case; an IPv6 address without its brackets
  uint16_t port = 0;   // 80 or 443 where the text gives none
  std::string target;  // path and query as they go on the wire: still escaped, begins with '/'

  bool operator==(const Url&) const = default;
  // What the Host header says: the host, bracketed if IPv6, with the port unless it is the
  // scheme's own.
  std::string authority() const;
  std::string text() const;

  // Errors: kInvalidArgument for another scheme, user names, an empty host, a bad port, blanks or
  // control characters, or more than kUrlBytesMax bytes. A fragment is dropped.
  static Result<Url> parse(std::string_view text);
  // The URL that `reference` (a Location header: absolute, "//host/..", "/path" or relative path)
  // means when seen from this one.
  Result<Url> resolve(std::string_view reference) const;
};

// Escapes every byte but the unreserved ones (A-Z a-z 0-9 - . _ ~).
std::string percent_encode(std::string_view text);
// The same, but keeps '/': for keys that become paths. A segment "." or ".." is escaped in full
// ("%2E%2E"), so that no server or proxy takes it for a step up.
std::string percent_encode_path(std::string_view path);
// Undoes escapes; '+' stays '+'. Errors: kInvalidArgument for '%' without two hex digits.
Result<std::string> percent_decode(std::string_view text);
// `base` (a URL without query) and a key below it, with one '/' between them, the key escaped.
std::string join_url(std::string_view base, std::string_view key);
// Splits "a=1&b=x%20y" and decodes names and values ('+' is a blank here).
// Errors: kInvalidArgument for bad escapes.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query);

}  // namespace tyto::io
