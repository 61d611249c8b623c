// The files of sim/report/page/, as the build embeds them.
#pragma once

#include <string_view>

namespace tyto::sim {

extern const std::string_view kPageHtml;
extern const std::string_view kPageStyle;
extern const std::string_view kPageScript;

}  // namespace tyto::sim
