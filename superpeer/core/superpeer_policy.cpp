#include "superpeer/core/superpeer_policy.h"

namespace tyto::superpeer {

peer::Policy superpeer_policy(peer::Policy base) {
  base.role = Role::kSuperpeer;
  base.serves_orphans = true;
  return base;
}

}  // namespace tyto::superpeer
