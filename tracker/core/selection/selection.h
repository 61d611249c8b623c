// How a bucket's sources are chosen: what the policies share. Each is a file of this folder.
//
// To add one: a word in SelectionKind (policy.h) and in tracker/settings/policy_rows.cpp, a file
// with a class and its accessor here, a line in selection.cpp, a table in docs/policies.md.
#pragma once

#include <cstdint>

#include "base/location.h"
#include "base/rng.h"
#include "tracker/core/policy.h"

namespace tyto::tracker {

// A copy that could be read from, as a policy sees it.
struct Offer {
  Nearness nearness = Nearness::kAnywhere;  // to the reader
  bool is_superpeer = false;
  uint32_t load = 0;        // of its host's uplink, in 256ths of what it is worth, at most 4095
  uint16_t generation = 0;  // 0: a whole copy; else one on its way, so deep in its tree
};

// Where a search goes on.
enum class Reach : uint8_t {
  kNearestFirst,  // farther only if nobody nearer will do, and a chunk enters each rack about once
  kEverywhere,    // all are looked at alike
};

// Who reads at the origin what no source has.
enum class OriginRoute : uint8_t {
  kSuperpeer,    // a superpeer, for all
  kReader,       // the reader, for all that may read from it
  kEveryReader,  // each reader for itself, whoever else has it
};

// A policy: filters, scores and limits.
//
// Purity:  pure; the same for all readers, with no state of its own.
// Threads: immutable.
class Selection {
 public:
  virtual ~Selection() = default;
  // Whether such a copy may be read from at all.
  virtual bool admits(const Offer& offer) const = 0;
  // Smaller is better.
  virtual uint32_t score(const Offer& offer, Rng& rng) const = 0;
  virtual Reach reach() const { return Reach::kNearestFirst; }
  virtual OriginRoute origin_route() const { return OriginRoute::kSuperpeer; }
  // Whether readers pass on what they were sent, so that superpeers keep their uplinks for what
  // nobody else has.
  virtual bool do_readers_serve() const { return true; }
};

// Whether an object is hot now, as far as its bucket's policy asks.
enum class Temperature : uint8_t { kHot, kCold };

const Selection& selection_of(SelectionKind kind, Temperature temperature);

const Selection& location_aware();
const Selection& past_superpeers();  // what hot-cold does with cold objects
const Selection& least_loaded();
const Selection& random_choice();
const Selection& superpeer_only();
const Selection& origin_only();

// The terms of a score, joined so that the first decides, then the second, and so on.
uint32_t by_nearness(const Offer& offer);

}  // namespace tyto::tracker
