#include "io/log/log_settings.h"
#include "io/settings/settings.h"
#include "peer/daemon/daemon.h"

namespace tyto::peer {
namespace {

void add_network(io::Settings& table, DaemonSettings& settings) {
  table.add(
      settings.trackers,
      {"trackers",
       "Where trackers are: host:port, each address of the host being one; or srv:NAME, for the "
       "SRV records of _tyto._tcp.NAME. One that answers names the others."});
  table.add(settings.name, {"name",
                            "For people, in logs and lists. Empty: host name and "
                            "process id."});
  table.add(settings.location,
            {"location",
             "Where this host stands: region/zone/rack/host, from one to four parts "
             "from the right. Sources are chosen by nearness. Empty: the host's name."});
  table.add(settings.listen_data,
            {"listen.data",
             "Where chunks are served to others: host:port. Port 0 takes a free "
             "one."});
  table.add(settings.listen_http,
            {"listen.http",
             "Where /healthz, /readyz and /metrics are served: host:port. Empty: "
             "nowhere."});
  table.add(settings.advertise_host,
            {"advertise.host",
             "Under which name or address others reach listen.data. Empty: the "
             "address that the tracker sees."});
  table.add(settings.credentials_file,
            {"credentials_file", "A file whose content is shown to the tracker. Empty: none."});
}

void add_limits(io::Settings& table, DaemonSettings& settings) {
  io::Presence presence =
      settings.store_dir.empty() ? io::Presence::kRequired : io::Presence::kOptional;
  table.add(settings.store_dir,
            {"store.dir", "The folder of the cache, kept over restarts.", presence});
  table.add_bytes(settings.store_bytes,
                  {"store.bytes",
                   "Bytes of chunks kept there at most. The tracker decides what "
                   "goes when it is full."},
                  {16 * kMiB, uint64_t{1} << 50});
  table.add_bytes(settings.memory_bytes,
                  {"memory.bytes",
                   "Bytes of memory lent besides, for buckets with caching.placement = \"memory\": "
                   "nothing of these is written to a disk, and it is gone when the process ends. "
                   "Memory that the system swaps reaches a disk all the same. 0: none."},
                  {0, uint64_t{1} << 50});
  table.add(settings.uploads_max,
            {"limits.uploads",
             "Uploads at once; more readers are sent away. 0: as the tracker "
             "says."},
            {0, 65535, "uploads"});
  table.add_bytes(settings.upload_bytes_per_s,
                  {"limits.upload_rate", "Bytes a second sent to others, together. 0: unlimited."});
  table.add_bytes(settings.download_bytes_per_s,
                  {"limits.download_rate", "Bytes a second fetched, together. 0: unlimited."});
  table.add(settings.origin_requests_max,
            {"origin.requests", "Requests at once to one origin host. More loads it more."},
            {1, 1024, "requests"});
  table.add(settings.origin_ca_file, {"origin.ca_file",
                                      "Certificates (PEM) to trust for https origins, besides the "
                                      "system's."});
}

void add_process(io::Settings& table, DaemonSettings& settings) {
  io::add_log_settings(table, settings.log_level, settings.log_format, settings.log_file);
  table.add(settings.leave_deadline,
            {"leave.deadline", "After SIGTERM or SIGINT: how long uploads may take to end."},
            {Duration::milliseconds(100), Duration::seconds(3600)});
  table.add(settings.ready_file,
            {"ready_file",
             "Written, in one piece, once everything listens: {\"data_port\", \"http\", "
             "\"pid\"}. Empty: none."});
}

}  // namespace

void add_settings(io::Settings& table, DaemonSettings& settings) {
  add_network(table, settings);
  add_limits(table, settings);
  add_process(table, settings);
}

}  // namespace tyto::peer
