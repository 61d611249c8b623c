#include "peer/cli/agent_client.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "io/http/http_client.h"
#include "io/http/url.h"
#include "io/loop/loop.h"
#include "peer/cli/agent_json.h"
#include "peer/cli/interrupt.h"
#include "peer/engine/save_file.h"

namespace tyto::cli {
namespace {

constexpr Duration kLongest = Duration::seconds(24 * 3600);

// One conversation with an agent, on a loop of its own.
class Conversation {
 public:
  Conversation(const AgentFetch& fetch,
               const std::function<void(const Progress&, double)>& progress)
      : fetch_(fetch), progress_(progress), client_(loop_), interrupt_([this] {
          loop_.post([this] {
            error_ = Error{ErrorCode::kCancelled, "interrupted; the agent keeps what it has"};
          });
        }) {}

  Result<AgentFetched> run();

 private:
  io::HttpFlow take(std::span<const std::byte> bytes);
  void take_line(const std::string& line);
  Result<void> copy(const std::string& version);
  bool is_over() const { return error_.has_value() || fetched_.has_value(); }

  const AgentFetch& fetch_;
  const std::function<void(const Progress&, double)>& progress_;
  io::Loop loop_;
  io::HttpClient client_;
  std::string text_;
  std::optional<Error> error_;
  std::optional<AgentFetched> fetched_;
  Interrupt interrupt_;
};

io::HttpFlow Conversation::take(std::span<const std::byte> bytes) {
  text_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1))
    take_line(text_.substr(0, end));
  return io::HttpFlow::kMore;
}

void Conversation::take_line(const std::string& line) {
  auto json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) return;
  if (json.contains("error")) {
    error_ = error_of_json(json["error"]);
    return;
  }
  if (json.contains("progress"))
    progress_(progress_of_json(json["progress"]), json.value("seconds", 0.0));
  if (json.contains("done"))
    fetched_ = AgentFetched{json.value("version", ""), progress_of_json(json["done"]),
                            json.value("seconds", 0.0)};
}

Result<void> Conversation::copy(const std::string& version) {
  SaveFile file(fetch_.output);
  if (auto opened = file.open(); !opened.ok()) return opened;
  std::optional<Result<void>> end;
  io::HttpCallbacks on;
  on.on_head = [&](const io::HttpResponseHead& head) {
    if (head.status != 200)
      end = Error{ErrorCode::kUnavailable,
                  "the agent answers " + std::to_string(head.status) + " when asked for content"};
  };
  on.on_data = [&](std::span<const std::byte> bytes) {
    if (!end)
      if (auto put = file.write(bytes); !put.ok()) end = put;
    return io::HttpFlow::kMore;
  };
  on.on_done = [&](Result<void> done) {
    if (!end) end = done;
  };
  io::HttpClientRequest request;
  request.unix_socket = fetch_.socket;
  request.url = "http://agent/v1/content?version=" + version;
  auto call = client_.request(std::move(request), std::move(on));
  loop_.run_until([&] { return end || error_; }, kLongest);
  if (error_) return *error_;
  if (!end->ok()) return *end;
  return file.commit();
}

Result<AgentFetched> Conversation::run() {
  auto start = std::chrono::steady_clock::now();
  io::HttpClientRequest request;
  request.method = "POST";
  request.unix_socket = fetch_.socket;
  request.url = "http://agent/v1/fetch";
  request.idle_max = Duration::seconds(60);
  request.body =
      nlohmann::json{
          {"bucket", fetch_.name.bucket}, {"key", fetch_.name.key}, {"version", fetch_.version}}
          .dump();
  io::HttpCallbacks on;
  on.on_data = [this](std::span<const std::byte> bytes) { return take(bytes); };
  on.on_done = [this](Result<void> done) {
    if (is_over()) return;
    error_ = done.ok() ? Error{ErrorCode::kUnavailable, "the agent broke off"} : done.error();
  };
  // Kept while the content is copied: the agent keeps the object for as long.
  auto call = client_.request(std::move(request), std::move(on));
  loop_.run_until([&] { return is_over(); }, kLongest);
  if (error_) return *error_;
  AgentFetched fetched = *fetched_;
  if (auto copied = copy(fetched.version); !copied.ok()) return copied.error();
  fetched.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return fetched;
}

}  // namespace

bool is_agent_there(const std::string& socket) {
  io::Loop loop;
  io::HttpClient client(loop);
  io::HttpClientRequest request;
  request.unix_socket = socket;
  request.url = "http://agent/healthz";
  request.connect_within = Duration::seconds(1);
  std::optional<bool> is_there;
  auto call = client.fetch(std::move(request), 4096, [&](Result<io::HttpResponse> answer) {
    is_there = answer.ok() && answer->status == 200;
  });
  loop.run_until([&] { return is_there.has_value(); }, Duration::seconds(2));
  return is_there.value_or(false);
}

Result<AgentFetched> fetch_through_agent(
    const AgentFetch& fetch, const std::function<void(const Progress&, double)>& progress) {
  return Conversation(fetch, progress).run();
}

}  // namespace tyto::cli
