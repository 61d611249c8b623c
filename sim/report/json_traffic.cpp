// What moved and what was decided, in sum, as JSON.
#include "sim/report/json.h"

namespace tyto::sim {
namespace {

Json rounded_all(const std::vector<double>& values) {
  Json out = Json::array();
  for (double value : values) out.push_back(rounded(value));
  return out;
}

Json tiers_json(const Figures& figures) {
  Json tiers = Json::object();
  for (std::size_t i = 0; i < kTiers; ++i)
    tiers[std::string(tier_name(static_cast<Tier>(i)))] = figures.bytes_by_tier[i];
  return tiers;
}

Json buckets_json(const Measured& measured) {
  Json buckets = Json::array();
  for (const auto& [name, bucket] : measured.buckets) {
    buckets.push_back({{"name", name},
                       {"from_own_store", bucket.from_own_store},
                       {"from_peers", bucket.from_peers},
                       {"from_superpeers", bucket.from_superpeers},
                       {"from_origin", bucket.from_origin},
                       {"superpeers_from_origin", bucket.superpeers_from_origin}});
  }
  return buckets;
}

Json links_json(const Measured& measured, const Figures& figures) {
  Json links = Json::object();
  for (std::size_t i = 0; i < kLinkGroups; ++i) {
    if (measured.links[i].links == 0) continue;
    links[std::string(link_group_name(static_cast<LinkGroup>(i)))] = {
        {"links", measured.links[i].links},
        {"bytes_per_s", measured.links[i].bytes_per_s},
        {"mean", rounded(figures.links[i].mean)},
        {"busiest", rounded(figures.links[i].busiest)}};
  }
  return links;
}

Json rate_json(const Rate& rate) {
  return {{"mean_per_s", rounded(rate.mean)}, {"peak_per_s", rounded(rate.peak)}};
}

template <class Counts, class Name>
Json counts_json(const Counts& counts, const Name& name) {
  Json json = Json::object();
  for (const auto& [kind, count] : counts) json[std::string(name(kind))] = count;
  return json;
}

Json decisions_json(const Decisions& decisions) {
  return {{"total", decisions.total()},
          {"assignments", counts_json(decisions.assignments, choice_name)},
          {"evictions", counts_json(decisions.evictions, choice_name)},
          {"hedges", decisions.hedges},
          {"cancels", decisions.cancels},
          {"opens", decisions.opens},
          {"opens_ended", decisions.opens_ended},
          {"resolves", decisions.resolves}};
}

Json transfers_json(const TransferEnds& transfers) {
  return {{"done", transfers.done},
          {"cancelled", transfers.cancelled},
          {"died", transfers.died},
          {"failed", counts_json(transfers.failed, failure_kind_name)}};
}

}  // namespace

Json traffic_json(const RunResult& result, const Figures& figures) {
  Json json = {{"bytes_wanted", result.bytes_wanted},
               {"from_peers", result.bytes.from_peers},
               {"from_superpeers", result.bytes.from_superpeers},
               {"from_origin", result.bytes.from_origin},
               {"wasted", result.bytes.wasted},
               {"superpeer_copies_sent", rounded(figures.superpeer_copies_sent)},
               {"rack_copies", rounded_all(figures.rack_copies)},
               {"region_copies", rounded_all(figures.region_copies)}};
  if (!result.measured.is_recorded) return json;
  json["crossing"] = tiers_json(figures);
  json["buckets"] = buckets_json(result.measured);
  return json;
}

Json load_json(const RunResult& result, const Figures& figures) {
  Json json = {{"notices", counts_json(result.notices, tracker::notice_kind_name)}};
  if (result.trackers > 1)
    json["cluster"] = {{"trackers", result.trackers},
                       {"messages", result.cluster_messages},
                       {"deliveries", result.cluster_deliveries},
                       {"messages_per_chunk", rounded(figures.cluster_messages_per_chunk)}};
  if (!result.measured.is_recorded) return json;
  json["links"] = links_json(result.measured, figures);
  json["exchanges"] = rate_json(figures.exchanges);
  json["decisions_rate"] = rate_json(figures.decisions);
  json["decisions"] = decisions_json(result.measured.decisions);
  json["transfers"] = transfers_json(result.measured.transfers);
  return json;
}

}  // namespace tyto::sim
