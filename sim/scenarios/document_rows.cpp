#include "sim/scenarios/document_rows.h"

namespace tyto::sim {
namespace {

constexpr uint32_t kReadersMax = 10'000'000;
constexpr uint32_t kLossMax = 200'000;  // beyond it TCP hardly moves, and in other ways

std::vector<std::pair<std::string, FaultKind>> fault_kinds() {
  std::vector<std::pair<std::string, FaultKind>> kinds;
  for (uint8_t i = 0; i <= static_cast<uint8_t>(kFaultKindLast); ++i) {
    auto kind = static_cast<FaultKind>(i);
    kinds.emplace_back(fault_kind_name(kind), kind);
  }
  return kinds;
}

}  // namespace

void add_loss(settings::Table& table, uint32_t& loss_ppm, const std::string& name) {
  table.add(
      loss_ppm,
      {name,
       "Packets of a million that the link loses, either way. It lowers the rate of each flow "
       "over it, the more the longer the latency."},
      {0, kLossMax, "packets"});
}

void describe_link(settings::Table& table, LinkRates& link, const std::string& prefix) {
  table.within(prefix, [&](settings::Table& t) {
    t.add_rate(link.up_bytes_per_s, {"up", "The rate of the uplink."}, kRates);
    t.add_rate(link.down_bytes_per_s, {"down", "The rate of the downlink."}, kRates);
    add_loss(t, link.loss_ppm, "loss_ppm");
  });
}

void describe_disk(settings::Table& table, DiskRates& disk, const std::string& prefix) {
  table.within(prefix, [&](settings::Table& t) {
    t.add_rate(disk.write_bytes_per_s,
               {"disk_write",
                "How fast the disk takes chunks, which are stored only when it has them. 0: at "
                "once."},
               {0, kRateMax});
    t.add_rate(
        disk.read_bytes_per_s,
        {"disk_read", "How fast it gives what is uploaded, all uploads together. 0: at once."},
        {0, kRateMax});
  });
}

void describe_readers(settings::Table& table, ReadersRow& row) {
  table.add(row.name, {"name", "How targets name the group: \"group NAME\"."});
  table.add(row.count, {"count", "How many hosts."}, {1, kReadersMax, "hosts"});
  describe_link(table, row.link, "");
  describe_disk(table, row.disk, "");
  table.add_bytes(row.store_bytes, {"store", "What each may keep."},
                  {kChunkBytesMin, kObjectBytesMax});
  table.add_bytes(row.memory_bytes,
                  {"memory", "What each lends besides, for what is kept in memory only."},
                  {0, kObjectBytesMax});
  table.add(row.uploads_max, {"uploads", "Uploads at once; 0: as the tracker says."},
            {0, 65535, "uploads"});
  table.add_switch(row.is_slow, {"slow", "Whether the report tells their times apart."});
}

void describe_objects(settings::Table& table, ObjectsRow& row) {
  table.add(row.key, {"key", "The object's name; of several, NAME-0, NAME-1 and so on."});
  table.add(row.count, {"count", "How many objects."}, {1, 1'000'000, "objects"});
  table.add_bytes(row.bytes, {"size", "The size of each, or the least."}, {0, kObjectBytesMax});
  table.add(row.chunks,
            {"chunks",
             "The size in chunks instead: of 256 KiB up to 256 of them, of 16 MiB above. 0: as "
             "`size` says."},
            {0, kChunksMax, "chunks"});
  table.add_choice(row.sizes,
                   {"sizes",
                    "All equal; each `step` larger than the one before; or drawn from `size` to "
                    "`size_max`, every size or every order of magnitude as likely as another."},
                   {{"equal", Sizes::kEqual},
                    {"steps", Sizes::kSteps},
                    {"uniform", Sizes::kUniform},
                    {"log_uniform", Sizes::kLogUniform}});
  table.add_bytes(row.step_bytes, {"step", "For steps."}, {0, kObjectBytesMax});
  table.add_bytes(row.bytes_max, {"size_max", "For uniform and log_uniform."},
                  {0, kObjectBytesMax});
  table.add_switch(row.is_published,
                   {"published", "Whether the tracker knows the manifest from the start."});
  table.add_switch(row.is_pinned,
                   {"pinned", "Whether it is pinned all along. Requires: published."});
}

void describe_reads(settings::Table& table, ReadsRow& row) {
  table.add(row.who, {"who", "Which readers: see the targets."});
  table.add(row.objects, {"object",
                          "The key of a row of objects, all of which are read. Empty: the "
                          "first row."});
  table.add(row.at, {"at", "When the first reader asks."}, kTimes);
  table.add_choice(
      row.arrival,
      {"arrival",
       "All at once; spread evenly over `over`; one each `gap`; in `waves` of equal size, "
       "one each `gap`, as a rolling deploy is; as a Poisson process that takes "
       "`over` on average; or over `over` by the hour of the `day`."},
      {{"at_once", Arrival::kAtOnce},
       {"spread", Arrival::kSpread},
       {"each", Arrival::kEach},
       {"waves", Arrival::kWaves},
       {"poisson", Arrival::kPoisson},
       {"diurnal", Arrival::kDiurnal}});
  table.add(row.over, {"over", "For spread, poisson and diurnal."}, kTimes);
  table.add(row.gap, {"gap", "For each and waves."}, kTimes);
  table.add(row.waves, {"waves", "For waves."}, {1, 1'000'000, "waves"});
  table.add(row.day.length, {"day", "For diurnal: how long a day is."},
            {Duration::seconds(1), kTimeMax});
  table.add(row.day.peak,
            {"peak", "For diurnal: how many times as many come in its middle as at its ends."},
            {1, 1000, {}});
  table.add_choice(row.pick,
                   {"pick",
                    "Every object of the row; or `reads_each` of them, drawn by popularity, the "
                    "first the most popular."},
                   {{"all", Pick::kAll}, {"zipf", Pick::kZipf}});
  table.add(row.zipf_permille,
            {"zipf_permille",
             "For zipf: the exponent of Zipf's law, in thousandths; 0: all are as popular."},
            {0, 4000, {}});
  table.add(row.reads_each, {"reads_each", "For zipf: how many reads each reader does."},
            {1, 100'000, "reads"});
  table.add(row.object_gap, {"object_gap", "How much later each further object is read."}, kTimes);
  table.add_choice(row.mode, {"mode", "The whole object, or in order as it comes."},
                   {{"whole", ReadMode::kWhole}, {"stream", ReadMode::kStream}});
  table.add(row.window, {"window", "How far a stream reads ahead."}, {1, 4096, "chunks"});
}

void describe_faults(settings::Table& table, FaultsRow& row) {
  table.add_choice(row.kind, {"kind", "What goes wrong.", settings::Presence::kRequired},
                   fault_kinds());
  table.add(row.who, {"who",
                      "At which nodes: see the targets. For faults of peers, disks and "
                      "connections."});
  table.add(row.object, {"object", "For origin_changes: the object's key. Empty: the first."});
  table.add(row.zone, {"zone", "For zone_cut: which zone, from 0."});
  table.add(row.tracker, {"tracker", "For faults of trackers: which one, from 0."});
  table.add(row.at, {"at", "When.", settings::Presence::kRequired}, kTimes);
  table.add(row.lasts, {"lasts", "After how long it is mended; forever: never."});
  table.add(row.times, {"times", "How often it happens, one time each `every`."},
            {1, 10'000, "times"});
  table.add(row.every, {"every", "See `times`."}, kTimes);
  table.add(row.gap, {"gap", "How much later it happens at each further target."}, kTimes);
}

}  // namespace tyto::sim
