#include "tracker/server/api.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/names.h"
#include "io/loop/clock.h"
#include "tracker/server/api_json.h"
#include "tracker/server/api_reply.h"
#include "tracker/server/bucket_path.h"
#include "tracker/server/explain_json.h"
#include "tracker/server/pins_api.h"
#include "tracker/server/policy_api.h"
#include "tracker/server/publication.h"
#include "tracker/settings/policy_document.h"

namespace tyto::tracker {

namespace {

constexpr const char* kTorrentType = "application/x-bittorrent";

}  // namespace

class Api::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(const TrackerCore& core, ObjectDirectory& directory, Hooks hooks)
      : core_(core),
        directory_(directory),
        hooks_(std::move(hooks)),
        policies_(std::make_shared<PolicyApi>(directory_, hooks_)),
        pins_(core, directory_, {hooks_.submit, hooks_.apply, hooks_.now}) {}

  void list_buckets(const Responder& responder);
  void create_bucket(const io::HttpRequest& request, const Responder& responder);
  void get_below_buckets(const io::HttpRequest& request, const Responder& responder);
  void put_below_buckets(const io::HttpRequest& request, const Responder& responder);
  void delete_below_buckets(const io::HttpRequest& request, const Responder& responder);
  void list_pins(const io::HttpRequest& request, const Responder& responder);
  // PATCH and POST, which only policies take.
  void change_below_buckets(const io::HttpRequest& request, const Responder& responder);
  void update_bucket(const std::string& name, const io::HttpRequest& request,
                     const Responder& responder);
  void list_objects(const std::string& bucket, const io::HttpRequest& request,
                    const Responder& responder);
  void stat_object(const ObjectName& name, const Responder& responder);
  void publish(const ObjectName& name, const io::HttpRequest& request, const Responder& responder);
  void list_peers(const io::HttpRequest& request, const Responder& responder);
  void list_transfers(const io::HttpRequest& request, const Responder& responder);
  void get_cluster(const Responder& responder);
  void explain(const io::HttpRequest& request, const Responder& responder);

 private:
  void submit_bucket(Change change, int status, const Responder& responder);
  void take_published(const Publish& publish, const VersionFactsRef& facts);
  Json object_json(const ObjectName& name, const ObjectDirectory::Entry& entry) const;

  const TrackerCore& core_;
  ObjectDirectory& directory_;
  const Hooks hooks_;
  const std::shared_ptr<PolicyApi> policies_;
  PinsApi pins_;
};

void Api::Impl::list_buckets(const Responder& responder) {
  Json buckets = Json::array();
  for (const auto& [name, bucket] : directory_.buckets()) {
    Json json = json_of(bucket);
    if (auto picture = core_.bucket_picture(name)) json.update(json_of(*picture));
    buckets.push_back(std::move(json));
  }
  reply(responder, 200, {{"buckets", std::move(buckets)}});
}

void Api::Impl::create_bucket(const io::HttpRequest& request, const Responder& responder) {
  if (auto checked = check_type(request, kJsonType); !checked.ok())
    return reply(responder, checked.error());
  auto asked = parse_bucket(request.body, {}, BucketRequest::kCreate);
  if (!asked.ok()) return reply(responder, asked.error());
  if (auto good = parse_policy(asked->policy, "policy"); !good.ok())
    return reply(responder, good.error());
  for (const auto& [name, known] : directory_.buckets())
    asked->bucket.id = std::max(asked->bucket.id, known.id);
  submit_bucket(CreateBucket{std::move(asked->bucket), std::move(asked->policy)}, 201, responder);
}

void Api::Impl::update_bucket(const std::string& name, const io::HttpRequest& request,
                              const Responder& responder) {
  if (auto checked = check_type(request, kJsonType); !checked.ok())
    return reply(responder, checked.error());
  const BucketConfig* now = directory_.bucket(name);
  if (now == nullptr) return reply(responder, unknown_bucket(name));
  auto asked = parse_bucket(request.body, *now, BucketRequest::kUpdate);
  if (!asked.ok()) return reply(responder, asked.error());
  // What is not given stays as it is, which is known as of this version only.
  submit_bucket(UpdateBucket{std::move(asked->bucket), now->policy_version}, 200, responder);
}

void Api::Impl::submit_bucket(Change change, int status, const Responder& responder) {
  hooks_.submit(std::move(change),
                [api = weak_from_this(), status, responder](Result<ChangeDone> done) {
                  auto self = api.lock();
                  if (!self) return;  // the tracker has ended meanwhile
                  if (!done.ok()) return reply(responder, done.error());
                  self->policies_->take(*done);
                  reply(responder, status, json_of(done->bucket));
                });
}

void Api::Impl::get_below_buckets(const io::HttpRequest& request, const Responder& responder) {
  auto path = BucketPath::parse(request.path);
  if (!path.ok()) return reply(responder, path.error());
  if (path->part == BucketPath::Part::kPolicy)
    return policies_->get(path->bucket, path->rest, request, responder);
  if (path->part == BucketPath::Part::kPins) {
    if (directory_.bucket(path->bucket) == nullptr)
      return reply(responder, unknown_bucket(path->bucket));
    return pins_.list(path->bucket, path->rest, responder);
  }
  if (!path->rest.empty()) return stat_object({path->bucket, path->rest}, responder);
  if (path->part == BucketPath::Part::kObjects)
    return list_objects(path->bucket, request, responder);
  const BucketConfig* bucket = directory_.bucket(path->bucket);
  if (bucket == nullptr) return reply(responder, unknown_bucket(path->bucket));
  Json json = json_of(*bucket);
  if (auto picture = core_.bucket_picture(path->bucket)) json.update(json_of(*picture));
  reply(responder, 200, json);
}

void Api::Impl::put_below_buckets(const io::HttpRequest& request, const Responder& responder) {
  auto path = BucketPath::parse(request.path);
  if (!path.ok()) return reply(responder, path.error());
  const bool is_pins = path->part == BucketPath::Part::kPins;
  if (path->part == BucketPath::Part::kPolicy)
    return policies_->change(path->bucket, path->rest, request, responder);
  if (!path->rest.empty() && is_pins)
    return pins_.put({path->bucket, path->rest}, request, responder);
  if (!path->rest.empty()) return publish({path->bucket, path->rest}, request, responder);
  if (path->part == BucketPath::Part::kBucket)
    return update_bucket(path->bucket, request, responder);
  reply(responder, Error{ErrorCode::kInvalidArgument,
                         std::string("the key is missing: PUT /api/v1/buckets/BUCKET/") +
                             (is_pins ? "pins" : "objects") + "/KEY"});
}

void Api::Impl::delete_below_buckets(const io::HttpRequest& request, const Responder& responder) {
  auto path = BucketPath::parse(request.path);
  if (!path.ok()) return reply(responder, path.error());
  if (path->part == BucketPath::Part::kPins && !path->rest.empty())
    return pins_.remove({path->bucket, path->rest}, responder);
  reply(responder, 405,
        json_of(Error{ErrorCode::kUnsupported,
                      "buckets and objects cannot be deleted in this version; publish another "
                      "version of an object to replace it"}));
}

void Api::Impl::list_pins(const io::HttpRequest& request, const Responder& responder) {
  const std::string* bucket = request.query_value("bucket");
  if (bucket != nullptr && directory_.bucket(*bucket) == nullptr)
    return reply(responder, unknown_bucket(*bucket));
  pins_.list(bucket == nullptr ? "" : *bucket, "", responder);
}

void Api::Impl::change_below_buckets(const io::HttpRequest& request, const Responder& responder) {
  auto path = BucketPath::parse(request.path);
  if (!path.ok()) return reply(responder, path.error());
  if (path->part == BucketPath::Part::kPolicy)
    return policies_->change(path->bucket, path->rest, request, responder);
  reply(responder, 405,
        json_of(Error{ErrorCode::kUnsupported,
                      request.method + " is not taken at " + printable(request.path) +
                          "; PUT changes a bucket and publishes an object"}));
}

void Api::Impl::list_objects(const std::string& bucket, const io::HttpRequest& request,
                             const Responder& responder) {
  auto limit = parse_limit(request);
  if (!limit.ok()) return reply(responder, limit.error());
  if (directory_.bucket(bucket) == nullptr) return reply(responder, unknown_bucket(bucket));
  ObjectDirectory::Query query{.bucket = bucket, .limit = *limit};
  if (const std::string* prefix = request.query_value("prefix")) query.prefix = *prefix;
  if (const std::string* after = request.query_value("after")) query.after = *after;
  Json objects = Json::array();
  std::string last;
  const bool has_more =
      directory_.list(query, [&](const ObjectName& name, const ObjectDirectory::Entry& entry) {
        Json object = json_of(name, entry);
        if (auto picture = core_.version_picture(entry.facts->id)) object.update(json_of(*picture));
        objects.push_back(std::move(object));
        last = name.key;
      });
  Json json = {{"objects", std::move(objects)}, {"next_after", nullptr}};
  if (has_more) json["next_after"] = last;
  reply(responder, 200, json);
}

Json Api::Impl::object_json(const ObjectName& name, const ObjectDirectory::Entry& entry) const {
  Json json = json_of(name, entry);
  if (auto picture = core_.version_picture(entry.facts->id)) json.update(json_of(*picture));
  json["origin"] = json_of(entry.facts->origin);
  return json;
}

void Api::Impl::stat_object(const ObjectName& name, const Responder& responder) {
  if (directory_.bucket(name.bucket) == nullptr)
    return reply(responder, unknown_bucket(name.bucket));
  const ObjectDirectory::Entry* entry = directory_.find(name);
  if (entry == nullptr)
    return reply(responder, Error{ErrorCode::kNotFound,
                                  "nothing is known of " + printable(name.text(), 1200) +
                                      " yet: it was neither published nor read; an object at the "
                                      "bucket's origin is found when it is first opened"});
  reply(responder, 200, object_json(name, *entry));
}

void Api::Impl::publish(const ObjectName& name, const io::HttpRequest& request,
                        const Responder& responder) {
  if (auto checked = check_type(request, kTorrentType); !checked.ok())
    return reply(responder, checked.error());
  const BucketConfig* bucket = directory_.bucket(name.bucket);
  if (bucket == nullptr) return reply(responder, unknown_bucket(name.bucket));
  PublicationRequest publication{.key = name.key, .torrent = request.body};
  if (const std::string* url = request.query_value("origin_url")) publication.origin_url = *url;
  if (const std::string* etag = request.query_value("etag")) publication.etag = *etag;
  auto modified = parse_number(request, "modified_unix_ns");
  if (!modified.ok()) return reply(responder, modified.error());
  if (*modified) publication.modified = WallTime::from_unix_ns(**modified);
  auto bytes = parse_number(request, "object_bytes");
  if (!bytes.ok()) return reply(responder, bytes.error());
  if (*bytes) publication.object_bytes = static_cast<uint64_t>(**bytes);
  auto publish = publication_of(*bucket, publication);
  if (!publish.ok()) return reply(responder, publish.error());
  const ObjectDirectory::Entry* former = directory_.find(name);
  const bool was_published = former != nullptr && former->is_published;
  const bool is_repeat = was_published && former->facts->id == publish->facts.id;
  publish->expected_former = was_published ? former->facts->id : VersionId();
  hooks_.submit(*publish, [api = weak_from_this(), name, publish = *publish, is_repeat,
                           responder](Result<ChangeDone> done) {
    auto self = api.lock();
    if (!self) return;
    if (!done.ok()) return reply(responder, done.error());
    self->take_published(publish, done->facts);
    reply(responder, is_repeat ? 200 : 201,
          self->object_json(name, {done->facts, /*is_published=*/true}));
  });
}

void Api::Impl::take_published(const Publish& publish, const VersionFactsRef& facts) {
  const ObjectName name{facts->bucket_name, facts->key};
  directory_.put(name, {facts, /*is_published=*/true});
  hooks_.apply(VersionLoaded{facts, publish.roots});
  hooks_.apply(NameLoaded{name.bucket, name.key, facts->id, /*is_published=*/true});
}

void Api::Impl::list_peers(const io::HttpRequest& request, const Responder& responder) {
  auto limit = parse_limit(request);
  if (!limit.ok()) return reply(responder, limit.error());
  Json peers = Json::array();
  std::size_t total = 0;
  core_.visit_peers([&](const PeerPicture& peer) {
    if (total++ < *limit) peers.push_back(json_of(peer));
  });
  reply(responder, 200, {{"peers", std::move(peers)}, {"total", total}});
}

void Api::Impl::list_transfers(const io::HttpRequest& request, const Responder& responder) {
  auto limit = parse_limit(request);
  if (!limit.ok()) return reply(responder, limit.error());
  Json transfers = Json::array();
  std::size_t total = 0;
  const Instant now = hooks_.now();
  core_.visit_transfers([&](const TransferPicture& transfer) {
    if (total++ < *limit) transfers.push_back(json_of(transfer, now));
  });
  reply(responder, 200, {{"transfers", std::move(transfers)}, {"total", total}});
}

void Api::Impl::get_cluster(const Responder& responder) {
  Json json = json_of(hooks_.cluster());
  json["buckets"] = directory_.buckets().size();
  json["objects"] = directory_.size();
  json["sessions"] = core_.session_count();
  json["counters"] = json_of(core_.counters());
  reply(responder, 200, json);
}

void Api::Impl::explain(const io::HttpRequest& request, const Responder& responder) {
  auto query = parse_explain(request, hooks_.now());
  if (!query.ok()) return reply(responder, query.error());
  auto answer = explain_json(core_, *query, {hooks_.now(), io::wall_now()});
  if (!answer.ok()) return reply(responder, answer.error());
  reply(responder, 200, std::move(*answer));
}

Api::Api(const TrackerCore& core, ObjectDirectory& directory, Hooks hooks)
    : impl_(std::make_shared<Impl>(core, directory, std::move(hooks))) {}
Api::~Api() = default;

void Api::add_routes(io::HttpServer& server) {
  using Handle = std::function<void(Impl&, const io::HttpRequest&, const Responder&)>;
  auto add = [&](const char* method, const std::string& pattern, Handle handle) {
    server.route(method, pattern,
                 [impl = std::weak_ptr(impl_), handle = std::move(handle)](io::HttpRequest request,
                                                                           Responder responder) {
                   if (auto api = impl.lock()) handle(*api, request, responder);
                 });
  };
  const std::string buckets(kBucketsPath);
  add("GET", buckets, [](Impl& api, auto&, auto& out) { api.list_buckets(out); });
  add("POST", buckets, [](Impl& api, auto& in, auto& out) { api.create_bucket(in, out); });
  add("GET", buckets + "/", [](Impl& api, auto& in, auto& out) { api.get_below_buckets(in, out); });
  add("PUT", buckets + "/", [](Impl& api, auto& in, auto& out) { api.put_below_buckets(in, out); });
  add("DELETE", buckets + "/",
      [](Impl& api, auto& in, auto& out) { api.delete_below_buckets(in, out); });
  add("GET", "/api/v1/pins", [](Impl& api, auto& in, auto& out) { api.list_pins(in, out); });
  for (const char* method : {"PATCH", "POST"})
    add(method, buckets + "/",
        [](Impl& api, auto& in, auto& out) { api.change_below_buckets(in, out); });
  add("GET", "/api/v1/policy-format",
      [](Impl&, auto&, auto& out) { reply(out, 200, policy_format()); });
  add("GET", "/api/v1/objects", [](Impl& api, auto& in, auto& out) {
    const std::string* bucket = in.query_value("bucket");
    if (bucket == nullptr)
      return reply(out, Error{ErrorCode::kInvalidArgument,
                              "the parameter bucket is missing: /api/v1/objects?bucket=NAME"});
    if (auto checked = check_bucket_name(*bucket); !checked.ok())
      return reply(out, checked.error());
    api.list_objects(*bucket, in, out);
  });
  add("GET", "/api/v1/peers", [](Impl& api, auto& in, auto& out) { api.list_peers(in, out); });
  add("GET", "/api/v1/transfers",
      [](Impl& api, auto& in, auto& out) { api.list_transfers(in, out); });
  add("GET", "/api/v1/explain", [](Impl& api, auto& in, auto& out) { api.explain(in, out); });
  add("GET", "/api/v1/cluster", [](Impl& api, auto&, auto& out) { api.get_cluster(out); });
  add("GET", "/api/", [](Impl&, auto& in, auto& out) {
    reply(out, Error{ErrorCode::kNotFound, "there is nothing at " + printable(in.path) +
                                               "; under /api/v1 are buckets, objects, pins, peers, "
                                               "transfers, explain, cluster and policy-format"});
  });
}

}  // namespace tyto::tracker
