// `tyto get` through a running `tyto agent`.
#pragma once

#include <functional>
#include <string>

#include "base/names.h"
#include "tyto/object.h"

namespace tyto::cli {

struct AgentFetch {
  std::string socket;  // path of the agent's
  ObjectName name;
  std::string version;  // empty: what the name stands for now
  std::string output;   // a path
};

struct AgentFetched {
  std::string version;
  Progress progress;
  double seconds = 0;
};

// Whether somebody listens there.
bool is_agent_there(const std::string& socket);

// Has the agent fetch the object into its store, and copies it from there to the output, which
// appears whole. Errors are the agent's, or kUnavailable if it does not answer.
Result<AgentFetched> fetch_through_agent(
    const AgentFetch& fetch, const std::function<void(const Progress&, double seconds)>& progress);

}  // namespace tyto::cli
