#include "sim/checkers/all.h"

namespace tyto::sim {

std::vector<std::unique_ptr<Checker>> all_checkers() {
  std::vector<std::unique_ptr<Checker>> checkers;
  checkers.push_back(content_checker());
  checkers.push_back(progress_checker());
  checkers.push_back(caps_checker());
  checkers.push_back(leases_checker());
  checkers.push_back(budgets_checker());
  checkers.push_back(requests_checker());
  checkers.push_back(pins_checker());
  checkers.push_back(trees_checker());
  checkers.push_back(inventories_checker());
  checkers.push_back(bounds_checker());
  checkers.push_back(racks_checker());
  checkers.push_back(regions_checker());
  return checkers;
}

}  // namespace tyto::sim
