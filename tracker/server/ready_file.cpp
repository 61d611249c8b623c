#include "tracker/server/ready_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "tracker/server/api_json.h"

namespace tyto::tracker {

Result<void> write_ready_file(const std::string& path, const io::HostPort& rpc,
                              const io::HostPort& http) {
  const std::string partial = path + ".partial";
  const Json json = {{"rpc", rpc.text()}, {"http", http.text()}, {"pid", ::getpid()}};
  std::ofstream file(partial, std::ios::trunc);
  file << json_text(json);
  file.close();
  if (file && std::rename(partial.c_str(), path.c_str()) == 0) return {};
  const int fault = errno;
  std::remove(partial.c_str());
  return {ErrorCode::kUnavailable, "cannot write ready_file " + path + ": " +
                                       std::generic_category().message(fault) +
                                       "; check that its folder exists and can be written to"};
}

}  // namespace tyto::tracker
