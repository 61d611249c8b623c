#include "tracker/core/names.h"

namespace tyto::tracker {

NameIndex Names::intern(const ObjectName& name) {
  NameIndex next(size());
  auto [it, is_new] = by_name_.try_emplace(name, next);
  if (is_new) rows_.emplace_back().name = name;
  return it->second;
}

std::optional<NameIndex> Names::find(const ObjectName& name) const {
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return std::nullopt;
  return it->second;
}

std::string origin_url(const std::string& prefix, const std::string& key) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  static constexpr std::string_view kUnreserved = "-._~/";
  std::string url = prefix;
  if (url.empty() || url.back() != '/') url.push_back('/');
  for (char c : key) {
    bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    kUnreserved.find(c) != std::string_view::npos;
    if (is_plain) {
      url.push_back(c);
    } else {
      auto byte = static_cast<unsigned char>(c);
      url += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return url;
}

}  // namespace tyto::tracker
