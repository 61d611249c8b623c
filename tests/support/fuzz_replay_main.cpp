// Runs a fuzz target over its corpus and over mutations of it, the same ones on every run and every
// machine, so that fuzz targets are part of the ordinary tests and need no clang.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/rng.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
#ifdef __SANITIZE_ADDRESS__
extern "C" void __sanitizer_set_death_callback(void (*callback)());
#endif

namespace {

using Bytes = std::vector<uint8_t>;

constexpr std::size_t kInputBytesMax = 256 * 1024;
constexpr uint32_t kEditsMax = 6;

struct Options {
  std::string name = "fuzz";
  std::string corpus;
  uint32_t mutations = 2000;
  uint64_t seed = 1;
  std::vector<std::string> files;  // given: run these alone
};

struct Seed {
  std::string name;
  Bytes bytes;
};

// What is being run, for the handler of fatal signals; plain data, written before each run.
struct UnderWay {
  const uint8_t* data = nullptr;
  std::size_t size = 0;
  char what[256] = {};
  char crash_path[256] = {};
} under_way;

void write_all(int fd, const void* data, std::size_t size) {
  auto* at = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t written = ::write(fd, at, size);
    if (written <= 0) return;
    at += written;
    size -= static_cast<std::size_t>(written);
  }
}

void write_text(int fd, const char* text) {
  write_all(fd, text, std::strlen(text));
}

// Saves the input and names it, with calls that are safe in a signal handler.
void save_input() {
  write_text(STDERR_FILENO, "fuzz replay: crashed on ");
  write_text(STDERR_FILENO, under_way.what);
  const int fd = ::open(under_way.crash_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd >= 0) {
    write_all(fd, under_way.data, under_way.size);
    ::close(fd);
    write_text(STDERR_FILENO, "; the input is in ");
    write_text(STDERR_FILENO, under_way.crash_path);
  }
  write_text(STDERR_FILENO, "\n");
}

void on_fatal_signal(int signal) {
  save_input();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

// The address sanitizer reports by itself, and calls back before it ends the process.
void watch_for_crashes() {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_set_death_callback(save_input);
  std::signal(SIGABRT, on_fatal_signal);
#else
  for (int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    std::signal(signal, on_fatal_signal);
  }
#endif
}

void run_one(const Bytes& input, const std::string& what) {
  // A copy of exactly that size, so that a sanitizer sees a read past the end.
  const Bytes exact(input.begin(), input.end());
  under_way.data = exact.data();
  under_way.size = exact.size();
  std::snprintf(under_way.what, sizeof under_way.what, "%s (%zu bytes)", what.c_str(),
                exact.size());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

// Numbers at which lengths, counts and signs go wrong.
constexpr uint64_t kInteresting[] = {
    0,          1,          0x7f,       0x80,         0xff,
    0x100,      0x7fff,     0xffff,     0x10000,      0x7fffffff,
    0x80000000, 0xffffffff, 0x10000000, ~uint64_t{0}, uint64_t{1} << 63,
    0x4000};

class Mutator {
 public:
  Mutator(const std::vector<Seed>& corpus, uint64_t seed) : corpus_(corpus), rng_(seed) {}

  // The next mutation of `base`.
  Bytes next(const Bytes& base) {
    Bytes bytes = base;
    const uint32_t edits = 1 + rng_.below(kEditsMax);
    for (uint32_t i = 0; i < edits; ++i) edit(bytes);
    if (bytes.size() > kInputBytesMax) bytes.resize(kInputBytesMax);
    return bytes;
  }

 private:
  std::size_t place(std::size_t size) {
    return size == 0 ? 0 : rng_.below(static_cast<uint32_t>(size));
  }

  void edit(Bytes& bytes) {
    if (bytes.empty()) return insert(bytes);
    switch (rng_.below(8)) {
      case 0: bytes[place(bytes.size())] ^= static_cast<uint8_t>(1u << rng_.below(8)); break;
      case 1: bytes[place(bytes.size())] = static_cast<uint8_t>(rng_.next32()); break;
      case 2: overwrite_number(bytes); break;
      case 3: insert(bytes); break;
      case 4: erase(bytes); break;
      case 5: bytes.resize(place(bytes.size())); break;
      case 6: repeat(bytes); break;
      case 7: splice(bytes); break;
    }
  }

  void overwrite_number(Bytes& bytes) {
    const uint64_t number = kInteresting[rng_.below(std::size(kInteresting))];
    const std::size_t width = std::size_t{1} << rng_.below(4);
    const std::size_t at = place(bytes.size()) / width * width;  // fields are aligned, mostly
    for (std::size_t i = 0; i < width && at + i < bytes.size(); ++i) {
      bytes[at + i] = static_cast<uint8_t>(number >> (8 * i));
    }
  }

  void insert(Bytes& bytes) {
    Bytes more(1 + rng_.below(16));
    for (uint8_t& byte : more) byte = static_cast<uint8_t>(rng_.next32());
    const auto at = static_cast<std::ptrdiff_t>(place(bytes.size() + 1));
    bytes.insert(bytes.begin() + at, more.begin(), more.end());
  }

  void erase(Bytes& bytes) {
    const std::size_t begin = place(bytes.size());
    const std::size_t end = std::min(bytes.size(), begin + 1 + rng_.below(16));
    bytes.erase(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                bytes.begin() + static_cast<std::ptrdiff_t>(end));
  }

  void repeat(Bytes& bytes) {
    const std::size_t begin = place(bytes.size());
    const std::size_t end = std::min(bytes.size(), begin + 1 + rng_.below(64));
    const Bytes part(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                     bytes.begin() + static_cast<std::ptrdiff_t>(end));
    bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(begin), part.begin(), part.end());
  }

  // The front of this one and the back of another.
  void splice(Bytes& bytes) {
    const Bytes& other = corpus_[place(corpus_.size())].bytes;
    bytes.resize(place(bytes.size()));
    const auto from = static_cast<std::ptrdiff_t>(place(other.size() + 1));
    bytes.insert(bytes.end(), other.begin() + from, other.end());
  }

  const std::vector<Seed>& corpus_;
  tyto::Rng rng_;
};

bool read_file(const std::string& path, Bytes& bytes) {
  std::ifstream file(path, std::ios::binary);
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  return file.is_open() && !file.bad();
}

// The files of a folder in the order of their names; empty, with a message, if there are none.
std::vector<Seed> read_corpus(const std::string& folder) {
  std::vector<Seed> corpus;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (!entry.is_regular_file()) continue;
    Seed seed{entry.path().filename().string(), {}};
    if (read_file(entry.path().string(), seed.bytes)) corpus.push_back(std::move(seed));
  }
  std::sort(corpus.begin(), corpus.end(),
            [](const Seed& a, const Seed& b) { return a.name < b.name; });
  if (corpus.empty()) {
    std::fprintf(stderr, "fuzz replay: the corpus %s is missing or empty: put valid inputs there\n",
                 folder.c_str());
  }
  return corpus;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (!argument.starts_with("--")) {
      options.files.emplace_back(argument);
      continue;
    }
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    if (argument == "--name") {
      options.name = value;
    } else if (argument == "--corpus") {
      options.corpus = value;
    } else if (argument == "--mutations") {
      if (!parse_number(value, options.mutations)) return false;
    } else if (argument == "--seed") {
      if (!parse_number(value, options.seed)) return false;
    } else {
      return false;
    }
  }
  return !options.corpus.empty() || !options.files.empty();
}

int run_files(const Options& options) {
  for (const std::string& file : options.files) {
    Bytes bytes;
    if (!read_file(file, bytes)) {
      std::fprintf(stderr, "fuzz replay: cannot read %s\n", file.c_str());
      return 1;
    }
    run_one(bytes, file);
  }
  std::printf("%zu files\n", options.files.size());
  return 0;
}

int run_corpus(const Options& options) {
  const std::vector<Seed> corpus = read_corpus(options.corpus);
  if (corpus.empty()) return 1;
  run_one({}, "the empty input");
  for (const Seed& seed : corpus) run_one(seed.bytes, seed.name);
  Mutator mutator(corpus, options.seed);
  for (uint32_t i = 0; i < options.mutations; ++i) {
    const Seed& seed = corpus[i % corpus.size()];
    run_one(mutator.next(seed.bytes), "mutation " + std::to_string(i) + " of " + seed.name);
  }
  std::printf("%zu files, %u mutations, seed %llu\n", corpus.size(), options.mutations,
              static_cast<unsigned long long>(options.seed));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  if (!parse(argc, argv, options)) {
    std::fprintf(stderr,
                 "usage: %s [--name NAME] --corpus FOLDER [--mutations N] [--seed N]\n"
                 "       %s FILE...\n",
                 argv[0], argv[0]);
    return 2;
  }
  if (options.files.empty()) {  // a file that is given need not be saved again
    std::snprintf(under_way.crash_path, sizeof under_way.crash_path, "%s-crash.bin",
                  options.name.c_str());
  }
  watch_for_crashes();
  return options.files.empty() ? run_corpus(options) : run_files(options);
}
