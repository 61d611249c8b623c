// How many bytes a message's items take on the wire: so that cores can cut an exchange below
// kExchangeBytesMax, and inventories into pages, without knowing the encoding.
#pragma once

#include <cstddef>

#include "schema/messages/commands.h"
#include "schema/messages/events.h"
#include "schema/messages/exchange.h"

namespace tyto {

// What an exchange or an inventory page takes besides its items, at most.
inline constexpr std::size_t kExchangeOverheadBytes = 128;

// Upper bounds, and close ones, of what an item takes in the encoding of
// `schema/peer_tracker.capnp`; bitmaps of inventory entries are counted in full, as the protocol
// wants it. A test keeps them to real encodings.
//
// Purity: pure. Cost: constant.
std::size_t wire_bytes_estimate(const Event& event);
std::size_t wire_bytes_estimate(const Command& command);
std::size_t wire_bytes_estimate(const InventoryEntry& entry);

}  // namespace tyto
