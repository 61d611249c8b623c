// Small files of text.
#pragma once

#include <string>

#include "base/result.h"

namespace tyto::cli {

// The whole file, which is UTF-8; "-" is standard input.
// Bounds: a MiB.
// Errors: kNotFound, kDenied or kInternal; kInvalidArgument for one that is longer, or no text.
//         They name the path.
Result<std::string> read_text_file(const std::string& path);

}  // namespace tyto::cli
