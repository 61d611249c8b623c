#include "tracker/core/sessions.h"

namespace tyto::tracker {

SessionIndex Sessions::add(SessionId id, PeerIndex peer) {
  SessionIndex index(rows());
  if (free_.empty()) {
    rows_.push_back(std::make_unique<Session>());
  } else {
    index = free_.back();
    free_.pop_back();
  }
  (*this)[index].id = id;
  (*this)[index].peer = peer;
  by_id_.insert(id.value(), index.value());
  return index;
}

void Sessions::remove(SessionIndex index) {
  detach(index);
  by_id_.erase((*this)[index].id.value());
  (*this)[index] = Session{};
  free_.push_back(index);
}

SessionIndex Sessions::find(SessionId id) const {
  static_assert(IndexMap::kAbsent == kNoSession.value());
  return SessionIndex(by_id_.find(id.value()));
}

SessionIndex Sessions::find(ConnectionId connection) const {
  return SessionIndex(by_connection_.find(connection.value()));
}

void Sessions::attach(SessionIndex index, ConnectionId connection) {
  detach(index);
  (*this)[index].connection = connection;
  by_connection_.erase(connection.value());  // its former session is to be ended by the caller
  by_connection_.insert(connection.value(), index.value());
}

void Sessions::detach(SessionIndex index) {
  Session& session = (*this)[index];
  if (session.connection) by_connection_.erase(session.connection->value());
  session.connection.reset();
  session.pending.clear();
}

}  // namespace tyto::tracker
