#include "io/http/url.h"

#include <algorithm>
#include <charconv>

#include "base/limits.h"

namespace tyto::io {

namespace {

constexpr std::string_view kHexDigits = "0123456789ABCDEF";

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_escaped(std::string& out, char c) {
  auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

uint16_t default_port(std::string_view scheme) {
  return scheme == "https" ? 443 : 80;
}

Error bad_url(std::string_view text, std::string_view why) {
  std::string shown(text.substr(0, 200));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = '?';
  }
  return {ErrorCode::kInvalidArgument, "bad URL \"" + shown + "\": " + std::string(why) +
                                           "; expected http(s)://host[:port]/path"};
}

// Reads "host", "host:port", "[v6]" or "[v6]:port" into the URL; an empty answer means success.
std::string_view parse_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) {
    return "user names and passwords do not belong into URLs here";
  }
  std::string_view host = authority, port;
  if (!authority.empty() && authority.front() == '[') {
    std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return "a bracket is not closed";
    host = authority.substr(1, bracket - 1);
    std::string_view rest = authority.substr(bracket + 1);
    if (!rest.empty() && rest.front() != ':') return "only a port may follow the address";
    if (!rest.empty()) port = rest.substr(1);
    if (host.find(':') == std::string_view::npos) return "brackets hold an IPv6 address";
    if (host.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) {
      return "brackets hold an IPv6 address";
    }
  } else if (std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  if (host.empty()) return "it has no host";
  if (host.size() > kHostBytesMax) return "its host is too long";
  if (host.find_first_of("%\\\"<>^`{|}") != std::string_view::npos) return "its host is no name";
  url.host = lower_case(host);
  url.port = default_port(url.scheme);
  if (port.empty()) return {};
  auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (failure != std::errc() || end != port.data() + port.size() || url.port == 0) {
    return "its port is not a number from 1 to 65535";
  }
  return {};
}

// Takes "." and ".." out of an escaped path (RFC 3986, 5.2.4).
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool ends_open = false;
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    std::size_t slash = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash);
    ends_open = segment == "." || segment == "..";
    if (segment == ".." && !kept.empty()) kept.pop_back();
    if (!ends_open) kept.push_back(segment);
  }
  std::string result;
  for (auto segment : kept) (result += '/') += segment;
  if (ends_open || result.empty()) result += '/';
  return result;
}

}  // namespace

std::string Url::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) text += ":" + std::to_string(port);
  return text;
}

std::string Url::text() const {
  return scheme + "://" + authority() + target;
}

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kUrlBytesMax) return bad_url(text, "it is longer than 4096 bytes");
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) {
      return bad_url(text, "it holds a blank or a control character, which must be escaped");
    }
  }
  Url url;
  std::size_t colon = text.find("://");
  if (colon != std::string_view::npos) url.scheme = lower_case(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return bad_url(text, "its scheme is another");
  std::string_view rest = text.substr(colon + 3);
  rest = rest.substr(0, rest.find('#'));
  std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view why = parse_authority(rest.substr(0, end), url);
  if (!why.empty()) return bad_url(text, why);
  url.target = rest.substr(end);
  if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
  return url;
}

Result<Url> Url::resolve(std::string_view reference) const {
  reference = reference.substr(0, reference.find('#'));
  std::size_t scheme_end = reference.find("://");
  if (scheme_end != std::string_view::npos && scheme_end < reference.find_first_of("/?")) {
    return parse(reference);
  }
  if (reference.substr(0, 2) == "//") return parse(scheme + ":" + std::string(reference));
  std::string_view base_path = std::string_view(target).substr(0, target.find('?'));
  std::size_t query = std::min(reference.find('?'), reference.size());
  std::string path(reference.substr(0, query));
  if (path.empty()) {
    path = base_path;
  } else if (path.front() != '/') {
    path = std::string(base_path.substr(0, base_path.rfind('/') + 1)) + path;
  }
  if (reference.empty()) return *this;
  return parse(scheme + "://" + authority() + without_dot_segments(path) +
               std::string(reference.substr(query)));
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (char c : text) is_unreserved(c) ? void(out += c) : append_escaped(out, c);
  return out;
}

std::string percent_encode_path(std::string_view path) {
  std::string out;
  for (;;) {
    std::size_t slash = std::min(path.find('/'), path.size());
    std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") {
      for (char c : segment) append_escaped(out, c);
    } else {
      out += percent_encode(segment);
    }
    if (slash == path.size()) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return Error{ErrorCode::kInvalidArgument,
                   "bad escape in \"" + std::string(text.substr(0, 200)) +
                       "\": '%' must be followed by two hexadecimal digits"};
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string join_url(std::string_view base, std::string_view key) {
  while (!base.empty() && base.back() == '/') base.remove_suffix(1);
  return std::string(base) + "/" + percent_encode_path(key);
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> parameters;
  auto decode = [](std::string_view text) {
    std::string blanks(text);
    std::replace(blanks.begin(), blanks.end(), '+', ' ');
    return percent_decode(blanks);
  };
  while (!query.empty()) {
    std::size_t end = std::min(query.find('&'), query.size());
    std::string_view item = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (item.empty()) continue;
    std::size_t equals = std::min(item.find('='), item.size());
    auto name = decode(item.substr(0, equals));
    if (!name) return name.error();
    auto value = decode(item.substr(std::min(equals + 1, item.size())));
    if (!value) return value.error();
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

}  // namespace tyto::io
