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
  by_id_.emplace(id, index);
  return index;
}

void Sessions::remove(SessionIndex index) {
  detach(index);
  by_id_.erase((*this)[index].id);
  (*this)[index] = Session{};
  free_.push_back(index);
}

SessionIndex Sessions::find(SessionId id) const {
  auto it = by_id_.find(id);
  return it == by_id_.end() ? kNoSession : it->second;
}

SessionIndex Sessions::find(ConnectionId connection) const {
  auto it = by_connection_.find(connection);
  return it == by_connection_.end() ? kNoSession : it->second;
}

void Sessions::attach(SessionIndex index, ConnectionId connection) {
  detach(index);
  (*this)[index].connection = connection;
  by_connection_[connection] = index;
}

void Sessions::detach(SessionIndex index) {
  Session& session = (*this)[index];
  if (session.connection) by_connection_.erase(*session.connection);
  session.connection.reset();
  session.pending.clear();
}

}  // namespace tyto::tracker
