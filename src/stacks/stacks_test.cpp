#include "stacks/stacks.h"

#include <gtest/gtest.h>

#include "store/testing.h"

namespace tocsin::stacks {
namespace {

using service::Answer;
using service::Call;
using service::Write;
using store::Transaction;

// Queues as a table of their own: enough of SQS to see what a stack asks of it.
constexpr store::Migration queue_table[] = {
    {"fake", 1, "CREATE TABLE queue (name TEXT PRIMARY KEY, attributes TEXT NOT NULL);"}};

service::Service queues() {
  return {"sqs",
          {{"CreateQueue", Write{[](Transaction& t, const Call& c) -> Answer {
              const auto name = string_at(c.input, "QueueName");
              if (name == "refused") return fail(ErrorCode::validation, "no such luck", "InvalidAttributeValue");
              t.execute("INSERT INTO queue (name, attributes) VALUES (?,?)", name, to_json(c.input.at("Attributes")));
              return json::object{{"QueueUrl", "http://x/1/" + std::string(name)}};
            }}},
           {"SetQueueAttributes", Write{[](Transaction& t, const Call& c) -> Answer {
              t.execute("UPDATE queue SET attributes = ? WHERE name = ?", to_json(c.input.at("Attributes")),
                        string_at(c.input, "QueueUrl").substr(11));
              return json::object{};
            }}},
           {"DeleteQueue", Write{[](Transaction& t, const Call& c) -> Answer {
              t.execute("DELETE FROM queue WHERE name = ?", string_at(c.input, "QueueUrl").substr(11));
              return json::object{};
            }}}}};
}

class StacksTest : public testing::Test {
 protected:
  StacksTest() { directory.add(queues()); }

  Result<Report> apply(std::string_view text, std::map<std::string, std::string> parameters = {}) {
    return store.write([&](Transaction& t) {
      return stacks.apply(t, {.name = "s", .template_text = std::string(text), .parameters = std::move(parameters)});
    });
  }
  std::string queue(std::string_view name) {
    return *store.read([&](store::Reader& r) -> Result<std::string> {
      auto rows = r.query("SELECT attributes FROM queue WHERE name = ?", name);
      return rows.next() ? rows.string(0) : std::string("none");
    });
  }

  store::Migration all[3] = {queue_table[0], migrations()[0], migrations()[1]};
  store::TestStore store{all};
  service::Directory directory;
  Stacks stacks{Identity{}, directory};
};

constexpr std::string_view two_queues = R"(
Parameters: {Seconds: {Type: Number, Default: 30}}
Resources:
  Main:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: main
      VisibilityTimeout: !Ref Seconds
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3}
  Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}
  Role: {Type: AWS::IAM::Role, Properties: {AssumeRolePolicyDocument: {}}}
Outputs: {Url: {Value: !Ref Main}}
)";

TEST_F(StacksTest, CreatesInOrderAndLeavesAloneWhatDidNotChange) {
  const auto first = apply(two_queues);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->created, (std::vector<std::string>{"Dead", "Role", "Main"}));
  EXPECT_EQ(first->recorded_only, std::vector<std::string>{"AWS::IAM::Role Role"});
  EXPECT_EQ(first->outputs.at("Url"), "http://x/1/main");
  EXPECT_EQ(
      queue("main"),
      R"({"VisibilityTimeout":"30","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":3}"})");
  store.reopen();
  const auto again = apply(two_queues);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->created.empty() && again->updated.empty() && again->deleted.empty());
  EXPECT_EQ(again->unchanged.size(), 3u);
}

TEST_F(StacksTest, UpdatesByDifferenceAndDeletesWhatIsGone) {
  ASSERT_TRUE(apply(two_queues));
  const auto changed = apply(two_queues, {{"Seconds", "60"}});
  ASSERT_TRUE(changed) << changed.error().message;
  EXPECT_EQ(changed->updated, std::vector<std::string>{"Main"});
  EXPECT_NE(queue("main").find("60"), std::string::npos);
  const auto smaller = apply("Resources: {Dead: {Type: AWS::SQS::Queue, Properties: {QueueName: dead}}}");
  ASSERT_TRUE(smaller);
  EXPECT_EQ(smaller->deleted, (std::vector<std::string>{"Main", "Role"}));
  EXPECT_EQ(queue("main"), "none");
  EXPECT_EQ(queue("dead"), "{}");
}

TEST_F(StacksTest, ARenamedLogicalIdKeepsItsResource) {
  ASSERT_TRUE(apply("Resources: {Old: {Type: AWS::SQS::Queue, Properties: {QueueName: kept, DelaySeconds: 5}}}"));
  const auto renamed =
      apply("Resources: {New: {Type: AWS::SQS::Queue, Properties: {QueueName: kept, DelaySeconds: 5}}}");
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_EQ(renamed->unchanged, std::vector<std::string>{"New"});
  EXPECT_TRUE(renamed->created.empty() && renamed->deleted.empty());
  EXPECT_EQ(queue("kept"), R"({"DelaySeconds":"5"})") << "with all its messages";
  EXPECT_TRUE(apply("Resources: {New: {Type: AWS::SQS::Queue, Properties: {QueueName: kept, DelaySeconds: 5}}}")
                  ->updated.empty());
}

TEST_F(StacksTest, WhatCannotBeChangedInPlaceIsMadeAnewOrRefused) {
  ASSERT_TRUE(apply("Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: one}}}"));
  const auto named = apply("Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: two}}}");
  ASSERT_TRUE(named) << named.error().message;
  EXPECT_EQ(named->created, std::vector<std::string>{"Q"});
  EXPECT_EQ(queue("one") + queue("two"), "none{}");
  const auto fifo = apply("Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: two, FifoQueue: true}}}");
  ASSERT_FALSE(fifo);
  EXPECT_EQ(fifo.error().path, "Resources.Q.Properties.FifoQueue");
  EXPECT_NE(fifo.error().message.find("change QueueName as well"), std::string::npos) << fifo.error().message;
  // Another type under the same logical id: the old resource does not stay behind.
  ASSERT_TRUE(apply("Resources: {Q: {Type: AWS::IAM::Role}}"));
  EXPECT_EQ(queue("two"), "none");
}

TEST_F(StacksTest, WhatATemplateNoLongerSaysGoesBackToItsDefault) {
  ASSERT_TRUE(
      apply("Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q, DelaySeconds: 5, RedrivePolicy: "
            "{maxReceiveCount: 3}}}}"));
  const auto changed = apply("Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}}");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->updated, std::vector<std::string>{"Q"});
  EXPECT_NE(queue("q").find(R"("DelaySeconds":"0")"), std::string::npos) << queue("q");
  EXPECT_NE(queue("q").find(R"("RedrivePolicy":"")"), std::string::npos) << queue("q");
}

TEST_F(StacksTest, RetainedResourcesStay) {
  ASSERT_TRUE(
      apply("Resources: {Q: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {QueueName: q}}, R: {Type: "
            "AWS::IAM::Role}}"));
  const auto gone = apply("Resources: {R: {Type: AWS::IAM::Role}}");
  ASSERT_TRUE(gone);
  EXPECT_EQ(gone->retained, std::vector<std::string>{"Q"});
  EXPECT_TRUE(gone->deleted.empty());
  EXPECT_EQ(queue("q"), "{}");
}

TEST_F(StacksTest, SubscriptionsThatAreNotDeliveredAreRecordedAndSaid) {
  const auto made = apply(
      "Resources: {S: {Type: AWS::SNS::Subscription, Properties: {TopicArn: 'arn:aws:sns:us-east-1:000000000000:t', "
      "Protocol: email, Endpoint: soc@example.org}}}");
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->notes.size(), 1u);
  EXPECT_NE(made->notes[0].find("S: a subscription by email is recorded only"), std::string::npos) << made->notes[0];
  EXPECT_TRUE(apply("Resources: {R: {Type: AWS::IAM::Role}}")) << "and can go again";
}

TEST_F(StacksTest, AFailingResourceLeavesNothing) {
  const auto result = apply(
      "Resources: {A: {Type: AWS::SQS::Queue, Properties: {QueueName: first}}, B: {Type: AWS::SQS::Queue, Properties: "
      "{QueueName: refused}}}");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().path, "Resources.B");
  EXPECT_NE(result.error().message.find("no such luck"), std::string::npos);
  EXPECT_EQ(queue("first"), "none");
  const auto unknown = apply("Resources: {A: {Type: AWS::EC2::Instance}}");
  ASSERT_FALSE(unknown);
  EXPECT_NE(unknown.error().message.find("AWS::EC2::Instance"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::stacks
