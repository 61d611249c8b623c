// What distinguishes a superpeer from a peer: it is the same core under another policy.
#pragma once

#include "peer/core/peer_core.h"

namespace tyto::superpeer {

// A superpeer's policy: it has no readers of its own, learns chunk roots from the origin and tells
// them with its inventory, finishes what it was assigned whoever still reads it, and gets chunks
// from the origin for readers that have lost their tracker. Whatever else is set in `base` stays.
//
// Purity: pure.
peer::Policy superpeer_policy(peer::Policy base = {});

}  // namespace tyto::superpeer
