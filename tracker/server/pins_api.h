// Pins over HTTP: GET .../pins, PUT and DELETE .../pins/KEY. docs/tracker.md specifies them.
#pragma once

#include <functional>
#include <string>

#include "base/names.h"
#include "tracker/catalog/catalog.h"
#include "tracker/core/tracker_core.h"
#include "tracker/server/api_reply.h"
#include "tracker/server/object_directory.h"

namespace tyto::tracker {

// When the wall clock will show `expires`, if it goes as it does now.
Instant instant_of(WallTime expires, Instant now);

// Answers requests for pins out of the core; a pin is in the catalog before it is in force.
//
// Purity:    shell.
// Threads:   confined to its loop.
// Ownership: borrows the core and the directory.
class PinsApi {
 public:
  struct Hooks {
    // As Api::Hooks has them.
    std::function<void(Change change, std::function<void(Result<ChangeDone>)> answer)> submit;
    std::function<void(Input input)> apply;
    std::function<Instant()> now;
  };
  PinsApi(const TrackerCore& core, const ObjectDirectory& directory, Hooks hooks);

  // Those in force: of one bucket and key, or, where these are empty, of all.
  void list(const std::string& bucket, const std::string& key, const Responder& responder) const;
  void put(const ObjectName& name, const io::HttpRequest& request, const Responder& responder);
  void remove(const ObjectName& name, const Responder& responder);

 private:
  const TrackerCore& core_;
  const ObjectDirectory& directory_;
  const Hooks hooks_;
};

}  // namespace tyto::tracker
