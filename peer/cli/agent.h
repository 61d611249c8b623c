// `tyto agent`: a peer without a reader, which keeps a host's cache served.
#pragma once

namespace tyto::cli {

// `argv` from the word "agent" on. Returns the exit code.
int run_agent(int argc, const char* const* argv);

}  // namespace tyto::cli
