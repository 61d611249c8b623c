// Nothing goes wrong: every chunk is read at the origin once, and everybody gets everything.
#include "sim/scenarios/catalogue.h"

namespace tyto::sim {
namespace {

Scenario one_reader(const Knobs& knobs) {
  return base_scenario("one_reader", knobs, {.readers = 1});
}

Scenario cold_start(const Knobs& knobs) {
  return base_scenario("cold_start", knobs, {.readers = 16});
}

// Each reader comes when the one before is half through: the later ones find copies in place.
Scenario staggered(const Knobs& knobs) {
  Scenario scenario = base_scenario("staggered", knobs);
  for (std::size_t i = 0; i < scenario.reads.size(); ++i)
    scenario.reads[i].at = Duration::milliseconds(100 + 700 * static_cast<int64_t>(i));
  return scenario;
}

Scenario racks(const Knobs& knobs) {
  Scenario scenario = base_scenario("racks", knobs, {.readers = 16});
  scenario.fleet.racks = 4;
  scenario.fleet.rack_link = scenario.fleet.reader_link;
  return scenario;
}

Scenario published(const Knobs& knobs) {
  Scenario scenario = base_scenario("published", knobs);
  scenario.objects[0].is_published = true;
  return scenario;
}

Scenario streams(const Knobs& knobs) {
  Scenario scenario = base_scenario("streams", knobs);
  for (ReadSpec& read : scenario.reads) read.mode = ReadMode::kStream;
  return scenario;
}

// Readers that stream an object far larger than what they lend.
Scenario small_stores(const Knobs& knobs) {
  Scenario scenario = streams(knobs);
  scenario.name = "small_stores";
  scenario.fleet.reader_store_bytes = 20 * kChunkBytesMin;
  return scenario;
}

// One object after the other, where only one fits.
Scenario evictions(const Knobs& knobs) {
  Scenario scenario = base_scenario("evictions", knobs, {.readers = 4, .chunks = 16});
  scenario.fleet.reader_store_bytes = scenario.objects[0].bytes + 4 * kChunkBytesMin;
  scenario.objects.push_back({"second", scenario.objects[0].bytes});
  scenario.objects.push_back({"third", scenario.objects[0].bytes});
  std::vector<ReadSpec> first = scenario.reads;
  for (uint32_t object = 1; object < 3; ++object) {
    for (ReadSpec read : first) {
      read.object = object;
      read.at += Duration::seconds(4) * object;
      scenario.reads.push_back(read);
    }
  }
  return scenario;
}

// Many objects of one short chunk, the empty one among them.
Scenario tiny_objects(const Knobs& knobs) {
  Scenario scenario = base_scenario("tiny_objects", knobs);
  scenario.objects.clear();
  scenario.reads.clear();
  for (uint32_t object = 0; object < 40; ++object) {
    scenario.objects.push_back({"tiny-" + std::to_string(object), object * 1000});
    for (uint32_t i = 0; i < scenario.fleet.readers; ++i) {
      scenario.reads.push_back({.at = Duration::milliseconds(100 + object),
                                .node = scenario.fleet.reader(i),
                                .object = object});
    }
  }
  return scenario;
}

Scenario two_superpeers(const Knobs& knobs) {
  Scenario scenario = base_scenario("two_superpeers", knobs);
  scenario.fleet.superpeers = 2;
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i)
    scenario.reads[i].node = scenario.fleet.reader(i);
  return scenario;
}

// Readers go to the origin themselves, one for all.
Scenario no_superpeer(const Knobs& knobs) {
  Scenario scenario = base_scenario("no_superpeer", knobs);
  scenario.bucket.trust_peers = true;
  scenario.fleet.superpeers = 0;
  for (uint32_t i = 0; i < scenario.fleet.readers; ++i)
    scenario.reads[i].node = scenario.fleet.reader(i);
  return scenario;
}

}  // namespace

std::vector<CatalogueEntry> plain_scenarios() {
  return {
      {"one_reader", "one reader, one object", one_reader},
      {"cold_start", "all readers at once", cold_start},
      {"staggered", "one reader after the other", staggered},
      {"racks", "readers in racks behind slow uplinks", racks},
      {"published", "an object with a manifest", published},
      {"streams", "readers that read in order", streams},
      {"small_stores", "streams of more than fits the store", small_stores},
      {"evictions", "objects that push one another out", evictions},
      {"tiny_objects", "many objects of a chunk or none", tiny_objects},
      {"two_superpeers", "two superpeers share the reads", two_superpeers},
      {"no_superpeer", "readers go to the origin themselves", no_superpeer},
  };
}

}  // namespace tyto::sim
