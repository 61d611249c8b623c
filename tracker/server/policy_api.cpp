#include "tracker/server/policy_api.h"

#include <limits>
#include <utility>

#include "base/names.h"
#include "tracker/settings/policy_document.h"

namespace tyto::tracker {
namespace {

constexpr const char* kTomlType = "application/toml";

Error invalid(std::string message) {
  return {ErrorCode::kInvalidArgument, std::move(message)};
}

// A parameter that is a policy's version.
Result<std::optional<uint32_t>> parse_version(const io::HttpRequest& request,
                                              std::string_view name) {
  auto number = parse_number(request, name);
  if (!number.ok()) return number.error();
  if (!*number) return std::optional<uint32_t>();
  if (**number < 1 || **number > std::numeric_limits<uint32_t>::max())
    return invalid("parameter " + std::string(name) + "=" + std::to_string(**number) +
                   " is no version; they count from 1");
  return std::optional<uint32_t>(static_cast<uint32_t>(**number));
}

Json json_of(const std::string& bucket, const PolicyRevision& revision) {
  Json json = {{"bucket", bucket}};
  json.update(json_of(revision.head));
  json["document"] = revision.document;
  return json;
}

// A value in the words of a document: 3, "on" and "1h" as they are; true as "on".
Result<std::string> edit_value(const std::string& name, const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (value.is_boolean()) return std::string(value.get<bool>() ? "on" : "off");
  return invalid("\"" + printable(name) +
                 "\" must be a text, a whole number, true or false, but is " +
                 printable(value.dump()));
}

// The body of a PATCH.
Result<std::vector<PolicyEdit>> parse_edits(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || json.size() != 1 || !json.contains("set") || !json["set"].is_object() ||
      json["set"].empty())
    return invalid(
        "the body is not as {\"set\": {\"selection.policy\": \"random\", \"selection.weight\": "
        "3}}");
  std::vector<PolicyEdit> edits;
  for (const auto& [name, value] : json["set"].items()) {
    auto word = edit_value(name, value);
    if (!word.ok()) return word.error();
    edits.push_back({name, *word});
  }
  return edits;
}

Error unknown_part(const io::HttpRequest& request) {
  return {ErrorCode::kNotFound,
          request.method + " of " + printable(request.path) +
              " means nothing; there are GET, PUT and PATCH of /api/v1/buckets/BUCKET/policy, GET "
              "of .../policy/history and POST of .../policy/rollback?version=N"};
}

}  // namespace

Json policy_format() {
  return {{"document", default_policy_document()}};
}

Result<PolicyApi::Terms> PolicyApi::parse_terms(const io::HttpRequest& request) {
  Terms terms;
  auto expected = parse_version(request, "expected");
  if (!expected.ok()) return expected.error();
  terms.expected = *expected;
  if (const std::string* note = request.query_value("note")) terms.note = *note;
  if (printable(terms.note, kPolicyNoteBytesMax) != terms.note)
    return invalid("the note is no line of at most " + std::to_string(kPolicyNoteBytesMax) +
                   " bytes of UTF-8 without control characters: shorten it");
  return terms;
}

void PolicyApi::get(const std::string& bucket, const std::string& part,
                    const io::HttpRequest& request, const Responder& responder) {
  if (!part.empty() && part != "history") return reply(responder, unknown_part(request));
  if (directory_.bucket(bucket) == nullptr) return reply(responder, unknown_bucket(bucket));
  if (part.empty()) return show(bucket, request, responder);
  list(bucket, request, responder);
}

void PolicyApi::change(const std::string& bucket, const std::string& part,
                       const io::HttpRequest& request, const Responder& responder) {
  const bool is_rollback = part == "rollback" && request.method == "POST";
  const bool is_of_policy = part.empty() && request.method != "POST";
  if (!is_rollback && !is_of_policy) return reply(responder, unknown_part(request));
  if (directory_.bucket(bucket) == nullptr) return reply(responder, unknown_bucket(bucket));
  if (is_rollback) return roll_back(bucket, request, responder);
  if (request.method == "PATCH") return patch(bucket, request, responder);
  put(bucket, request, responder);
}

Json PolicyApi::json_of_present(const std::string& bucket) const {
  const BucketPolicy& policy = *directory_.policy(bucket);
  Json json = json_of(bucket, policy.present);
  json["version_in_force"] = policy.version_in_force;
  return json;
}

void PolicyApi::show(const std::string& bucket, const io::HttpRequest& request,
                     const Responder& responder) {
  auto version = parse_version(request, "version");
  if (!version.ok()) return reply(responder, version.error());
  if (!*version || **version == directory_.policy(bucket)->present.head.version)
    return reply(responder, 200, json_of_present(bucket));
  hooks_.find_policy(bucket, **version, [bucket, responder](Result<PolicyRevision> found) {
    if (!found.ok()) return reply(responder, found.error());
    reply(responder, 200, json_of(bucket, *found));
  });
}

void PolicyApi::list(const std::string& bucket, const io::HttpRequest& request,
                     const Responder& responder) {
  auto limit = parse_limit(request);
  if (!limit.ok()) return reply(responder, limit.error());
  auto before = parse_version(request, "before");
  if (!before.ok()) return reply(responder, before.error());
  // One more than asked for tells whether there are more.
  PolicyHistoryQuery query{.bucket = bucket, .before = *before, .limit = *limit + 1};
  hooks_.list_policies(
      query, [bucket, limit = *limit, responder](Result<std::vector<PolicyHead>> heads) {
        if (!heads.ok()) return reply(responder, heads.error());
        Json policies = Json::array();
        for (const PolicyHead& head : *heads)
          if (policies.size() < limit) policies.push_back(tracker::json_of(head));
        Json json = {{"bucket", bucket}, {"history", policies}, {"next_before", nullptr}};
        if (heads->size() > limit) json["next_before"] = heads->at(limit - 1).version;
        reply(responder, 200, json);
      });
}

void PolicyApi::put(const std::string& bucket, const io::HttpRequest& request,
                    const Responder& responder) {
  if (auto checked = check_type(request, kTomlType); !checked.ok())
    return reply(responder, checked.error());
  auto terms = parse_terms(request);
  if (!terms.ok()) return reply(responder, terms.error());
  if (auto good = parse_policy(request.body, "policy"); !good.ok())
    return reply(responder, good.error());
  set({bucket, request.body, terms->note, terms->expected}, responder);
}

// An edit is of the document that it was made on, so the version is expected in any case.
void PolicyApi::patch(const std::string& bucket, const io::HttpRequest& request,
                      const Responder& responder) {
  if (auto checked = check_type(request, kJsonType); !checked.ok())
    return reply(responder, checked.error());
  auto terms = parse_terms(request);
  if (!terms.ok()) return reply(responder, terms.error());
  auto edits = parse_edits(request.body);
  if (!edits.ok()) return reply(responder, edits.error());
  const PolicyRevision& present = directory_.policy(bucket)->present;
  auto edited = edit_policy(present.document, *edits);
  if (!edited.ok()) return reply(responder, edited.error());
  set({bucket, *edited, terms->note, terms->expected.value_or(present.head.version)}, responder);
}

void PolicyApi::roll_back(const std::string& bucket, const io::HttpRequest& request,
                          const Responder& responder) {
  auto terms = parse_terms(request);
  if (!terms.ok()) return reply(responder, terms.error());
  auto version = parse_version(request, "version");
  if (!version.ok()) return reply(responder, version.error());
  if (!*version)
    return reply(responder, invalid("the parameter version is missing: " + printable(request.path) +
                                    "?version=N; .../policy/history lists them"));
  std::string note = "rollback to " + std::to_string(**version);
  if (!terms->note.empty()) note += ": " + terms->note;
  hooks_.find_policy(bucket, **version,
                     [api = weak_from_this(), bucket, note, expected = terms->expected,
                      responder](Result<PolicyRevision> found) {
                       auto self = api.lock();
                       if (!self) return;
                       if (!found.ok()) return reply(responder, found.error());
                       auto good = parse_policy(found->document,
                                                "version " + std::to_string(found->head.version));
                       if (!good.ok()) return reply(responder, good.error());
                       self->set({bucket, found->document, note, expected}, responder);
                     });
}

void PolicyApi::set(SetPolicy change, const Responder& responder) {
  std::string bucket = change.bucket;
  hooks_.submit(std::move(change), [api = weak_from_this(), bucket = std::move(bucket),
                                    responder](Result<ChangeDone> done) {
    auto self = api.lock();
    if (!self) return;  // the tracker has ended meanwhile
    if (!done.ok()) return reply(responder, done.error());
    self->take(*done);
    reply(responder, 200, self->json_of_present(bucket));
  });
}

void PolicyApi::take(const ChangeDone& done) {
  const BucketPolicy* former = directory_.policy(done.bucket.name);
  BucketPolicy policy = policy_after(former == nullptr ? BucketPolicy() : *former, done.policy);
  hooks_.apply(BucketLoaded{done.bucket, policy.in_force});
  directory_.put_bucket(done.bucket, std::move(policy));
}

}  // namespace tyto::tracker
