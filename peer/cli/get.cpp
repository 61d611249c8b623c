#include "peer/cli/get.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "base/names.h"
#include "io/settings/settings.h"
#include "peer/cli/agent_client.h"
#include "peer/cli/exit_codes.h"
#include "peer/cli/interrupt.h"
#include "peer/engine/save_file.h"

namespace tyto::cli {
namespace {

namespace fs = std::filesystem;

std::string last_part(const std::string& key) {
  return key.substr(key.rfind('/') + 1);
}

ProgressStyle style_of(const std::string& word) {
  if (word == "off") return ProgressStyle::kOff;
  if (word == "bar") return ProgressStyle::kBar;
  if (word == "lines") return ProgressStyle::kLines;
  if (word == "json") return ProgressStyle::kJson;
  return isatty(STDERR_FILENO) ? ProgressStyle::kBar : ProgressStyle::kLines;
}

// All but a twentieth of what the file system has free, besides what the folder holds already.
Result<uint64_t> room_at(const std::string& folder) {
  struct statvfs disk = {};
  if (statvfs(folder.c_str(), &disk) != 0)
    return Error{ErrorCode::kNotFound,
                 "cannot write to folder '" + folder + "': it does not exist"};
  uint64_t room = uint64_t{disk.f_bavail} * disk.f_frsize;
  std::error_code ignored;
  for (fs::recursive_directory_iterator it(folder, ignored), end; !ignored && it != end;
       it.increment(ignored)) {
    std::error_code gone;
    uint64_t bytes = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (!gone) room += bytes;
  }
  return room - room / 20;
}

nlohmann::json summary(const GetOptions& options, const std::string& version, const Progress& p,
                       double seconds) {
  return {{"object", options.object},
          {"version", version},
          {"output", options.output},
          {"bytes", p.total_bytes},
          {"seconds", seconds},
          {"bytes_from",
           {{"store", p.from_store},
            {"peer", p.from_peers},
            {"superpeer", p.from_superpeers},
            {"origin", p.from_origin}}}};
}

void print_summary(const GetOptions& options, const nlohmann::json& json) {
  if (options.format == Format::kJson) {
    std::puts(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
    std::fflush(stdout);
    return;
  }
  if (options.output == "-") return;
  const auto& from = json["bytes_from"];
  std::printf("%s: %s in %.2f s (peers %s, superpeers %s, origin %s, kept %s)\n",
              options.output.c_str(), human_bytes(json["bytes"]).c_str(),
              json["seconds"].get<double>(), human_bytes(from["peer"]).c_str(),
              human_bytes(from["superpeer"]).c_str(), human_bytes(from["origin"]).c_str(),
              human_bytes(from["store"]).c_str());
  std::fflush(stdout);
}

Result<void> write_done_file(const GetOptions& options, const nlohmann::json& json) {
  if (options.done_file.empty()) return {};
  std::string text = json.dump() + "\n";
  SaveFile file(options.done_file);
  if (auto opened = file.open(); !opened.ok()) return opened;
  if (auto put = file.write(std::as_bytes(std::span(text))); !put.ok()) return put;
  return file.commit();
}

// A store beside the output, which an interrupted download leaves to go on from.
std::string store_beside(const std::string& output) {
  fs::path path(output);
  return (path.parent_path() / ("." + path.filename().string() + ".tyto")).string();
}

class Download {
 public:
  Download(GetOptions options, ObjectName name)
      : options_(std::move(options)), name_(std::move(name)) {}

  int run();

 private:
  Result<void> prepare_store();
  Result<void> to_stdout(Object& object);
  Result<void> fetch(Peer& peer);
  void linger(Peer& peer);
  int end(const Error& error);

  GetOptions options_;
  const ObjectName name_;
  bool owns_store_ = false;
  Duration linger_;
  std::optional<nlohmann::json> summary_;
};

Result<void> Download::prepare_store() {
  if (options_.output == "-") return {};  // streamed: memory will do
  if (!options_.peer.store_dir.empty()) return {};
  owns_store_ = true;
  options_.peer.store_dir = store_beside(options_.output);
  options_.peer.is_store_scratch = true;
  fs::path folder = fs::path(options_.output).parent_path();
  auto room = room_at(folder.empty() ? "." : folder.string());
  if (!room.ok()) return room.error();
  options_.peer.store_bytes = *room;
  return {};
}

Result<void> Download::to_stdout(Object& object) {
  std::vector<std::byte> buffer(1 << 20);
  for (;;) {
    auto got = object.next(buffer);
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    if (std::fwrite(buffer.data(), 1, *got, stdout) != *got)
      return Error{ErrorCode::kUnavailable, "cannot write to standard output"};
  }
  if (std::fflush(stdout) != 0)
    return Error{ErrorCode::kUnavailable, "cannot write to standard output"};
  return {};
}

Result<void> Download::fetch(Peer& peer) {
  auto start = std::chrono::steady_clock::now();
  auto seconds = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  OpenOptions how;
  how.version = options_.version;
  how.order = options_.output == "-" ? FetchOrder::kAsRead : FetchOrder::kAny;
  auto object = peer.open(name_.bucket, name_.key, how);
  if (!object.ok()) return object.error();
  Interrupt interrupt([&] { object->cancel(); });
  ProgressPrinter printer(style_of(options_.progress), name_);
  Result<void> done = options_.output == "-"
                          ? to_stdout(*object)
                          : object->save(options_.output, [&](const Progress& now) {
                              printer.show(now, seconds());
                            });
  printer.finish();
  if (!done.ok()) return done;
  summary_ = summary(options_, object->version(), object->progress(), seconds());
  return {};
}

void Download::linger(Peer& peer) {
  std::atomic<bool> is_over = false;
  Interrupt interrupt([&] { is_over = true; });
  auto until = std::chrono::steady_clock::now() + std::chrono::nanoseconds(linger_.ns());
  while (!is_over && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  peer.leave(Duration::seconds(2));
}

int Download::end(const Error& error) {
  if (error.code == ErrorCode::kCancelled && owns_store_)
    std::fprintf(stderr, "tyto: interrupted; the same command goes on where it stopped (from %s)\n",
                 options_.peer.store_dir.c_str());
  return report(error, options_.format);
}

int Download::run() {
  if (!options_.linger.empty()) {
    auto span = io::parse_duration(options_.linger);
    if (!span.ok()) return report(span.error(), options_.format);
    linger_ = *span;
  }
  if (auto store = prepare_store(); !store.ok()) return end(store.error());
  if (options_.is_verbose)
    options_.peer.log = [](std::string_view line) {
      std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
    };
  auto peer = Peer::connect(options_.peer);
  if (!peer.ok()) return end(peer.error());
  if (auto fetched = fetch(*peer); !fetched.ok()) return end(fetched.error());
  print_summary(options_, *summary_);
  if (auto told = write_done_file(options_, *summary_); !told.ok()) return end(told.error());
  if (linger_ > Duration{}) linger(*peer);
  {
    Peer leaving = std::move(*peer);  // the store is closed before it is removed
  }
  if (owns_store_) {
    std::error_code ignored;
    fs::remove_all(options_.peer.store_dir, ignored);
  }
  return kExitOk;
}

}  // namespace

std::string default_agent_socket() {
  if (const char* path = std::getenv("TYTO_AGENT_SOCKET")) return path;
  return "/run/tyto/agent.sock";
}

int run_get(GetOptions options) {
  auto name = ObjectName::parse(options.object);
  if (!name.ok()) return report(name.error(), options.format);
  if (options.output.empty()) options.output = last_part(name->key);
  bool is_asked_for = !options.agent.empty();
  if (!is_asked_for) options.agent = default_agent_socket();
  bool may_use_agent = options.uses_agent && options.output != "-" && options.linger.empty() &&
                       options.peer.store_dir.empty();
  if (is_asked_for || (may_use_agent && is_agent_there(options.agent))) {
    AgentFetch fetch{options.agent, *name, options.version, options.output};
    ProgressPrinter printer(style_of(options.progress), *name);
    auto fetched = fetch_through_agent(
        fetch, [&](const Progress& now, double seconds) { printer.show(now, seconds); });
    printer.finish();
    if (!fetched.ok()) return report(fetched.error(), options.format);
    auto json = summary(options, fetched->version, fetched->progress, fetched->seconds);
    json["through_agent"] = true;
    print_summary(options, json);
    auto told = write_done_file(options, json);
    return told.ok() ? kExitOk : report(told.error(), options.format);
  }
  return Download(std::move(options), std::move(*name)).run();
}

}  // namespace tyto::cli
