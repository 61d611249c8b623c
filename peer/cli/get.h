// `tyto get`: an object into a file.
#pragma once

#include <string>
#include <vector>

#include "peer/cli/output.h"
#include "tyto/peer.h"

namespace tyto::cli {

struct GetOptions {
  std::string object;   // bucket/key
  std::string output;   // a path; "-": standard output; empty: the key's last part, here
  std::string version;  // 64 hexadecimal digits; empty: what the name stands for now
  std::string agent;    // path of an agent's socket; empty: the default one, if it is there
  std::string linger;   // "20s": serve others for so long after the file is whole
  std::string progress = "auto";
  std::string done_file;  // written when the file is whole, while the peer lingers
  bool uses_agent = true;
  bool is_verbose = false;
  Format format = Format::kText;
  PeerOptions peer;
};

int run_get(GetOptions options);

// Where `tyto agent` listens for `tyto get` unless told otherwise.
std::string default_agent_socket();

}  // namespace tyto::cli
