#include "api/stage_for_test.h"

#include <fmt/format.h>
#include <unistd.h>

#include "access/access.h"
#include "digest/digest.h"

namespace tocsin::api {
namespace {

using service::Answer;
using service::Call;

constexpr store::Migration migrations[] = {
    {"stage", 1, "CREATE TABLE stage_messages (id INTEGER PRIMARY KEY, body TEXT NOT NULL)"}};

// A queue of one table: enough to wait for.
Answer send_message(store::Transaction& transaction, const Call& call) {
  const auto body = string_at(call.input, "MessageBody");
  if (body == "fail") return fail(ErrorCode::validation, "no such queue", "AWS.SimpleQueueService.NonExistentQueue");
  if (body == "throw") throw std::runtime_error("thrown by the test");
  transaction.execute("INSERT INTO stage_messages (body) VALUES (?)", body);
  transaction.signal("queue");
  return json::object{{"MessageId", "m"}, {"MD5OfMessageBody", digest::md5_hex(body)}};
}

Answer receive_message(store::Transaction& transaction, const Call&) {
  auto rows = transaction.query(
      "DELETE FROM stage_messages WHERE id = (SELECT id FROM stage_messages ORDER BY id LIMIT 1) RETURNING body");
  if (!rows.next()) return json::object{};
  const std::string body = rows.string(0);
  return json::object{{"Messages",
                       {{{"MessageId", "m"},
                         {"Body", body},
                         {"MD5OfBody", digest::md5_hex(body)},
                         {"Attributes", {{"SenderId", "AIDA"}}}}}}};
}

std::optional<service::Wait> wait_for_message(const Call& call, const json::object& answer) {
  const auto seconds = integer_at(call.input, "WaitTimeSeconds");
  if (answer.contains("Messages") || seconds == 0) return std::nullopt;
  return service::Wait{"queue", std::chrono::seconds{seconds}};
}

service::Service queues() {
  return {"sqs",
          {{.name = "SendMessage", .run = service::Write{send_message}},
           {.name = "SendMessageBatch", .run = service::Write{[](store::Transaction&, const Call& call) -> Answer {
                                          if (call.input.at("Entries").get_array().empty())
                                            return fail(ErrorCode::validation, "There should be at least one entry.",
                                                        "EmptyBatchRequest");
                                          return json::object{};
                                        }}},
           {.name = "ReceiveMessage", .run = service::Write{receive_message}, .wait = wait_for_message},
           {.name = "DeleteQueue",
            .run = service::Write{[](store::Transaction&, const Call&) -> Answer { return json::object{}; }}},
           {.name = "SetQueueAttributes",
            .run = service::Write{[](store::Transaction&, const Call&) -> Answer { return json::object{}; }}},
           {.name = "GetQueueAttributes",
            .run = service::Read{[](store::Reader&, const Call& call) -> Answer {
              return json::object{{"Attributes", {{"QueueArn", string_at(call.input, "QueueUrl")}, {"Policy", "<&>"}}}};
            }}}}};
}

// Says what it was given: shows decoding.
Answer echo(store::Reader&, const Call& call) {
  return json::object{{"Description", to_json(call.input)}};
}

service::Service bus() {
  return {"events",
          {{.name = "DescribeRule", .run = service::Read{echo}},
           {.name = "PutEvents", .run = service::Write{[](store::Transaction&, const Call& call) -> Answer {
                                   return json::object{{"FailedEntryCount", 0}, {"Entries", call.input.at("Entries")}};
                                 }}},
           {.name = "DeleteRule", .run = service::Write{[](store::Transaction&, const Call&) -> Answer {
                                    return fail(ErrorCode::not_found, "Rule x does not exist on EventBus default.",
                                                "ResourceNotFoundException");
                                  }}}}};
}

service::Service hub() {
  const service::Prepare import = [](const Call& call) -> Result<service::PreparedWrite> {
    const std::size_t size = call.body.size();
    if (!call.input.empty()) return fail(ErrorCode::corrupt, "a raw operation got an input");
    return service::PreparedWrite{[size](store::Transaction&) -> Answer {
      return json::object{{"FailedCount", 0}, {"SuccessCount", size}, {"FailedFindings", json::array{}}};
    }};
  };
  return {"securityhub",
          {{.name = "BatchImportFindings", .run = import, .raw_body = true},
           {.name = "BatchUpdateFindings",
            .run = service::Write{[](store::Transaction&, const Call&) -> Answer { return json::object{}; }}},
           {.name = "GetFindings",
            .run = service::Read{[](store::Reader&, const Call&) -> Answer {
              return json::object{{"Findings", {{{"Id", "x"}, {"CreatedAt", "2026-01-01T00:00:00.000Z"}, {"New", 1}}}}};
            }}},
           {.name = "DeleteActionTarget", .run = service::Write{[](store::Transaction&, const Call& call) -> Answer {
                                            return json::object{
                                                {"ActionTargetArn", string_at(call.input, "ActionTargetArn")}};
                                          }}},
           {.name = "DescribeHub", .run = service::Read{[](store::Reader&, const Call& call) -> Answer {
                                     if (string_at(call.input, "HubArn") == "arn:aws:none")
                                       return fail(ErrorCode::denied, "not subscribed", "InvalidAccessException");
                                     if (string_at(call.input, "HubArn") == "arn:aws:busy")
                                       return fail(ErrorCode::throttled, "slower, please");
                                     return json::object{{"HubArn", string_at(call.input, "HubArn", "arn")}};
                                   }}}}};
}

service::Service others(const char* name) {
  if (name == std::string_view("lambda"))
    return {"lambda", {{.name = "Invoke", .run = service::Write{[](store::Transaction&, const Call& call) -> Answer {
                                            return json::object{
                                                {"StatusCode", 202},
                                                {"ExecutedVersion", string_at(call.input, "FunctionName")},
                                                {"Payload", string_at(call.input, "Payload")}};
                                          }}}}};
  if (name == std::string_view("states"))
    return {"states",
            {{.name = "StartExecution", .run = service::Write{[](store::Transaction&, const Call&) -> Answer {
                                          return json::object{{"executionArn", "arn"},
                                                              {"startDate", "2026-01-02T03:04:05.678Z"}};
                                        }}},
             // One that never ends; it counts its runs among the messages.
             {.name = "StartSyncExecution",
              .run = service::Write{[](store::Transaction& transaction, const Call&) -> Answer {
                transaction.execute("INSERT INTO stage_messages (body) VALUES ('started')");
                return json::object{{"executionArn", "arn"}, {"status", "RUNNING"}};
              }},
              .wait = [](const Call&, const json::object&) -> std::optional<service::Wait> {
                return service::Wait{"the end", std::chrono::minutes{5}};
              },
              .unfinished = Error{ErrorCode::unavailable, "not now", "ServiceUnavailable"}}}};
  if (name == std::string_view("sns"))
    return {"sns",
            {{.name = "Publish", .run = service::Write{[](store::Transaction&, const Call& call) -> Answer {
                                   return json::object{{"MessageId", to_json(call.input)}};
                                 }}},
             {.name = "ConfirmSubscription",
              .run = service::Write{[](store::Transaction&, const Call& call) -> Answer {
                return json::object{{"SubscriptionArn", string_at(call.input, "Token")}};
              }},
              .unsigned_allowed = true},
             {.name = "ListTopics", .run = service::Read{[](store::Reader&, const Call&) -> Answer {
                                      return json::object{{"Topics", {{{"TopicArn", "a"}}, {{"TopicArn", "b"}}}}};
                                    }}}}};
  return {"dynamodb", {{.name = "PutItem", .run = service::Write{[](store::Transaction&, const Call& call) -> Answer {
                                             return json::object{{"Attributes", call.input.at("Item")}};
                                           }}}}};
}

}  // namespace

void add_test_services(service::Directory& directory) {
  directory.add(queues());
  directory.add(bus());
  directory.add(hub());
  for (const char* name : {"lambda", "states", "sns", "dynamodb"}) directory.add(others(name));
  directory.add(access::service({}));
}

Stage::Stage(FrontOptions options) {
  char pattern[] = "/tmp/tocsin-stage-XXXXXX";
  check(mkdtemp(pattern) != nullptr, "a temporary folder can be made");
  folder = pattern;
  auto opened = store::Store::open({.file = folder / "store.db", .clock = &clock, .random = &random, .durable = false},
                                   migrations);
  check(opened.has_value(), "the store opens");
  store = std::move(*opened);
  add_test_services(directory);
  const service::Credentials credentials = [](std::string_view id) -> Result<service::Credential> {
    if (id != key_id) return fail(ErrorCode::denied, "unknown");
    return service::Credential{Secret{secret},
                               {.account = "123456789012",
                                .arn = "arn:aws:iam::123456789012:user/admin",
                                .user_id = "AIDATEST",
                                .access_key_id = key_id}};
  };
  front = std::make_unique<Front>(directory, *store, credentials, Identity{}, clock, random, pool, std::move(options));
  store->start();
  routes.otherwise(
      [this](http::Request request, http::Responder responder) { (*front)(std::move(request), std::move(responder)); });
  routes.health([] { return Result<void>{}; });
  auto listening = http::Server::listen(
      {.listen = "127.0.0.1:0",
       .refuse = [this](const http::Request& head, int status) { return front->refuse(head, status); }},
      [this](http::Request request, http::Responder responder) { routes(std::move(request), std::move(responder)); });
  check(listening.has_value(), "the server listens");
  server = std::move(*listening);
  server->start();
}

Stage::~Stage() {
  front->stop();
  server->stop();
  pool.stop();
  store->stop();
  front.reset();
  store.reset();
  std::filesystem::remove_all(folder);
}

std::string Stage::bytes(const Call& call) const {
  const std::string host = server->address();
  sigv4::Request request{.method = call.method, .target = call.target, .headers = {{"Host", host}}, .body = call.body};
  for (const auto& [name, value] : call.headers) request.headers.push_back({name, value});
  std::vector<sigv4::OwnedHeader> added;
  if (call.sign)
    added = sigv4::sign(request, {call.with_key, call.with_secret},
                        {.region = call.region, .service = call.service, .now = clock.now() + call.clock_ahead});
  const std::string& body = call.change_body_to.empty() ? call.body : call.change_body_to;
  std::string out = fmt::format("{} {} HTTP/1.1\r\n", call.method, call.target);
  for (const auto& [name, value] : request.headers) out += fmt::format("{}: {}\r\n", name, value);
  for (const auto& [name, value] : added) out += fmt::format("{}: {}\r\n", name, value);
  return out + fmt::format("Content-Length: {}\r\n\r\n", body.size()) + body;
}

http::TestClient::Response Stage::send(const Call& call) const {
  http::TestClient client{server->port()};
  client.send(bytes(call));
  return client.receive();
}

http::TestClient::Response Stage::json(const std::string& service, const std::string& target, const std::string& body,
                                       const std::string& version) const {
  return send({.service = service,
               .headers = {{"Content-Type", "application/x-amz-json-" + version}, {"X-Amz-Target", target}},
               .body = body});
}

http::TestClient::Response Stage::rest(const std::string& service, const std::string& method, const std::string& target,
                                       const std::string& body) const {
  return send({.service = service,
               .method = method,
               .target = target,
               .headers = {{"Content-Type", "application/json"}},
               .body = body});
}

http::TestClient::Response Stage::query(const std::string& service, const std::string& form) const {
  return send({.service = service,
               .headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}},
               .body = form});
}

}  // namespace tocsin::api
