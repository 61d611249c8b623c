// A name is looked up by one tracker for all: the one that ranks first for it, or, where that has
// no superpeer, one that has.
#include <algorithm>

#include "tracker/core/cluster/ranking.h"
#include "tracker/core/state.h"

namespace tyto::tracker {
namespace {

// Longer than the other tracker's peers take for a try.
constexpr Duration kLookupPatience = Duration::seconds(20);

// Of the others that have superpeers; 0: none has.
MemberId with_superpeers(const State& state, uint64_t salt) {
  Members able;
  for (const auto& [id, link] : state.cluster.links)
    if (link.is_up && link.status.superpeers > 0 && id != state.cluster.self)
      able.members.push_back(link.member);
  return able.members.empty() ? MemberId() : first_ranked(able, salt);
}

// Who is to look the name up; this tracker itself if nobody else is.
MemberId looker(const State& state, NameIndex index) {
  const Cluster& cluster = state.cluster;
  if (cluster.local_names.contains(index.value())) return cluster.self;
  uint64_t salt = salt_of_name(state.names[index].name);
  MemberId first = first_ranked(cluster.members, salt);
  if (first != cluster.self) return is_lookup_owed(state, index) ? cluster.self : first;
  if (!state.fleet.superpeers().empty()) return cluster.self;
  MemberId able = with_superpeers(state, salt);
  return able == MemberId() ? cluster.self : able;
}

void forget(State& state, LookupId lookup) {
  auto it = state.cluster.lookups.find(lookup);
  state.cluster.lookup_of_name.erase(it->second.name);
  state.cluster.lookups.erase(it);
}

void look_up_here(State& state, NameIndex name) {
  state.cluster.local_names.insert(name.value());
  start_resolve(state, name);
}

// Who was asked for the name asks back, since this tracker is the one that can look it up: then it
// does, instead of waiting for the other.
void take_back_lookup(State& state, NameIndex name, MemberId asker) {
  auto it = state.cluster.lookup_of_name.find(name.value());
  if (it == state.cluster.lookup_of_name.end()) return;
  LookupId lookup = it->second;
  if (state.cluster.lookups.at(lookup).of == asker) forget(state, lookup);
}

}  // namespace

bool is_lookup_owed(const State& state, NameIndex name) {
  return state.cluster.lookups_owed.contains(name.value());
}

bool ask_lookup(State& state, NameIndex index) {
  Cluster& cluster = state.cluster;
  if (!cluster.is_several()) return false;
  if (cluster.lookup_of_name.contains(index.value())) return true;
  MemberId of = looker(state, index);
  if (of == cluster.self || !cluster.is_up(of)) return false;
  LookupId lookup(++cluster.lookup_serial);
  cluster.lookups[lookup] = {of, index.value(), state.now + kLookupPatience};
  cluster.lookup_of_name[index.value()] = lookup;
  const ObjectName& name = state.names[index].name;
  NameAsked message{lookup, name.bucket, name.key, std::nullopt};
  if (state.names[index].gone) message.gone = state.versions[*state.names[index].gone].id;
  tell_member(state, of, std::move(message));
  wake_cluster(state, state.now + kLookupPatience);
  return true;
}

void take_name_asked(State& state, MemberId from, const NameAsked& message) {
  auto refuse = [&](Error error) {
    tell_member(state, from, NameAnswered{message.lookup, std::nullopt, std::move(error)});
  };
  const BucketConfig* bucket = state.bucket(message.bucket);
  if (bucket == nullptr || bucket->origin.empty() || !check_key(message.key).ok())
    return refuse({ErrorCode::kUnavailable, "the tracker asked has no such bucket"});
  ObjectName object{message.bucket, message.key};
  if (!state.names.find(object) && state.names.size() >= state.config.max_versions)
    return refuse({ErrorCode::kUnavailable, "the tracker asked knows as many names as it may"});
  NameIndex name = state.names.intern(object);
  // What this tracker has not heard yet.
  std::optional<VersionIndex> known = state.names[name].version;
  if (message.gone && known && state.versions[*known].id == *message.gone)
    distrust_name(state, *known);
  if (is_name_fresh(state, name)) {
    const VersionFactsRef& facts = state.versions[*state.names[name].version].facts;
    tell_member(state, from, NameAnswered{message.lookup, *facts, {}});
    return;
  }
  std::vector<LookupOwed>& owed = state.cluster.lookups_owed[name.value()];
  if (owed.size() >= kWishesPerLinkMax)
    return refuse({ErrorCode::kUnavailable, "the tracker asked is asked too much"});
  owed.push_back({from, message.lookup});
  take_back_lookup(state, name, from);
  if (state.names[name].resolver == SessionId(0)) start_resolve(state, name);
}

void take_name_answered(State& state, MemberId from, const NameAnswered& message) {
  auto it = state.cluster.lookups.find(message.lookup);
  if (it == state.cluster.lookups.end() || it->second.of != from) return;
  NameIndex name(it->second.name);
  forget(state, message.lookup);
  bool is_elsewhere =
      message.error.code == ErrorCode::kUnavailable || message.error.code == ErrorCode::kTimedOut;
  if (!message.facts && is_elsewhere) return look_up_here(state, name);
  take_lookup(state, name, message);
}

void answer_lookups(State& state, NameIndex name, const VersionFacts* facts, const Error& error) {
  state.cluster.local_names.erase(name.value());
  auto it = state.cluster.lookups_owed.find(name.value());
  if (it == state.cluster.lookups_owed.end()) return;
  std::vector<LookupOwed> owed = std::move(it->second);
  state.cluster.lookups_owed.erase(it);
  for (const LookupOwed& one : owed) {
    NameAnswered answer{one.lookup, std::nullopt, error};
    if (facts != nullptr) answer.facts = *facts;
    tell_member(state, one.to, std::move(answer));
  }
}

void expire_lookups(State& state) {
  std::vector<LookupId> over;
  for (const auto& [lookup, asked] : state.cluster.lookups)
    if (asked.until <= state.now || !state.cluster.is_up(asked.of)) over.push_back(lookup);
  for (LookupId lookup : over) {
    NameIndex name(state.cluster.lookups.at(lookup).name);
    forget(state, lookup);
    look_up_here(state, name);
  }
}

}  // namespace tyto::tracker
