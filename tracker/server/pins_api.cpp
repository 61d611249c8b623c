#include "tracker/server/pins_api.h"

#include <optional>
#include <utility>

#include "io/loop/clock.h"

namespace tyto::tracker {
namespace {

constexpr int64_t kForMsMax = int64_t{10} * 366 * 24 * 3600 * 1000;

Json json_of(const PinSet& pin) {
  return {{"bucket", pin.name.bucket},
          {"key", pin.name.key},
          {"version", pin.version.hex()},
          {"object_bytes", pin.object_bytes},
          {"expires_unix_ns", pin.expires.unix_ns()}};
}

Error invalid(const std::string& message) {
  return {ErrorCode::kInvalidArgument, message};
}

// What the body asks for.
struct Wish {
  Duration span;
  std::optional<VersionId> version;
};

Result<Wish> parse_wish(const std::string& body) {
  const Json json = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object())
    return invalid("the body is no JSON object; expected {\"for_ms\": MILLISECONDS}");
  Wish wish;
  for (const auto& [member, value] : json.items()) {
    if (member == "for_ms") {
      bool is_span = value.is_number_integer() && value.get<int64_t>() >= 1 &&
                     value.get<int64_t>() <= kForMsMax;
      if (!is_span)
        return invalid(
            "\"for_ms\" must be a whole number of milliseconds from 1 to 10 years, but "
            "is " +
            printable(value.dump()));
      wish.span = Duration::milliseconds(value.get<int64_t>());
    } else if (member == "version") {
      auto digest = Digest::from_hex(value.is_string() ? value.get<std::string>() : "");
      if (!digest)
        return invalid("\"version\" must be 64 hex digits, but is " + printable(value.dump()));
      wish.version = VersionId{*digest};
    } else {
      return invalid("\"" + printable(member) +
                     "\" is no member of a pin; known are for_ms and version");
    }
  }
  if (wish.span == Duration())
    return invalid("\"for_ms\" is missing: for how long the object is to be pinned");
  return wish;
}

}  // namespace

Instant instant_of(WallTime expires, Instant now) {
  return now + Duration::nanoseconds(expires.unix_ns() - io::wall_now().unix_ns());
}

PinsApi::PinsApi(const TrackerCore& core, const ObjectDirectory& directory, Hooks hooks)
    : core_(core), directory_(directory), hooks_(std::move(hooks)) {}

void PinsApi::list(const std::string& bucket, const std::string& key,
                   const Responder& responder) const {
  Json pins = Json::array();
  core_.visit_pins(hooks_.now(), [&](const PinSet& pin) {
    bool is_asked =
        (bucket.empty() || pin.name.bucket == bucket) && (key.empty() || pin.name.key == key);
    if (is_asked) pins.push_back(json_of(pin));
  });
  reply(responder, 200, {{"pins", std::move(pins)}});
}

void PinsApi::put(const ObjectName& name, const io::HttpRequest& request,
                  const Responder& responder) {
  if (auto checked = check_type(request, kJsonType); !checked.ok())
    return reply(responder, checked.error());
  auto wish = parse_wish(request.body);
  if (!wish.ok()) return reply(responder, wish.error());
  const Instant now = hooks_.now();
  const WallTime expires = WallTime::from_unix_ns(io::wall_now().unix_ns() + wish->span.ns());
  auto plan = core_.plan_pin({name, wish->version, now, now + wish->span, expires});
  if (!plan.ok()) return reply(responder, plan.error());
  // The catalog looks again: other pins may be on their way, through this tracker or another.
  SetPin change{plan->name, plan->version, plan->object_bytes, plan->expires};
  if (const BucketPolicy* policy = directory_.policy(name.bucket))
    change.bucket_bytes_max = policy->in_force->caching.pinned_bytes;
  hooks_.submit(change, [apply = hooks_.apply, pin = *plan, responder](Result<ChangeDone> done) {
    if (!done.ok()) return reply(responder, done.error());
    apply(pin);
    reply(responder, 200, json_of(pin));
  });
}

void PinsApi::remove(const ObjectName& name, const Responder& responder) {
  hooks_.submit(RemovePin{name}, [apply = hooks_.apply, name, responder](Result<ChangeDone> done) {
    if (!done.ok()) return reply(responder, done.error());
    apply(PinRemoved{name});
    reply(responder, 200, {{"bucket", name.bucket}, {"key", name.key}});
  });
}

}  // namespace tyto::tracker
