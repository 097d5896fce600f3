// What the tests of this folder share: topics and queues on a store of their own, and a web that only remembers.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "notification/notification.h"
#include "queues/queues.h"
#include "store/testing.h"

namespace tocsin::notification {

// A function that is told what it is to answer.
class FakeFunction final : public service::Destination {
 public:
  Result<void> deliver(store::Transaction&, const std::string& arn, const service::Message& message) override {
    calls.push_back({arn, std::string(message.body), message.idempotency_key});
    if (failing) return std::unexpected(*failing);
    return {};
  }
  struct Taken {
    std::string arn, body, key;
  };
  std::vector<Taken> calls;
  std::optional<Error> failing;
};

inline std::vector<store::Migration> all_migrations() {
  std::vector<store::Migration> all;
  for (const auto& migration : queues::migrations()) all.push_back(migration);
  for (const auto& migration : migrations()) all.push_back(migration);
  return all;
}

class TopicsTest : public testing::Test {
 protected:
  TopicsTest() { wire(); }

  void restart() {
    store.reopen();
    wire();
  }

  service::Answer call(std::string_view service, std::string_view operation_name, const json::object& input) {
    const auto* operation = directory.find(service, operation_name);
    if (!operation) return fail(ErrorCode::validation, "no such operation");
    const service::Call call{.caller = caller, .input = input, .request_id = "r", .endpoint = "http://127.0.0.1:4747"};
    return store.write(
        [&](store::Transaction& transaction) { return service::run_within(*operation, transaction, call); });
  }
  service::Answer sns(std::string_view operation, const json::object& input) { return call("sns", operation, input); }
  std::string error_of(std::string_view operation, const json::object& input) {
    const auto answer = sns(operation, input);
    return answer ? "" : answer.error().aws_code;
  }

  static std::string topic_arn(std::string_view name = "alerts") {
    return "arn:aws:sns:us-east-1:000000000000:" + std::string(name);
  }
  static std::string queue_arn(std::string_view name) {
    return "arn:aws:sqs:us-east-1:000000000000:" + std::string(name);
  }

  void create_queue(std::string_view name, json::object attributes = {}) {
    ASSERT_TRUE(call("sqs", "CreateQueue", {{"QueueName", name}, {"Attributes", std::move(attributes)}}));
  }
  void create_topic(std::string_view name = "alerts", json::object attributes = {}) {
    const auto made = sns("CreateTopic", {{"Name", name}, {"Attributes", std::move(attributes)}});
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_EQ(string_at(*made, "TopicArn"), topic_arn(name));
  }
  std::string subscribe(std::string_view protocol, std::string_view endpoint, json::object attributes = {},
                        std::string_view topic = "alerts") {
    const auto made = sns("Subscribe", {{"TopicArn", topic_arn(topic)},
                                        {"Protocol", protocol},
                                        {"Endpoint", endpoint},
                                        {"Attributes", std::move(attributes)},
                                        {"ReturnSubscriptionArn", true}});
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::string(string_at(*made, "SubscriptionArn")) : "";
  }
  json::object publish(std::string_view message, json::object more = {}, std::string_view topic = "alerts") {
    more.emplace("TopicArn", topic_arn(topic));
    more.emplace("Message", message);
    auto published = sns("Publish", more);
    EXPECT_TRUE(published) << published.error().message;
    return published.value_or(json::object{});
  }
  std::vector<json::object> receive(std::string_view queue) {
    const auto answer = call("sqs", "ReceiveMessage",
                             {{"QueueUrl", "http://127.0.0.1:4747/000000000000/" + std::string(queue)},
                              {"MaxNumberOfMessages", 10},
                              {"AttributeNames", {"All"}},
                              {"MessageAttributeNames", {"All"}}});
    EXPECT_TRUE(answer) << answer.error().message;
    std::vector<json::object> messages;
    if (answer && answer->contains("Messages"))
      for (const auto& message : answer->at("Messages").get_array()) messages.push_back(message.get_object());
    return messages;
  }
  static json::object text(std::string_view value) { return {{"DataType", "String"}, {"StringValue", value}}; }

  // Lets the outbox work; what goes to the web is remembered and answered with `web_answer`.
  void run() { store->run_until_idle(); }
  std::vector<store::Due> posted;
  Result<void> web_answer;

  store::TestStore store{all_migrations()};
  std::unique_ptr<queues::Queues> queues;
  std::unique_ptr<Topics> topics;
  std::unique_ptr<service::Destinations> destinations;
  FakeFunction function;
  service::Directory directory;
  service::Caller caller{
      .account = "000000000000", .arn = "arn:aws:iam::000000000000:user/admin", .user_id = "AIDAADMIN"};

 private:
  void wire() {
    destinations = std::make_unique<service::Destinations>();
    queues = std::make_unique<queues::Queues>(Identity{});
    topics = std::make_unique<Topics>(Identity{}, *destinations);
    destinations->add("sqs", *queues);
    destinations->add("sns", *topics);
    destinations->add("lambda", function);
    directory = {};
    directory.add(queues->service());
    directory.add(topics->service());
    queues->attach(store->outbox());
    topics->attach(store->outbox());
    store->outbox().handle_outside(
        "webhook",
        [this](store::Due due, store::Outbox::Report report) {
          posted.push_back(std::move(due));
          report(web_answer);
        },
        std::chrono::seconds{60});
    store->outbox().on_exhausted([this](store::Transaction& transaction, const store::Due& due, const Error& error) {
      topics->dead_letter(transaction, due, error);
    });
  }
};

}  // namespace tocsin::notification
