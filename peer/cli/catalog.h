// `tyto catalog`: what a tracker keeps, which the tracker's program knows how to read.
#pragma once

namespace tyto::cli {

// Runs `tyto-tracker catalog ...` in place of this program: the one beside it, or else of PATH.
// `argv` is the whole command line. Returns only if there is none.
int run_catalog(int argc, char** argv);

}  // namespace tyto::cli
