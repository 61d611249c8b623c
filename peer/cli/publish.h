// `tyto publish`: a manifest made of a file or of an origin's object, and given to the tracker.
#pragma once

#include <string>

#include "peer/cli/show.h"

namespace tyto::cli {

struct PublishOptions {
  std::string source;        // a path, or an http(s):// or file:// URL
  std::string object;        // bucket/key
  std::string torrent_file;  // the manifest as a torrent file is kept here too; empty: not
  std::string ca_file;
  bool only_torrent = false;  // nothing is told to the tracker
};

int run_publish(const ApiOptions& options, const PublishOptions& publish);

}  // namespace tyto::cli
