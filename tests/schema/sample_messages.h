// Messages with every field and every member in use. They are what the golden files hold: a value
// that is here once never changes; what a later version of the protocol adds comes besides.
#pragma once

#include "schema/messages/exchange.h"

namespace tyto::samples {

Digest digest(uint8_t seed);
VersionId version(uint8_t seed);
VersionFacts facts();
Source peer_source();
Source superpeer_source();
Source origin_source();

RegisterRequest register_request();
RegisterReply register_reply();
ExchangeUp exchange_up();      // one of every event, and both outcomes of a resolution
ExchangeDown exchange_down();  // one of every command
ExchangeDown run();            // of version 4: chunks that one request reads at the origin
ExchangeDown hedge();          // of version 2: an assignment that is a hedge
ExchangeDown show_wait();      // since version 3 of the golden files
// Since version 5 of the protocol: what is kept in memory only.
RegisterRequest register_request_memory();
ExchangeUp exchange_up_memory();
ExchangeDown exchange_down_memory();
InventoryPage inventory_in_memory();
// Since version 3 of the protocol:
RegisterRequest register_request_moved();
RegisterReply register_reply_of_several();
RegisterMoved register_moved();
ExchangeDown list_trackers();
InventoryPage inventory_page();
InventoryPage inventory_underway();
RootsRequest roots_request();
RootsPage roots_page();

}  // namespace tyto::samples
