#include "peer/engine/object_state.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "peer/engine/save_file.h"

namespace tyto {
namespace {

// Waiting threads look again this often, come what may.
constexpr std::chrono::milliseconds kLookAgain{100};

Error peer_has_left() {
  return {ErrorCode::kCancelled, "the peer has left"};
}

}  // namespace

ObjectState::ObjectState(std::shared_ptr<PeerRuntime> runtime, std::string bucket, std::string key,
                         OpenOptions options)
    : runtime_(std::move(runtime)),
      bucket_(std::move(bucket)),
      key_(std::move(key)),
      options_(std::move(options)) {}

ObjectState::~ObjectState() {
  runtime_->post([handles = handles_](peer::Engine& engine) {
    for (OpenId handle : handles) engine.close(handle);
  });
}

OpenRequested ObjectState::request_of(ReadMode mode) const {
  OpenRequested request;
  request.bucket = bucket_;
  request.key = key_;
  request.mode = mode;
  if (facts_) {
    request.pinned = facts_->id;
    return request;
  }
  // A stream is mostly read from its beginning: the open itself asks for the first chunk, so that
  // a small object takes one round trip.
  if (mode == ReadMode::kStream) request.window_count = 1;
  if (!options_.version.empty()) request.pinned = VersionId{*Digest::from_hex(options_.version)};
  return request;
}

peer::OpenHandlers ObjectState::handlers() {
  peer::OpenHandlers on;
  std::weak_ptr<ObjectState> weak = weak_from_this();
  on.opened = [weak](const VersionFactsRef& facts, Medium medium) {
    auto self = weak.lock();
    if (!self) return;
    if (self->facts_known()) return;  // a further handle of an object that is open
    // Here on the loop nothing can arrive meanwhile, so no chunk is counted twice.
    uint64_t stored = self->stored_bytes(*facts);
    std::lock_guard lock(self->mutex_);
    self->answered_ = facts;
    self->medium_ = medium;
    self->progress_.total_bytes = facts->chunking.object_bytes;
    self->progress_.from_store = self->progress_.done_bytes = stored;
    self->changed_.notify_all();
  };
  on.failed = [weak](const Error& error) {
    if (auto self = weak.lock()) self->fail(error);
  };
  on.chunk_ready = [weak](ChunkIndex, SourceKind from, uint32_t bytes) {
    auto self = weak.lock();
    if (!self) return;
    std::lock_guard lock(self->mutex_);
    uint64_t& count = from == SourceKind::kPeer        ? self->progress_.from_peers
                      : from == SourceKind::kSuperpeer ? self->progress_.from_superpeers
                                                       : self->progress_.from_origin;
    count += bytes;
    self->progress_.done_bytes += bytes;
    self->progress_.wait = {};
    ++self->arrivals_;
    // Whoever waits for all of it need not wake up for each chunk.
    if (self->chunk_waits_ > 0 || self->has_all_come()) self->changed_.notify_all();
  };
  on.waits = [weak](const Wait& wait) {
    auto self = weak.lock();
    if (!self) return;
    std::lock_guard lock(self->mutex_);
    self->progress_.wait = wait;
  };
  return on;
}

void ObjectState::fail(const Error& error) {
  std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
  changed_.notify_all();
}

OpenId ObjectState::ask_open(ReadMode mode) {
  auto request = request_of(mode);
  auto on = handlers();
  // One handle of an object counts what comes in; the others would count it again.
  if (facts_) on.chunk_ready = nullptr;
  OpenId id = runtime_->ask<OpenId>(
      [request, on](peer::Engine& engine) { return engine.open(request, on); }, OpenId(0));
  std::lock_guard lock(mutex_);
  handles_.push_back(id);
  return id;
}

Result<void> ObjectState::open() {
  if (!options_.version.empty()) {
    auto digest = Digest::from_hex(options_.version);
    if (!digest || digest->is_zero())
      return Error{ErrorCode::kInvalidArgument, "version '" + options_.version +
                                                    "' is not 64 hexadecimal digits that are not "
                                                    "all zero"};
  }
  bool is_whole = options_.order == FetchOrder::kAny;
  OpenId id = ask_open(is_whole ? ReadMode::kWhole : ReadMode::kStream);
  if (id == OpenId(0)) return peer_has_left();
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kLookAgain, [&] { return error_ || answered_; }))
    if (!runtime_->is_running()) return peer_has_left();
  if (error_) return *error_;
  facts_ = answered_;
  is_fetching_all_ = is_whole;
  idle_.push_back({id, 0, is_whole ? 0u : 1u});
  return {};
}

bool ObjectState::facts_known() const {
  std::lock_guard lock(mutex_);
  return answered_ != nullptr;
}

uint64_t ObjectState::arrivals() const {
  std::lock_guard lock(mutex_);
  return arrivals_;
}

uint64_t ObjectState::room() const {
  const peer::StoreUsage usage = runtime_->store().usage();
  std::lock_guard lock(mutex_);
  return medium_ == Medium::kMemory ? usage.memory_limit_bytes : usage.limit_bytes;
}

uint64_t ObjectState::stored_bytes(const VersionFacts& facts) const {
  uint64_t stored = 0;
  for (uint32_t c = 0; c < facts.chunking.chunk_count(); ++c)
    if (runtime_->store().find({facts.id, ChunkIndex(c)}))
      stored += facts.chunking.length_of(ChunkIndex(c));
  return stored;
}

ObjectState::Handle ObjectState::take_handle() {
  {
    std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Handle handle = idle_.back();
      idle_.pop_back();
      return handle;
    }
  }
  return {ask_open(ReadMode::kStream), 0, 0};
}

void ObjectState::give_back(Handle handle) {
  std::lock_guard lock(mutex_);
  idle_.push_back(handle);
}

void ObjectState::move_window(Handle& handle, uint32_t chunk) {
  {
    std::lock_guard lock(mutex_);
    if (is_fetching_all_) return;
  }
  const Chunking& chunking = facts_->chunking;
  uint64_t ahead = options_.readahead_bytes / chunking.chunk_bytes;
  // Half of the store at most: what was passed leaves while what comes arrives.
  uint64_t room = this->room() / chunking.chunk_bytes / 2;
  auto count = static_cast<uint32_t>(1 + std::min(ahead, room > 0 ? room - 1 : 0));
  count = std::min(count, chunking.chunk_count() - chunk);
  if (handle.window_first == chunk && handle.window_count == count) return;
  handle.window_first = chunk;
  handle.window_count = count;
  runtime_->post([handle](peer::Engine& engine) {
    engine.move_window(handle.id, handle.window_first, handle.window_count);
  });
}

Result<std::shared_ptr<const peer::ChunkView>> ObjectState::wait_chunk(Handle& handle,
                                                                       ChunkIndex chunk) {
  move_window(handle, chunk.value());
  for (;;) {
    uint64_t seen = 0;
    {
      std::lock_guard lock(mutex_);
      if (error_) return *error_;
      seen = arrivals_;
    }
    if (auto view = runtime_->store().find({facts_->id, chunk})) return view;
    std::unique_lock lock(mutex_);
    ++chunk_waits_;
    changed_.wait_for(lock, kLookAgain, [&] { return error_ || arrivals_ != seen; });
    --chunk_waits_;
    if (!error_ && !runtime_->is_running()) return peer_has_left();
  }
}

Result<void> ObjectState::read_pieces(Handle& handle, uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    ChunkIndex chunk = facts_->chunking.chunk_at(offset);
    auto view = wait_chunk(handle, chunk);
    if (!view.ok()) return view.error();
    auto within = static_cast<uint32_t>(offset - facts_->chunking.offset_of(chunk));
    std::size_t piece = std::min<std::size_t>(out.size(), (*view)->size() - within);
    if (auto done = (*view)->read(within, out.first(piece)); !done.ok()) return done.error();
    offset += piece;
    out = out.subspan(piece);
  }
  return {};
}

Result<std::size_t> ObjectState::read(uint64_t offset, std::span<std::byte> out) {
  uint64_t size = facts_->chunking.object_bytes;
  if (offset >= size) return std::size_t{0};
  out = out.first(static_cast<std::size_t>(std::min<uint64_t>(out.size(), size - offset)));
  Handle handle = take_handle();
  auto done = read_pieces(handle, offset, out);
  give_back(handle);
  if (!done.ok()) return done.error();
  return out.size();
}

Result<std::size_t> ObjectState::next(std::span<std::byte> out) {
  auto got = read(next_offset_, out);
  if (got.ok()) next_offset_ += *got;
  return got;
}

Result<void> ObjectState::save(const std::string& path,
                               const std::function<void(const Progress&)>& progress) {
  if (facts_->chunking.object_bytes > room()) return stream_to(path, progress);
  bool is_asked = false;
  {
    std::lock_guard lock(mutex_);
    is_asked = std::exchange(is_fetching_all_, true);
  }
  if (!is_asked && ask_open(ReadMode::kWhole) == OpenId(0)) return peer_has_left();
  if (auto whole = wait_whole(progress); !whole.ok()) return whole.error();
  if (auto written = write_whole(path); !written.ok()) return written.error();
  if (progress) progress(this->progress());
  return {};
}

Result<void> ObjectState::wait_whole(const std::function<void(const Progress&)>& progress) {
  for (uint32_t c = 0; c < facts_->chunking.chunk_count();) {
    uint64_t seen = arrivals();
    if (runtime_->store().find({facts_->id, ChunkIndex(c)})) {
      ++c;
      continue;
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLookAgain,
                      [&] { return error_ || (arrivals_ != seen && has_all_come()); });
    if (error_) return *error_;
    if (!runtime_->is_running()) return peer_has_left();
    Progress now = progress_;
    lock.unlock();
    if (progress) progress(now);
  }
  return {};
}

Result<void> ObjectState::write_whole(const std::string& path) {
  peer::DiskStore* disk = runtime_->disk_store();
  if (disk == nullptr || facts_->chunking.object_bytes == 0) return write_chunks(path);
  // kNotFound: some of it is in memory only.
  if (runtime_->is_store_scratch()) {
    auto given = disk->hand_over(facts_->id, path);
    if (!given.ok() && given.error().code == ErrorCode::kNotFound) return write_chunks(path);
    if (given.ok() || given.error().code != ErrorCode::kUnsupported) return given;
  }
  auto exported = disk->export_object(facts_->id, path);
  bool is_on_disk = exported.ok() || exported.error().code != ErrorCode::kNotFound;
  return is_on_disk ? exported : write_chunks(path);
}

Result<void> ObjectState::write_chunks(const std::string& path) {
  SaveFile file(path);
  Result<void> written = file.open();
  std::vector<std::byte> buffer;
  for (uint32_t c = 0; written.ok() && c < facts_->chunking.chunk_count(); ++c) {
    auto view = runtime_->store().find({facts_->id, ChunkIndex(c)});
    if (!view) return Error{ErrorCode::kUnavailable, "a chunk left the store while it was saved"};
    buffer.resize(view->size());
    if (auto got = view->read(0, buffer); !got.ok()) return got.error();
    written = file.write(buffer);
  }
  return written.ok() ? file.commit() : written;
}

Result<void> ObjectState::stream_to(const std::string& path,
                                    const std::function<void(const Progress&)>& progress) {
  SaveFile file(path);
  if (auto opened = file.open(); !opened.ok()) return opened.error();
  std::vector<std::byte> buffer(1 << 20);
  uint64_t offset = 0;
  auto last_told = std::chrono::steady_clock::now();
  for (;;) {
    auto got = read(offset, buffer);
    if (!got.ok()) return got.error();
    if (*got == 0) break;
    if (auto put = file.write(std::span(buffer).first(*got)); !put.ok()) return put.error();
    offset += *got;
    auto now = std::chrono::steady_clock::now();
    if (progress && now - last_told >= kLookAgain) {
      progress(this->progress());
      last_told = now;
    }
  }
  if (progress) progress(this->progress());
  return file.commit();
}

void ObjectState::cancel() {
  fail({ErrorCode::kCancelled, bucket_ + "/" + key_ + " was cancelled by its reader"});
  runtime_->post([handles = handles_](peer::Engine& engine) {
    for (OpenId handle : handles) engine.close(handle);
  });
}

Progress ObjectState::progress() const {
  std::lock_guard lock(mutex_);
  return progress_;
}

Object::Object(std::shared_ptr<ObjectState> state) : state_(std::move(state)) {}
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;

uint64_t Object::size() const {
  return state_->facts().chunking.object_bytes;
}
std::string Object::version() const {
  return state_->facts().id.hex();
}
uint32_t Object::chunk_bytes() const {
  return state_->facts().chunking.chunk_bytes;
}
Result<std::size_t> Object::read(uint64_t offset, std::span<std::byte> out) {
  return state_->read(offset, out);
}
Result<std::size_t> Object::next(std::span<std::byte> out) {
  return state_->next(out);
}
Result<void> Object::save(const std::string& path,
                          const std::function<void(const Progress&)>& progress) {
  return state_->save(path, progress);
}
void Object::cancel() {
  state_->cancel();
}
Progress Object::progress() const {
  return state_->progress();
}

Result<Object> Peer::open(std::string_view bucket, std::string_view key, OpenOptions options) {
  auto state = std::make_shared<ObjectState>(runtime_, std::string(bucket), std::string(key),
                                             std::move(options));
  if (auto opened = state->open(); !opened.ok()) return opened.error();
  return Object(std::move(state));
}

}  // namespace tyto
