// Between plain message structs and the wire: the one place that validates what came from outside.
#pragma once

#include <capnp/message.h>

#include <cstddef>
#include <span>
#include <vector>

#include "base/result.h"
#include "schema/messages/exchange.h"
#include "schema/messages/refusal.h"
#include "schema/peer_tracker.capnp.h"

namespace tyto {

// encode() fills a builder. Texts for people are cut to their bound and made printable; spans of
// time and windows are brought into range. Everything else is written as it is, so that
// what breaks a bound of `base/limits.h` is refused by the receiver's decode().
//
// decode() turns a message into a struct that keeps every rule of `schema/peer_tracker.capnp`, or
// says which field broke which rule and what was found there: kInvalidArgument, or kUnsupported
// for members and enumerants that this version does not know.
//
// Purity: pure. Threads: any; a builder or reader is used by one at a time. No exception leaves.
// Cost:   linear in the message. A decoded message takes memory in proportion to its bounds,
//         however the bytes were crafted.
void encode(const RegisterRequest& request, wire::RegisterRequest::Builder out);
void encode(const RegisterReply& reply, wire::RegisterReply::Builder out);
void encode(const RegisterMoved& moved, wire::RegisterMoved::Builder out);
void encode(const ExchangeUp& up, wire::ExchangeUp::Builder out);
void encode(const ExchangeDown& down, wire::ExchangeDown::Builder out);
void encode(const InventoryPage& page, wire::InventoryPage::Builder out);
void encode(const RootsRequest& request, wire::RootsRequest::Builder out);
void encode(const RootsPage& page, wire::RootsPage::Builder out);
void encode(const Error& error, wire::Error::Builder out);
void encode(const Refusal& refusal, wire::Error::Builder out);

Result<RegisterRequest> decode(wire::RegisterRequest::Reader in);
Result<RegisterReply> decode(wire::RegisterReply::Reader in);
Result<RegisterMoved> decode(wire::RegisterMoved::Reader in);
Result<ExchangeUp> decode(wire::ExchangeUp::Reader in);
Result<ExchangeDown> decode(wire::ExchangeDown::Reader in);
Result<InventoryPage> decode(wire::InventoryPage::Reader in);
Result<RootsRequest> decode(wire::RootsRequest::Reader in);
Result<RootsPage> decode(wire::RootsPage::Reader in);
// An error that cannot be read is itself answered as an error (kInternal) that says so.
Error decode_error(wire::Error::Reader in);
// The same, with when to come back.
Refusal decode_refusal(wire::Error::Reader in);

// What any reader of this protocol sets, RPC connections included: the largest message is an
// inventory page, and nothing nests deeply.
capnp::ReaderOptions wire_reader_options();

// A message as bytes of its own (Cap'n Proto's flat stream framing), and back. For golden files,
// fuzzing and messages that are kept. T: any of the messages above but Error.
template <class T>
std::vector<std::byte> to_bytes(const T& message);
template <class T>
Result<T> from_bytes(std::span<const std::byte> bytes);

}  // namespace tyto
