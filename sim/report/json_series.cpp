// What happened over time, as JSON.
#include "sim/report/json.h"

namespace tyto::sim {
namespace {

template <class Of>
Json column(const std::vector<Sample>& samples, const Of& of) {
  Json values = Json::array();
  for (const Sample& sample : samples) values.push_back(of(sample));
  return values;
}

std::string_view end_name(TransferEnd how) {
  switch (how) {
    case TransferEnd::kDone: return "done";
    case TransferEnd::kFailed: return "failed";
    case TransferEnd::kCancelled: return "cancelled";
    case TransferEnd::kDied: return "died";
  }
  return "unknown";
}

Json node_json(uint32_t node) {
  return node == kNoNode ? Json(nullptr) : Json(node);
}

}  // namespace

Json series_json(const Measured& measured) {
  const std::vector<Sample>& samples = measured.samples;
  Json json = {{"interval_seconds", rounded_seconds(measured.interval)}};
  json["seconds"] = column(samples, [](const Sample& s) { return rounded_seconds(s.at); });
  for (std::size_t i = 0; i < kSourceClasses; ++i) {
    std::string name(source_class_name(static_cast<SourceClass>(i)));
    json["bytes_from"][name] =
        column(samples, [&](const Sample& s) { return s.bytes_by_source[i]; });
  }
  for (std::size_t i = 0; i < kTiers; ++i) {
    std::string name(tier_name(static_cast<Tier>(i)));
    json["bytes_crossing"][name] =
        column(samples, [&](const Sample& s) { return s.bytes_by_tier[i]; });
  }
  json["bytes_wasted"] = column(samples, [](const Sample& s) { return s.bytes_wasted; });
  for (std::size_t i = 0; i < kLinkGroups; ++i) {
    if (measured.links[i].links == 0) continue;
    json["links"][std::string(link_group_name(static_cast<LinkGroup>(i)))] = {
        {"bytes", column(samples, [&](const Sample& s) { return s.links[i].bytes; })},
        {"busiest_permille",
         column(samples, [&](const Sample& s) { return s.links[i].busiest_permille; })}};
  }
  json["exchanges"] = column(samples, [](const Sample& s) { return s.exchanges; });
  json["decisions"] = column(samples, [](const Sample& s) { return s.decisions; });
  json["reads_open"] = column(samples, [](const Sample& s) { return s.reads_open; });
  json["reads_done"] = column(samples, [](const Sample& s) { return s.reads_done; });
  json["transfers"] = column(samples, [](const Sample& s) { return s.transfers; });
  json["superpeer_chunks"] = column(samples, [](const Sample& s) { return s.superpeer_chunks; });
  return json;
}

Json tree_json(const ChunkTree& tree) {
  Json edges = Json::array();
  for (const TreeEdge& edge : tree.edges) {
    edges.push_back({{"reader", edge.reader},
                     {"source", node_json(edge.source)},
                     {"kind", source_class_name(edge.kind)},
                     {"started", rounded_seconds(edge.started)},
                     {"ended", rounded_seconds(edge.ended)},
                     {"how", end_name(edge.how)},
                     {"bytes", edge.bytes},
                     {"generation", edge.generation}});
  }
  return {{"object", tree.object},
          {"chunk", tree.chunk},
          {"bytes", tree.bytes},
          {"edges", std::move(edges)},
          {"left_out", tree.left_out}};
}

}  // namespace tyto::sim
