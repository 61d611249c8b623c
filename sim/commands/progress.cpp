#include "sim/commands/progress.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/world/world.h"

namespace tyto::sim {
namespace {

constexpr double kRewriteEach_s = 0.2;
constexpr double kLineEach_s = 5;
constexpr double kEstimateFrom = 0.005;  // share of the work, before which nothing can be said
constexpr Duration kLookEach = Duration::milliseconds(10);

double seconds_of(Duration span) {
  return static_cast<double>(span.ns()) / 1e9;
}

std::string time_text(double seconds) {
  auto whole = static_cast<uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s", whole);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

std::string rate_text(uint64_t events, double elapsed_s) {
  double rate = elapsed_s > 0 ? static_cast<double>(events) / elapsed_s : 0;
  if (rate >= 1e6) return fmt::format("{:.1f} M events/s", rate / 1e6);
  return fmt::format("{:.0f} k events/s", rate / 1e3);
}

class Watcher final : public Checker {
 public:
  explicit Watcher(ProgressLine& line) : line_(line) {}
  std::string_view name() const override { return "progress line"; }

  Instant on_time(World& world) override {
    update(world);
    line_.update(progress_);
    return world.now() + kLookEach;
  }
  void on_delivered(World& world, NodeId, uint32_t read, const ChunkId& chunk,
                    ContentTag) override {
    progress_.bytes_delivered += world.read(read).facts->chunking.length_of(chunk.index);
  }
  void on_read_ended(World&, uint32_t) override { ++progress_.reads_over; }
  void on_end(World& world) override {
    update(world);
    line_.finish(progress_);
  }

 private:
  void update(World& world) {
    if (progress_.reads == 0) {
      const Scenario& scenario = world.scenario();
      progress_.reads = static_cast<uint32_t>(scenario.reads.size());
      for (const ReadSpec& read : scenario.reads)
        progress_.bytes_wanted += scenario.objects[read.object].bytes;
    }
    progress_.virtual_time = world.now() - world.start_time();
    progress_.events = world.events();
  }

  ProgressLine& line_;
  RunProgress progress_;
};

}  // namespace

double RunProgress::share() const {
  auto part = [](double done, double all) { return all > 0 ? std::min(1.0, done / all) : 0; };
  return std::max(part(static_cast<double>(bytes_delivered), static_cast<double>(bytes_wanted)),
                  part(reads_over, reads));
}

ProgressLine::ProgressLine(std::FILE* out, Output output, std::string name, Clock clock)
    : out_(out), output_(output), name_(std::move(name)), clock_(std::move(clock)) {
  started_s_ = clock_();
  next_s_ = started_s_ + (output_ == Output::kRewritten ? kRewriteEach_s : kLineEach_s);
}

std::string ProgressLine::text(const RunProgress& progress, double elapsed_s) {
  double share = progress.share();
  std::string left = "time left unknown yet";
  if (share >= kEstimateFrom)
    left = fmt::format("about {} left", time_text(elapsed_s * (1 - share) / share));
  return fmt::format("{:.0f} % done, {} of {} reads, virtual time {:.1f} s, {}, {}", share * 100,
                     std::min(progress.reads_over, progress.reads), progress.reads,
                     seconds_of(progress.virtual_time), rate_text(progress.events, elapsed_s),
                     left);
}

void ProgressLine::update(const RunProgress& progress) {
  double now_s = clock_();
  if (now_s < next_s_) return;
  next_s_ = now_s + (output_ == Output::kRewritten ? kRewriteEach_s : kLineEach_s);
  has_printed_ = true;
  std::string line = name_ + ": " + text(progress, now_s - started_s_);
  bool is_rewritten = output_ == Output::kRewritten;
  std::fprintf(out_, is_rewritten ? "\r\x1b[K%s" : "%s\n", line.c_str());
  std::fflush(out_);
}

void ProgressLine::finish(const RunProgress& progress) {
  if (!has_printed_) return;
  double elapsed_s = clock_() - started_s_;
  std::fprintf(out_, "%s%s: %s events in %.1f s (%s)\n",
               output_ == Output::kRewritten ? "\r\x1b[K" : "", name_.c_str(),
               std::to_string(progress.events).c_str(), elapsed_s,
               rate_text(progress.events, elapsed_s).c_str());
  std::fflush(out_);
}

std::unique_ptr<Checker> show_progress(ProgressLine& line) {
  return std::make_unique<Watcher>(line);
}

}  // namespace tyto::sim
