// What goes wrong in a world, and how it is mended.
#include "sim/world/world.h"

namespace tyto::sim {

std::string_view fault_kind_name(FaultKind kind) {
  switch (kind) {
    case FaultKind::kPeerCrash: return "peer_crash";
    case FaultKind::kPeerCrashEmpty: return "peer_crash_empty";
    case FaultKind::kPeerFreeze: return "peer_freeze";
    case FaultKind::kPeerLeave: return "peer_leave";
    case FaultKind::kPeerCorrupts: return "peer_corrupts";
    case FaultKind::kPeerForgets: return "peer_forgets";
    case FaultKind::kDiskFull: return "disk_full";
    case FaultKind::kControlCut: return "control_cut";
    case FaultKind::kDataCut: return "data_cut";
    case FaultKind::kConnectionDropped: return "connection_dropped";
    case FaultKind::kTrackerCrash: return "tracker_crash";
    case FaultKind::kTrackerFreeze: return "tracker_freeze";
    case FaultKind::kOriginRefuses: return "origin_refuses";
    case FaultKind::kOriginCuts: return "origin_cuts";
    case FaultKind::kOriginSilent: return "origin_silent";
    case FaultKind::kOriginChanges: return "origin_changes";
    case FaultKind::kZoneCut: return "zone_cut";
    case FaultKind::kDiskSlow: return "disk_slow";
    case FaultKind::kDiskCorrupts: return "disk_corrupts";
    case FaultKind::kTrackerCut: return "tracker_cut";
    case FaultKind::kTrackerApart: return "tracker_apart";
    case FaultKind::kTrackerDeaf: return "tracker_deaf";
    case FaultKind::kTrackerMute: return "tracker_mute";
  }
  return "unknown";
}

bool is_of_node(FaultKind kind) {
  return kind <= FaultKind::kConnectionDropped || kind == FaultKind::kDiskSlow ||
         kind == FaultKind::kDiskCorrupts;
}

bool is_of_tracker(FaultKind kind) {
  return kind == FaultKind::kTrackerCrash || kind == FaultKind::kTrackerFreeze ||
         kind == FaultKind::kTrackerCut || kind == FaultKind::kTrackerApart ||
         kind == FaultKind::kTrackerDeaf || kind == FaultKind::kTrackerMute;
}

void World::apply_fault(const FaultSpec& fault) {
  if (is_calm_) return;
  tell_checkers([&](Checker& c) { c.on_fault(*this, fault, FaultPhase::kBegins); });
  if (is_of_node(fault.kind)) touched_[fault.target] = true;
  PeerNode& node = *nodes_[is_of_node(fault.kind) ? fault.target : 0];
  switch (fault.kind) {
    case FaultKind::kPeerCrash: return node.crash();
    case FaultKind::kPeerCrashEmpty: node.crash(); return node.lose_disk();
    case FaultKind::kPeerFreeze: return node.freeze();
    case FaultKind::kPeerLeave: return node.leave(Duration::seconds(5));
    case FaultKind::kPeerCorrupts: node.is_corrupting = true; return;
    case FaultKind::kPeerForgets: return node.forget_half();
    case FaultKind::kDiskFull: return node.store().set_space(Store::Space::kDiskFull);
    case FaultKind::kControlCut: return control_->cut(node.id());
    case FaultKind::kDataCut: node.is_data_cut = true; return data_->node_changed(node.id());
    case FaultKind::kConnectionDropped: return control_->drop(node.id());
    case FaultKind::kTrackerCrash: return control_->crash_tracker(fault.target);
    case FaultKind::kTrackerFreeze: return control_->freeze_tracker(fault.target);
    case FaultKind::kOriginRefuses: return data_->set_origin_mode(OriginModel::Mode::kRefusing);
    case FaultKind::kOriginCuts: return data_->set_origin_mode(OriginModel::Mode::kCutting);
    case FaultKind::kOriginSilent: return data_->set_origin_mode(OriginModel::Mode::kSilent);
    case FaultKind::kOriginChanges: return data_->origin().change(fault.target);
    case FaultKind::kZoneCut: return set_zone_cut(fault.target, true);
    case FaultKind::kDiskSlow: return data_->set_disk(node.id(), DiskPace::kSlow);
    case FaultKind::kDiskCorrupts: return node.store().spoil_half();
    case FaultKind::kTrackerCut: return control_->set_reach(fault.target, Ways::kNone);
    case FaultKind::kTrackerApart: return control_->links().set_ways(fault.target, Ways::kOut);
    case FaultKind::kTrackerDeaf: return control_->set_ways(fault.target, Ways::kOut);
    case FaultKind::kTrackerMute: return control_->set_ways(fault.target, Ways::kIn);
  }
}

// Mending what is not broken does nothing.
void World::end_fault(const FaultSpec& fault) {
  tell_checkers([&](Checker& c) { c.on_fault(*this, fault, FaultPhase::kEnds); });
  PeerNode& node = *nodes_[is_of_node(fault.kind) ? fault.target : 0];
  switch (fault.kind) {
    case FaultKind::kPeerCrash:
    case FaultKind::kPeerCrashEmpty:
    case FaultKind::kPeerLeave: return node.start();
    case FaultKind::kPeerFreeze: return node.thaw();
    case FaultKind::kPeerCorrupts: node.is_corrupting = false; return;
    case FaultKind::kDiskFull: return node.store().set_space(Store::Space::kNormal);
    case FaultKind::kControlCut: return control_->mend(node.id());
    case FaultKind::kDataCut: node.is_data_cut = false; return data_->node_changed(node.id());
    case FaultKind::kTrackerCrash: return control_->start_tracker(fault.target);
    case FaultKind::kTrackerFreeze: return control_->thaw_tracker(fault.target);
    case FaultKind::kOriginRefuses:
    case FaultKind::kOriginCuts:
    case FaultKind::kOriginSilent: return data_->set_origin_mode(OriginModel::Mode::kGood);
    case FaultKind::kZoneCut: return set_zone_cut(fault.target, false);
    case FaultKind::kDiskSlow: return data_->set_disk(node.id(), DiskPace::kUsual);
    case FaultKind::kTrackerCut: return control_->set_reach(fault.target, Ways::kBoth);
    case FaultKind::kTrackerApart: return control_->links().set_ways(fault.target, Ways::kBoth);
    case FaultKind::kTrackerDeaf:
    case FaultKind::kTrackerMute: return control_->set_ways(fault.target, Ways::kBoth);
    case FaultKind::kDiskCorrupts:
    case FaultKind::kPeerForgets:
    case FaultKind::kConnectionDropped:
    case FaultKind::kOriginChanges: return;  // not to be mended
  }
}

void World::set_zone_cut(uint32_t zone, bool is_cut) {
  if (is_zone_cut_[zone] == is_cut) return;
  is_zone_cut_[zone] = is_cut;
  for (const auto& node : nodes_) {
    if (scenario_.fleet.zone(node->id()) != zone) continue;
    touched_[node->id().value()] = true;
    is_cut ? control_->cut(node->id()) : control_->mend(node->id());
    data_->node_changed(node->id());
  }
}

bool World::is_apart(NodeId reader, std::optional<NodeId> source) const {
  if (is_zone_cut_.empty()) return false;
  uint32_t here = scenario_.fleet.zone(reader);
  if (!source) return is_zone_cut_[here];
  uint32_t there = scenario_.fleet.zone(*source);
  return here != there && (is_zone_cut_[here] || is_zone_cut_[there]);
}

void World::be_calm() {
  for (const FaultSpec& fault : scenario_.faults) {
    if (start_ + fault.at <= now_) end_fault(fault);
  }
  is_calm_ = true;
  for (const auto& node : nodes_) node->start();
  if (scenario_.readers == Readers::kAskOnce) return;
  for (uint32_t i = 0; i < reads_.size(); ++i) {
    if (reads_[i].phase == ReadPhase::kFailed) ask(i);
  }
}

}  // namespace tyto::sim
