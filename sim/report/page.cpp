// The report as a page: a frame, a style sheet, a script, and the JSON that the script draws.
#include <vector>

#include "sim/report/page_files.h"
#include "sim/report/report.h"

namespace tyto::sim {
namespace {

// So that no text of the data ends the element that holds it.
std::string without_tags(const std::string& json) {
  std::string out;
  for (char c : json) {
    if (c == '<') {
      out += "\\u003c";
    } else {
      out += c;
    }
  }
  return out;
}

// Puts each text where the frame names it.
std::string filled_in(std::string_view frame,
                      const std::vector<std::pair<std::string_view, std::string>>& texts) {
  std::string out;
  while (!frame.empty()) {
    std::size_t nearest = frame.size();
    const std::pair<std::string_view, std::string>* next = nullptr;
    for (const auto& text : texts) {
      std::size_t at = frame.find(text.first);
      if (at >= nearest) continue;
      nearest = at;
      next = &text;
    }
    out += frame.substr(0, nearest);
    if (next == nullptr) break;
    out += next->second;
    frame.remove_prefix(nearest + next->first.size());
  }
  return out;
}

}  // namespace

std::string page_report(const RunResult& result) {
  return filled_in(kPageHtml,
                   {{"{{style}}", std::string(kPageStyle)},
                    {"{{script}}", std::string(kPageScript)},
                    {"{{data}}", without_tags("{\"runs\":[" + json_report(result) + "]}")}});
}

}  // namespace tyto::sim
