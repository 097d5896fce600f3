// What the tests of this folder share: queues on a store of their own, called as the front calls them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "queues/queues.h"
#include "store/testing.h"

namespace tocsin::queues {

class QueuesTest : public testing::Test {
 protected:
  QueuesTest() { wire(); }

  // A process that dies and starts again.
  void restart() {
    store.reopen();
    wire();
  }

  service::Answer call(std::string_view operation_name, const json::object& input,
                       std::chrono::milliseconds waited = std::chrono::milliseconds{0}) {
    const auto* operation = directory.find("sqs", operation_name);
    if (!operation) return fail(ErrorCode::validation, "no such operation");
    const service::Call call{
        .caller = caller, .input = input, .request_id = "r", .endpoint = "http://127.0.0.1:4747", .waited = waited};
    if (const auto* read = std::get_if<service::Read>(&operation->run))
      return store.read([&](store::Reader& reader) { return (*read)(reader, call); });
    if (const auto* write = std::get_if<service::Write>(&operation->run))
      return store.write([&](store::Transaction& transaction) { return (*write)(transaction, call); });
    auto prepared = std::get<service::Prepare>(operation->run)(call);
    if (!prepared) return pass_on(prepared);
    return store.write([&](store::Transaction& transaction) { return (*prepared)(transaction); });
  }

  std::string error_of(std::string_view operation, const json::object& input) {
    const auto answer = call(operation, input);
    return answer ? "" : answer.error().aws_code;
  }

  static std::string url(std::string_view name) { return "http://127.0.0.1:4747/000000000000/" + std::string(name); }
  static std::string arn(std::string_view name) { return "arn:aws:sqs:us-east-1:000000000000:" + std::string(name); }

  void create(std::string_view name, json::object attributes = {}) {
    const auto made = call("CreateQueue", {{"QueueName", name}, {"Attributes", std::move(attributes)}});
    ASSERT_TRUE(made) << made.error().message;
    EXPECT_EQ(string_at(*made, "QueueUrl"), url(name));
  }

  json::object send(std::string_view name, std::string_view body, json::object more = {}) {
    more.emplace("QueueUrl", url(name));
    more.emplace("MessageBody", body);
    auto sent = call("SendMessage", more);
    EXPECT_TRUE(sent) << sent.error().message;
    return sent.value_or(json::object{});
  }

  // The messages that one call hands out.
  std::vector<json::object> receive(std::string_view name, int count = 10, json::object more = {}) {
    more.emplace("QueueUrl", url(name));
    more.emplace("MaxNumberOfMessages", count);
    more.emplace("AttributeNames", json::array{"All"});
    auto answer = call("ReceiveMessage", more);
    EXPECT_TRUE(answer) << answer.error().message;
    std::vector<json::object> messages;
    if (answer && answer->contains("Messages"))
      for (const auto& message : answer->at("Messages").get_array()) messages.push_back(message.get_object());
    return messages;
  }

  std::string bodies(std::string_view name, int count = 10, json::object more = {}) {
    std::string text;
    for (const auto& message : receive(name, count, std::move(more))) {
      if (!text.empty()) text += ' ';
      text += string_at(message, "Body");
    }
    return text;
  }

  service::Answer remove(std::string_view name, const json::object& message) {
    return call("DeleteMessage", {{"QueueUrl", url(name)}, {"ReceiptHandle", string_at(message, "ReceiptHandle")}});
  }

  Depth depth(std::string_view name) {
    return store.read([&](store::Reader& reader) { return queues->depth(reader, name); }).value_or(Depth{-1, -1, -1});
  }

  store::TestStore store{migrations()};
  std::unique_ptr<Queues> queues;
  service::Directory directory;
  service::Caller caller{
      .account = "000000000000", .arn = "arn:aws:iam::000000000000:user/admin", .user_id = "AIDAADMIN"};
  std::vector<std::string> signals;

 private:
  void wire() {
    queues = std::make_unique<Queues>(Identity{});
    directory = {};
    directory.add(queues->service());
    queues->attach(store->outbox());
    store->on_signal([this](const std::string& key) { signals.push_back(key); });
    ASSERT_TRUE(store.read([&](store::Reader& reader) { return queues->load(reader); }));
  }
};

}  // namespace tocsin::queues
