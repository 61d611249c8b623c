#include "tracker/server/cluster/identity.h"

#include "io/hash/sha256.h"
#include "tracker/catalog/catalog_location.h"

namespace tyto::tracker {
namespace {

MemberId member_id(const std::string& name) {
  const Digest digest = io::sha256(name);
  uint64_t id = 0;
  for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | static_cast<uint8_t>(digest.bytes[i]);
  return MemberId(id | 1);  // never zero
}

std::string name_of(const TrackerSettings& settings, const std::string& listens) {
  if (!settings.cluster_id.empty()) return settings.cluster_id;
  return settings.cluster_advertise.empty() ? listens : settings.cluster_advertise;
}

}  // namespace

TrackerIntroduced introduction(const TrackerSettings& settings, const io::HostPort& bound,
                               TrackerEpoch epoch) {
  io::HostPort where = bound;
  if (auto advertised = io::HostPort::parse(settings.cluster_advertise); advertised.ok())
    where = *advertised;
  TrackerIntroduced self;
  self.name = name_of(settings, bound.text());
  self.program = TYTO_VERSION;
  self.member = {member_id(self.name), {where.host, where.port}, settings.cluster_region, epoch};
  return self;
}

TrackerEpoch epoch_of_run(const TrackerSettings& settings, TrackerEpoch of_catalog) {
  if (membership_of(settings) != ClusterMembership::kList || is_on_postgres(settings.catalog))
    return of_catalog;
  constexpr uint64_t kTrackers = 1u << 16;
  const MemberId id = member_id(name_of(settings, settings.listen_rpc));
  return TrackerEpoch(of_catalog.value() * kTrackers + (id.value() >> 16) % kTrackers);
}

}  // namespace tyto::tracker
