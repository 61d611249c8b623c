#include "peer/cli/admin.h"

#include <cstdio>

#include "base/names.h"
#include "io/http/url.h"
#include "peer/cli/bucket.h"
#include "peer/cli/exit_codes.h"

namespace tyto::cli {
namespace {

// All pages of a bucket's names, in one answer.
Result<Json> list_all(const ApiOptions& options, const std::string& bucket,
                      const std::string& prefix) {
  Json objects = Json::array();
  std::string after;
  for (;;) {
    std::string path = "/buckets/" + io::percent_encode(bucket) +
                       "/objects?limit=1000&prefix=" + io::percent_encode(prefix);
    if (!after.empty()) path += "&after=" + io::percent_encode(after);
    auto page = call_tracker(options.api, {"GET", path, "", ""});
    if (!page.ok()) return page;
    for (auto& object : (*page)["objects"]) objects.push_back(object);
    const Json& next = (*page)["next_after"];
    if (!next.is_string()) return Json{{"objects", objects}};
    after = next.get<std::string>();
  }
}

}  // namespace

int run_ls(const ApiOptions& options, const std::string& what) {
  if (what.empty()) return run_bucket_ls(options);
  std::size_t slash = what.find('/');
  std::string bucket = what.substr(0, slash);
  std::string prefix = slash == std::string::npos ? "" : what.substr(slash + 1);
  if (auto good = check_bucket_name(bucket); !good.ok())
    return report(good.error(), options.format);
  auto answer = list_all(options, bucket, prefix);
  if (!answer.ok()) return report(answer.error(), options.format);
  if (options.format == Format::kJson) {
    print_json(*answer);
    return kExitOk;
  }
  std::vector<std::vector<std::string>> rows{{"SIZE", "COMPLETE COPIES", "VERSION", "KEY"}};
  for (const auto& o : (*answer)["objects"])
    rows.push_back({human_bytes(o.value("object_bytes", uint64_t{0})),
                    text_of(o.value("holders_complete", Json())),
                    text_of(o.value("version", Json(""))).substr(0, 12),
                    printable(text_of(o["key"]))});
  std::fputs(table(rows).c_str(), stdout);
  return kExitOk;
}

int run_stat(const ApiOptions& options, const std::string& object) {
  auto name = ObjectName::parse(object);
  if (!name.ok()) return report(name.error(), options.format);
  std::string path = "/buckets/" + name->bucket + "/objects/" + io::percent_encode_path(name->key);
  return show(options, {"GET", path, "", ""}, print_members);
}

int run_peers(const ApiOptions& options) {
  return show(options, {"GET", "/peers?limit=1000", "", ""}, [](const Json& answer) {
    std::vector<std::vector<std::string>> rows{{"NAME", "ROLE", "LOCATION", "ADDRESS", "USED",
                                                "LENT", "MEMORY", "LENT", "UPLOADS", "STATE"}};
    for (const auto& p : answer["peers"]) {
      std::string state = p.value("is_connected", true) ? "connected" : "lost";
      if (p.value("is_leaving", false)) state = "leaving";
      if (p.value("is_suspect", false)) state = "suspect";
      if (p.value("is_quarantined", false)) state = "quarantined";
      rows.push_back({printable(text_of(p.value("name", Json("")))),
                      text_of(p.value("role", Json(""))), text_of(p.value("location", Json(""))),
                      text_of(p.value("data_address", Json(""))),
                      human_bytes(p.value("used_bytes", uint64_t{0})),
                      human_bytes(p.value("store_bytes", uint64_t{0})),
                      human_bytes(p.value("used_memory_bytes", uint64_t{0})),
                      human_bytes(p.value("memory_bytes", uint64_t{0})),
                      text_of(p.value("uploads", Json(0))), state});
    }
    std::fputs(table(rows).c_str(), stdout);
  });
}

int run_trackers(const ApiOptions& options) {
  return show(options, {"GET", "/cluster", "", ""}, [](const Json& answer) {
    std::vector<std::vector<std::string>> rows{
        {"NAME", "ADDRESS", "REGION", "STATE", "RESETS", "SENT", "RECEIVED"}};
    const Json cluster = answer.value("cluster", Json::object());
    const Json self = cluster.value("self", Json::object());
    rows.push_back({printable(cluster.value("name", std::string("-"))),
                    self.value("rpc_address", answer.value("rpc_address", std::string("-"))),
                    printable(self.value("region", std::string())), "this one", "-", "-", "-"});
    for (const auto& link : cluster.value("links", Json::array())) {
      std::string state = link.value("state", std::string("down"));
      if (state != "up") state += ": " + link.value("why_down", std::string());
      rows.push_back({printable(link.value("name", std::string())),
                      link.value("rpc_address", std::string()),
                      printable(link.value("region", std::string())), printable(state),
                      text_of(link.value("resets", Json(0))),
                      human_bytes(link.value("bytes_sent", uint64_t{0})),
                      human_bytes(link.value("bytes_received", uint64_t{0}))});
    }
    for (const auto& address : cluster.value("unreached", Json::array()))
      rows.push_back({"-", address.value("address", std::string()), "",
                      printable("never reached: " + address.value("why", std::string())), "-", "-",
                      "-"});
    std::fputs(table(rows).c_str(), stdout);
  });
}

}  // namespace tyto::cli
