// Writes the golden files of the protocol's present version, and the corpora of the fuzz targets
// that decode messages. Run by hand when the protocol has grown, in a new folder of golden files:
// what was written once is never written again.
//
//   schema_golden_writer tests/golden/messages/v1 tests/fuzz/corpus
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "schema/codec/cluster_codec.h"
#include "schema/codec/codec.h"
#include "tests/schema/cluster_samples.h"
#include "tests/schema/sample_messages.h"

namespace tyto {
namespace {

template <class T>
void write(const std::filesystem::path& path, const T& message) {
  std::filesystem::create_directories(path.parent_path());
  std::vector<std::byte> bytes = to_bytes(message);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  if (!file.flush()) {
    std::fprintf(stderr, "cannot write %s\n", path.c_str());
    std::exit(1);
  }
}

void write_golden(const std::filesystem::path& folder) {
  write(folder / "register_request.bin", samples::register_request());
  write(folder / "register_reply.bin", samples::register_reply());
  write(folder / "exchange_up.bin", samples::exchange_up());
  write(folder / "exchange_down.bin", samples::exchange_down());
  write(folder / "hedge.bin", samples::hedge());
  write(folder / "run.bin", samples::run());
  write(folder / "register_request_memory.bin", samples::register_request_memory());
  write(folder / "exchange_up_memory.bin", samples::exchange_up_memory());
  write(folder / "exchange_down_memory.bin", samples::exchange_down_memory());
  write(folder / "inventory_in_memory.bin", samples::inventory_in_memory());
  write(folder / "show_wait.bin", samples::show_wait());
  write(folder / "register_request_moved.bin", samples::register_request_moved());
  write(folder / "register_reply_of_several.bin", samples::register_reply_of_several());
  write(folder / "register_moved.bin", samples::register_moved());
  write(folder / "list_trackers.bin", samples::list_trackers());
  write(folder / "inventory_page.bin", samples::inventory_page());
  write(folder / "roots_request.bin", samples::roots_request());
  write(folder / "roots_page.bin", samples::roots_page());
  write(folder / "tracker_introduced.bin", samples::tracker_introduced());
  write(folder / "cluster_batch.bin", samples::cluster_batch());
  write(folder / "cluster_batch_of_version_2.bin", samples::cluster_batch_of_version_2());
  write(folder / "cluster_batch_of_version_3.bin", samples::cluster_batch_of_version_3());
  write(folder / "cluster_batch_of_version_4.bin", samples::cluster_batch_of_version_4());
  write(folder / "cluster_batch_of_policies.bin", samples::cluster_batch_of_policies());
  write(folder / "inventory_underway.bin", samples::inventory_underway());
}

// Small inputs, one for each member, since mutations then hit what matters more often.
void write_corpus(const std::filesystem::path& folder) {
  write(folder / "register" / "request", samples::register_request());
  write(folder / "register" / "reply", samples::register_reply());
  write(folder / "exchange_up" / "all", samples::exchange_up());
  ExchangeUp up = samples::exchange_up();
  for (std::size_t i = 0; i < up.events.size(); ++i) {
    ExchangeUp one;
    one.first_event = Sequence(1);
    one.events = {up.events[i]};
    write(folder / "exchange_up" / ("event_" + std::to_string(i)), one);
  }
  write(folder / "exchange_down" / "all", samples::exchange_down());
  ExchangeDown down = samples::exchange_down();
  for (std::size_t i = 0; i < down.commands.size(); ++i) {
    ExchangeDown one;
    one.first_command = Sequence(1);
    one.commands = {down.commands[i]};
    write(folder / "exchange_down" / ("command_" + std::to_string(i)), one);
  }
  write(folder / "exchange_down" / "hedge", samples::hedge());
  write(folder / "exchange_down" / "run", samples::run());
  write(folder / "exchange_down" / "show_wait", samples::show_wait());
  write(folder / "exchange_down" / "list_trackers", samples::list_trackers());
  write(folder / "register" / "request_moved", samples::register_request_moved());
  write(folder / "register" / "reply_of_several", samples::register_reply_of_several());
  write(folder / "register" / "moved", samples::register_moved());
  write(folder / "inventory" / "page", samples::inventory_page());
  write(folder / "inventory" / "roots", samples::roots_page());
  write(folder / "cluster" / "introduced", samples::tracker_introduced());
  const ClusterBatch batch = samples::cluster_batch();
  write(folder / "cluster" / "all", batch);
  for (std::size_t i = 0; i < batch.messages.size(); ++i)
    write(folder / "cluster" / ("message_" + std::to_string(i)), ClusterBatch{{batch.messages[i]}});
  write(folder / "cluster" / "version_2", samples::cluster_batch_of_version_2());
  write(folder / "cluster" / "version_3", samples::cluster_batch_of_version_3());
  write(folder / "cluster" / "version_4", samples::cluster_batch_of_version_4());
  write(folder / "cluster" / "policies", samples::cluster_batch_of_policies());
  write(folder / "inventory" / "roots_request", samples::roots_request());
  write(folder / "inventory" / "underway", samples::inventory_underway());
  write(folder / "register" / "request_memory", samples::register_request_memory());
  write(folder / "exchange_up" / "memory", samples::exchange_up_memory());
  write(folder / "exchange_down" / "memory", samples::exchange_down_memory());
  write(folder / "inventory" / "in_memory", samples::inventory_in_memory());
}

}  // namespace
}  // namespace tyto

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s GOLDEN_FOLDER CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  tyto::write_golden(argv[1]);
  tyto::write_corpus(argv[2]);
  return 0;
}
