// What the API and the metrics show of a tracker's links to others.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "io/loop/host_port.h"
#include "schema/messages/cluster.h"

namespace tyto::tracker {

// One other tracker, as far as it was ever heard of; for the API and metrics.
struct LinkPicture {
  enum class State : uint8_t { kDown, kUp };
  Member member;  // as it introduced itself last
  std::string name;
  std::string program;
  State state = State::kDown;
  bool is_member = false;
  Duration since;        // it is in this state
  std::string why_down;  // for people; empty while it is up
  uint64_t resets = 0;   // links lost since the start
  uint64_t messages_sent = 0;
  uint64_t messages_received = 0;
  uint64_t bytes_sent = 0;  // of batches, the envelope apart
  uint64_t bytes_received = 0;
  uint64_t batches_sent = 0;  // signs of life included
  uint64_t batches_received = 0;
  uint64_t backlog = 0;  // messages
};

// An address that a member is expected at and that nobody has answered from.
struct AddressPicture {
  io::HostPort address;
  std::string why;
};

struct LinksPicture {
  // Where it is kept who belongs to the cluster.
  enum class Source : uint8_t { kList, kCatalog };
  Member self;
  std::string name;
  Members members;
  std::vector<LinkPicture> links;
  std::vector<AddressPicture> unreached;
  Source source = Source::kList;
  bool is_source_failing = false;  // it is out of reach; what was known stands
};

}  // namespace tyto::tracker
