// What members say: looked over, and given to whose it is. A member is trusted to mean well, not to
// make sense; what does not is passed over, with a notice.
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

bool is_sound(const VersionFacts& facts) {
  return facts.id != VersionId() && facts.chunking.is_valid() && !facts.bucket_name.empty();
}

void take_version(State& state, MemberId from, const VersionDescribed& message) {
  const VersionFacts& facts = message.facts;
  if (!is_sound(facts)) return note_nonsense(state, from, "described a version without sense");
  bool is_new = !state.versions.find(facts.id);
  if (is_new && state.versions.size() >= state.config.max_versions) return;
  VersionIndex version = state.versions.intern(facts.id, facts.chunking);
  const VersionRow& row = state.versions[version];
  if (row.chunking != facts.chunking)
    return note_nonsense(
        state, from,
        "described " + state.subject_of(version) + " with other chunks than are known of it");
  if (row.facts != nullptr) return;
  state.set_facts(version, std::make_shared<const VersionFacts>(facts));
}

}  // namespace

void note_nonsense(State& state, MemberId from, const std::string& what) {
  state.notice(NoticeKind::kMemberIncoherent, kNoPeer, kNoPeer,
               "tracker " + std::to_string(from.value()), 0, what);
}

void take_cluster(State& state, const ClusterArrived& input) {
  if (!state.cluster.is_up(input.from) || input.from == state.cluster.self) return;
  for (const ClusterMessage& message : input.messages) take_message(state, input.from, message);
}

void take_message(State& state, MemberId from, const ClusterMessage& message) {
  std::visit(Overloaded{
                 [&](const VersionDescribed& m) { take_version(state, from, m); },
                 [&](const StatusTold& m) {
                   Link& link = state.cluster.links.at(from);
                   link.status = m;
                   link.granted = 0;
                 },
                 [&](const CopiesAnnounced& m) { take_announced(state, from, m); },
                 [&](const CopiesSynced& m) { take_synced(state, from, m); },
                 [&](const ChunkWanted& m) { take_wanted(state, from, m); },
                 [&](const WantWithdrawn& m) { take_withdrawn(state, from, m); },
                 [&](const LeaseFailed& m) { take_lease_failed(state, from, m); },
                 [&](const LeaseProgressed& m) { take_lease_progressed(state, from, m); },
                 [&](const LastCopyAsked& m) { take_last_copy_asked(state, from, m); },
                 [&](const ServeAsked& m) { take_serve_asked(state, from, m); },
                 [&](const LeaseGranted& m) { take_grant(state, from, m); },
                 [&](const WantPostponed& m) { take_postponed(state, m); },
                 [&](const LastCopyAnswered& m) { take_last_copy_answered(state, from, m); },
                 [&](const ServeRefused& m) { take_refused(state, from, m); },
                 [&](const ChunkOffered& m) { take_offer(state, from, m); },
                 [&](const OfferProgressed& m) { take_offer_progressed(state, from, m); },
                 [&](const OfferEnded& m) { take_offer_ended(state, from, m); },
                 [&](const NameAsked& m) { take_name_asked(state, from, m); },
                 [&](const NameAnswered& m) { take_name_answered(state, from, m); },
                 [&](const PeerMoved& m) { take_peer_moved(state, m); },
                 [&](const PeersCame& m) { take_peers_came(state, from, m); },
                 [&](const PermitWanted& m) { take_permit_wanted(state, from, m); },
                 [&](const PermitGranted& m) { take_permit_granted(state, from, m); },
                 [&](const PermitEnded& m) { take_permit_ended(state, from, m); },
             },
             message);
}

}  // namespace tyto::tracker
