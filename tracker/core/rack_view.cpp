#include "tracker/core/rack_view.h"

namespace tyto::tracker {
namespace {

// Of more holders with room than that, it is taken for granted that they have all that the rack
// has; a search will tell.
constexpr uint32_t kLooksMax = 32;

}  // namespace

RackView::RackView(const State& state, VersionIndex index, uint32_t rack)
    : state_(state),
      group_(state.versions[index].group(rack)),
      demand_(state.versions[index].demand(rack)),
      words_((state.versions[index].chunk_count() + 63) / 64),
      offered_(words_) {
  if (state.policy(index).selection.tree_depth > 0) add_receivers();
  add_holders();
}

void RackView::add_receivers() {
  if (demand_ == nullptr) return;
  for (uint32_t i = 0; i < demand_->receivers.size(); ++i) {
    if (!state_.fleet.has_room(demand_->receivers[i].host)) {
      ++at_caps_;
      continue;
    }
    for (uint32_t w = 0; w < words_; ++w) offered_[w] |= demand_->relays[i * words_ + w];
  }
}

void RackView::add_holders() {
  if (group_ == nullptr) return;
  uint32_t looks = 0;
  bool is_known = false;
  for (const Holder& holder : group_->holders) {
    if (!state_.fleet.has_room(holder.host)) {
      ++at_caps_;
      continue;
    }
    if (is_known) continue;
    bool are_too_many = ++looks > kLooksMax;
    for (uint32_t w = 0; w < words_; ++w)
      offered_[w] |= are_too_many ? ~uint64_t{0} : state_.holdings.word(holder.holding, w);
    is_known = are_too_many || is_all_offered();
  }
}

bool RackView::is_all_offered() const {
  for (uint32_t w = 0; w < words_; ++w)
    if ((near(w) & ~offered_[w]) != 0) return false;
  return true;
}

}  // namespace tyto::tracker
