// `tyto bucket edit`: a bucket's policy in an editor.
#pragma once

#include "peer/cli/bucket_policy.h"

namespace tyto::cli {

// Opens the policy in $VISUAL, $EDITOR or vi, and sets what was saved, if nobody else changed it
// meanwhile. What was written is lost in no case: if it is refused, the file stays and is named.
int run_bucket_edit(const ApiOptions& options, PolicyOptions policy);

}  // namespace tyto::cli
