#include "peer/origin/file_origin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "base/names.h"
#include "io/http/url.h"
#include "io/loop/loop.h"
#include "peer/origin/file_read.h"
#include "peer/origin/worker_threads.h"
#include "peer/transfer/chunk_assembly.h"
#include "peer/transfer/failure.h"

namespace tyto::peer {
namespace {

// An open regular file and what it was like.
struct OpenFile {
  OpenFile() = default;
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  int fd = -1;
  uint64_t size = 0;
  WallTime modified;
};

WallTime modified_of(const struct stat& info) {
  return WallTime::from_unix_ns(int64_t{info.st_mtim.tv_sec} * 1'000'000'000 +
                                info.st_mtim.tv_nsec);
}

Error error_of_errno(const std::string& path, int number) {
  std::string message = printable(path) + ": " + std::strerror(number);
  switch (number) {
    case ENOENT:
    case ENOTDIR: return {ErrorCode::kNotFound, message};
    case EACCES:
    case EPERM: return {ErrorCode::kDenied, message + "; this process may not read it"};
    case ENAMETOOLONG:
    case ELOOP: return {ErrorCode::kInvalidArgument, message};
    default: return {ErrorCode::kUnavailable, message};
  }
}

// O_NONBLOCK: a FIFO in the way must not block the thread for ever.
Result<void> open_file(const std::string& path, OpenFile& file) {
  file.fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info {};
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0) return error_of_errno(path, errno);
  if (!S_ISREG(info.st_mode))
    return {ErrorCode::kInvalidArgument,
            printable(path) + " is not a regular file; an object must be one"};
  file.size = static_cast<uint64_t>(info.st_size);
  file.modified = modified_of(info);
  return {};
}

// What `file` must be like to be the version that `facts` speak of.
std::optional<ReadFault> check_pin(const VersionFacts& facts, uint64_t size, WallTime modified,
                                   const std::string& path) {
  if (size != facts.chunking.object_bytes)
    return ReadFault{FailureKind::kOriginChanged, printable(path) + " has " + std::to_string(size) +
                                                      " bytes, expected " +
                                                      std::to_string(facts.chunking.object_bytes)};
  if (facts.origin.modified && modified != *facts.origin.modified)
    return ReadFault{FailureKind::kOriginChanged,
                     printable(path) + " was modified after it was looked up"};
  return std::nullopt;
}

ReadFault fault_of_open(const Error& error) {
  if (error.code == ErrorCode::kNotFound) return {FailureKind::kOriginMissing, error.message};
  return {FailureKind::kOriginFailed, error.message};
}

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    std::size_t slash = path.find('/');
    std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return false;
}

// One chunk in the hands of a thread, until it has posted the outcome.
struct Job {
  OriginFetch fetch;
  std::unique_ptr<ChunkAssembly> assembly;
  std::atomic<bool> is_cancelled = false;
};

}  // namespace

Result<std::string> path_of_file_url(std::string_view url, std::string_view root) {
  auto fail = [&](const std::string& why) {
    return Result<std::string>(ErrorCode::kInvalidArgument,
                               "\"" + printable(url) + "\" " + why +
                                   "; expected file:///path/to/file below " + std::string(root));
  };
  constexpr std::string_view kScheme = "file://";
  if (!url.starts_with(kScheme)) return fail("is no file URL");
  url.remove_prefix(kScheme.size());
  if (url.starts_with("localhost/")) url.remove_prefix(std::strlen("localhost"));
  if (!url.starts_with("/")) return fail("names another host");
  auto path = io::percent_decode(url);
  if (!path) return fail("has a bad escape");
  const std::string& decoded = path.value();
  if (decoded.find('\0') != std::string::npos) return fail("holds a NUL");
  if (has_dot_segment(decoded)) return fail("holds a \".\" or \"..\"");
  std::string below(root);
  if (!below.ends_with('/')) below += '/';
  if (!decoded.starts_with(below)) return fail("is outside of what may be read here");
  return path;
}

struct FileOrigin::Impl : std::enable_shared_from_this<FileOrigin::Impl> {
  Impl(io::Loop& its_loop, FileOriginOptions its_options)
      : loop(its_loop), options(std::move(its_options)), workers(options.threads) {}

  // On a worker thread.
  void run_resolve(uint64_t id, const std::string& url);
  void run_fetch(uint64_t id, Job& job);
  Result<Digest> read(uint64_t id, Job& job, ReadFault& fault);
  // On the loop.
  void resolve_done(uint64_t id, Result<OriginObject> object);
  void fetch_done(uint64_t id, const Result<Digest>& root, ReadFault fault, uint32_t bytes);

  struct Fetch {
    std::shared_ptr<Job> job;
    TransferEvents events;
  };

  io::Loop& loop;
  const FileOriginOptions options;
  std::atomic<uint64_t> bytes_read = 0;
  std::atomic<uint64_t> opened = 0;
  uint64_t failures = 0;
  uint64_t last_id = 0;
  std::map<uint64_t, Fetch> fetches;
  std::map<uint64_t, Resolved> resolves;
  WorkerThreads workers;  // last, so that threads end first
};

void FileOrigin::Impl::run_resolve(uint64_t id, const std::string& url) {
  auto answer = [&]() -> Result<OriginObject> {
    auto path = path_of_file_url(url, options.root);
    if (!path) return path.error();
    OpenFile file;
    ++opened;
    if (auto result = open_file(path.value(), file); !result) return result.error();
    OriginObject object;
    object.url = url;
    object.size = file.size;
    object.modified = file.modified;
    return object;
  }();
  loop.post([weak = weak_from_this(), id, answer = std::move(answer)]() mutable {
    if (auto self = weak.lock()) self->resolve_done(id, std::move(answer));
  });
}

void FileOrigin::Impl::resolve_done(uint64_t id, Result<OriginObject> object) {
  auto node = resolves.extract(id);
  if (node.empty()) return;
  if (!object) ++failures;
  node.mapped()(std::move(object));
}

Result<Digest> FileOrigin::Impl::read(uint64_t id, Job& job, ReadFault& fault) {
  const VersionFacts& facts = *job.fetch.facts;
  auto failed = [&fault](ReadFault why) {
    fault = std::move(why);
    return Result<Digest>(ErrorCode::kUnavailable, fault.detail);
  };
  auto path = path_of_file_url(facts.origin.url, options.root);
  if (!path) return failed({FailureKind::kOriginFailed, path.error().message});
  OpenFile file;
  ++opened;
  if (auto result = open_file(path.value(), file); !result)
    return failed(fault_of_open(result.error()));
  if (auto wrong = check_pin(facts, file.size, file.modified, path.value()))
    return failed(*std::move(wrong));
  FileRead reading{file.fd,
                   facts.chunking.offset_of(job.fetch.chunk),
                   printable(path.value()),
                   job.is_cancelled,
                   bytes_read,
                   [this, id](uint8_t quarter) {
                     loop.post([weak = weak_from_this(), id, quarter] {
                       auto self = weak.lock();
                       if (!self) return;
                       auto it = self->fetches.find(id);
                       if (it == self->fetches.end() || !it->second.events.progressed) return;
                       auto progressed = it->second.events.progressed;
                       progressed(quarter);
                     });
                   }};
  if (auto wrong = read_chunk(reading, *job.assembly)) return failed(*std::move(wrong));
  struct stat after {};
  if (::fstat(file.fd, &after) != 0)
    return failed(fault_of_open(error_of_errno(path.value(), errno)));
  if (auto wrong =
          check_pin(facts, static_cast<uint64_t>(after.st_size), modified_of(after), path.value()))
    return failed(*std::move(wrong));
  auto root = job.assembly->finish();
  if (root) return root;
  FailureKind kind = failure_of_assembly(root.error());
  if (kind == FailureKind::kCorrupt && !facts.origin.modified) kind = FailureKind::kOriginChanged;
  return failed({kind, printable(path.value()) + ": " + root.error().message});
}

void FileOrigin::Impl::run_fetch(uint64_t id, Job& job) {
  ReadFault fault;
  auto root = read(id, job, fault);
  uint32_t bytes = job.assembly->received_bytes();
  job.assembly.reset();  // the writer leaves no trace before anyone hears of a failure
  loop.post([weak = weak_from_this(), id, root = std::move(root), fault = std::move(fault),
             bytes]() mutable {
    if (auto self = weak.lock()) self->fetch_done(id, root, std::move(fault), bytes);
  });
}

void FileOrigin::Impl::fetch_done(uint64_t id, const Result<Digest>& root, ReadFault fault,
                                  uint32_t bytes) {
  auto node = fetches.extract(id);
  if (node.empty()) return;
  TransferEvents events = std::move(node.mapped().events);
  if (!root) ++failures;
  if (root && events.done) events.done(root.value(), bytes);
  if (!root && events.failed) events.failed(fault.kind, bytes, std::move(fault.detail));
}

FileOrigin::FileOrigin(io::Loop& loop, FileOriginOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

FileOrigin::~FileOrigin() {
  for (auto& [id, fetch] : impl_->fetches) fetch.job->is_cancelled = true;
}

void FileOrigin::resolve(const std::string& url, Resolved resolved) {
  uint64_t id = ++impl_->last_id;
  impl_->resolves.emplace(id, std::move(resolved));
  impl_->workers.submit([impl = impl_.get(), id, url] { impl->run_resolve(id, url); });
}

uint64_t FileOrigin::fetch(OriginFetch fetch, std::unique_ptr<ChunkWriter> writer,
                           TransferEvents events) {
  uint64_t id = ++impl_->last_id;
  auto job = std::make_shared<Job>();
  job->assembly = std::make_unique<ChunkAssembly>(fetch.facts->chunking, fetch.chunk,
                                                  fetch.expected_root, std::move(writer));
  job->fetch = std::move(fetch);
  impl_->fetches.emplace(id, Impl::Fetch{job, std::move(events)});
  impl_->workers.submit([impl = impl_.get(), id, job] { impl->run_fetch(id, *job); });
  return id;
}

void FileOrigin::cancel(uint64_t fetch) {
  auto node = impl_->fetches.extract(fetch);
  if (!node.empty()) node.mapped().job->is_cancelled = true;
}

OriginStats FileOrigin::stats() const {
  return {impl_->bytes_read, impl_->opened, 0, impl_->failures};
}

}  // namespace tyto::peer
