// For the few units that use Asio themselves: the io_context inside a Loop.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses it without including it

#include <boost/asio/io_context.hpp>

namespace tyto::io {

class Loop;

// Handlers posted to it run on the loop's thread. Never run() it yourself.
boost::asio::io_context& io_context_of(Loop& loop);

}  // namespace tyto::io
