#include "functions/functions.h"

#include <gtest/gtest.h>

#include "digest/digest.h"
#include "store/testing.h"

namespace tocsin::functions {
namespace {

using service::Call;
using store::Transaction;

class FunctionsTest : public testing::Test {
 protected:
  FunctionsTest() {
    registry.add_builtin(
        "echo", [](Transaction&, const json::value& event, const Invocation& i) -> Result<json::value> {
          return json::value(json::object{
              {"event", event}, {"greeting", i.environment.contains("GREETING") ? i.environment.at("GREETING") : ""}});
        });
    registry.add_builtin("fail", [](Transaction& t, const json::value&, const Invocation&) -> Result<json::value> {
      t.execute("DELETE FROM function");
      return fail(ErrorCode::validation, "it broke", "KeyError");
    });
    registry.attach(store->outbox());
  }
  service::Answer write(service::Answer (Registry::*operation)(Transaction&, const Call&), json::object input) {
    return store.write([&](Transaction& t) {
      return (registry.*operation)(t, {.caller = caller, .input = input, .request_id = "", .endpoint = ""});
    });
  }
  service::Answer create(std::string_view name, std::string_view handler, json::object variables = {}) {
    return write(
        &Registry::create,
        {{"FunctionName", name}, {"Handler", handler}, {"Role", "r"}, {"Environment", {{"Variables", variables}}}});
  }
  FunctionCount count(std::string_view name) {
    return *store.read([&](store::Reader& r) -> Result<FunctionCount> {
      for (const auto& one : registry.counts(r))
        if (one.name == name) return one;
      return FunctionCount{};
    });
  }
  service::Caller caller;
  store::TestStore store{migrations()};
  Registry registry{Identity{}};
};

TEST_F(FunctionsTest, AnInvocationSeesItsEnvironment) {
  ASSERT_TRUE(create("f", "echo", {{"GREETING", "hello"}}));
  const auto answer =
      write(&Registry::invoke_operation, {{"FunctionName", "arn:aws:lambda:us-east-1:000000000000:function:f"},
                                          {"Payload", digest::base64(R"({"a":1})")}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(*digest::from_base64(string_at(*answer, "Payload")), R"({"event":{"a":1},"greeting":"hello"})");
}

TEST_F(FunctionsTest, AFailureRaisesIsCountedAndLeavesNothing) {
  ASSERT_TRUE(create("f", "fail"));
  const auto answer = write(&Registry::invoke_operation, {{"FunctionName", "f"}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(string_at(*answer, "FunctionError"), "Unhandled");
  EXPECT_EQ(*digest::from_base64(string_at(*answer, "Payload")),
            R"({"errorMessage":"it broke","errorType":"KeyError"})");
  const auto counted = count("f");
  EXPECT_EQ(counted.invocations, 1);
  EXPECT_EQ(counted.errors, 1);
  EXPECT_EQ(counted.last_error, "it broke");
  // For the bus it is worth another try; a function that is not there is not.
  const auto delivered = store.write([&](Transaction& t) {
    return registry.deliver(t, "arn:aws:lambda:us-east-1:000000000000:function:f", {.body = "{}"});
  });
  ASSERT_FALSE(delivered);
  EXPECT_EQ(delivered.error().code, ErrorCode::unavailable);
  const auto gone = store.write([&](Transaction& t) {
    return registry.deliver(t, "arn:aws:lambda:us-east-1:000000000000:function:none", {.body = "{}"});
  });
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
}

TEST_F(FunctionsTest, EventInvocationsRunLater) {
  ASSERT_TRUE(create("f", "echo"));
  const auto answer = write(&Registry::invoke_operation,
                            {{"FunctionName", "f"}, {"InvocationType", "Event"}, {"Payload", digest::base64("{}")}});
  ASSERT_TRUE(answer);
  EXPECT_EQ(integer_at(*answer, "StatusCode"), 202);
  EXPECT_EQ(count("f").invocations, 0);
  store->run_until_idle();
  EXPECT_EQ(count("f").invocations, 1);
}

TEST_F(FunctionsTest, AnEventIsHeldToItsOwnLimit) {
  ASSERT_TRUE(create("f", "echo"));
  const auto invoke = [&](std::string_view type, std::size_t bytes) {
    const std::string payload = "\"" + std::string(bytes - 2, 'x') + "\"";
    const auto answer = write(&Registry::invoke_operation,
                              {{"FunctionName", "f"}, {"InvocationType", type}, {"Payload", digest::base64(payload)}});
    return answer ? std::string() : answer.error().aws_code;
  };
  EXPECT_EQ(invoke("Event", 1u << 20), "");
  EXPECT_EQ(invoke("Event", (1u << 20) + 1), "RequestTooLargeException");
  EXPECT_EQ(invoke("RequestResponse", 2u << 20), "");
}

TEST_F(FunctionsTest, RefusesWhatLambdaRefuses) {
  EXPECT_EQ(create("f", "no-such").error().aws_code, "InvalidParameterValueException");
  EXPECT_EQ(create("f", "echo", {{"AWS_REGION", "x"}}).error().aws_code, "InvalidParameterValueException");
  ASSERT_TRUE(create("f", "echo"));
  EXPECT_EQ(create("f", "echo").error().aws_code, "ResourceConflictException");
  EXPECT_EQ(write(&Registry::remove, {{"FunctionName", "none"}}).error().aws_code, "ResourceNotFoundException");
  EXPECT_EQ(
      write(&Registry::invoke_operation, {{"FunctionName", "f"}, {"Payload", digest::base64("{")}}).error().aws_code,
      "InvalidRequestContentException");
}

TEST_F(FunctionsTest, PermissionsAreRecordedAndShown) {
  const auto policy = [&] {
    const json::object input{{"FunctionName", "f"}};
    return store.read([&](store::Reader& r) {
      return registry.get_policy(r, {.caller = caller, .input = input, .request_id = "", .endpoint = ""});
    });
  };
  const json::object permission{{"FunctionName", "f"},
                                {"StatementId", "rule"},
                                {"Action", "lambda:InvokeFunction"},
                                {"Principal", "events.amazonaws.com"},
                                {"SourceArn", "arn:aws:events:us-east-1:000000000000:rule/r"}};
  EXPECT_EQ(write(&Registry::add_permission, permission).error().aws_code, "ResourceNotFoundException");
  ASSERT_TRUE(create("f", "echo"));
  EXPECT_EQ(policy().error().aws_code, "ResourceNotFoundException");
  const auto added = write(&Registry::add_permission, permission);
  ASSERT_TRUE(added);
  const std::string statement =
      R"({"Sid":"rule","Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"lambda:InvokeFunction",)"
      R"("Resource":"arn:aws:lambda:us-east-1:000000000000:function:f",)"
      R"("Condition":{"ArnLike":{"AWS:SourceArn":"arn:aws:events:us-east-1:000000000000:rule/r"}}})";
  EXPECT_EQ(string_at(*added, "Statement"), statement);
  EXPECT_EQ(write(&Registry::add_permission, permission).error().aws_code, "ResourceConflictException");
  EXPECT_EQ(string_at(*policy(), "Policy"),
            R"({"Version":"2012-10-17","Id":"default","Statement":[)" + statement + "]}");
  ASSERT_TRUE(write(&Registry::remove_permission, {{"FunctionName", "f"}, {"StatementId", "rule"}}));
  EXPECT_EQ(write(&Registry::remove_permission, {{"FunctionName", "f"}, {"StatementId", "rule"}}).error().aws_code,
            "ResourceNotFoundException");
}

TEST_F(FunctionsTest, TagsAreKeptUntilTheFunctionGoes) {
  const auto tags = [&] {
    const json::object input{{"Resource", "arn:aws:lambda:us-east-1:000000000000:function:f"}};
    return to_json(*store.read([&](store::Reader& r) {
      return registry.list_tags(r, {.caller = caller, .input = input, .request_id = "", .endpoint = ""});
    }));
  };
  ASSERT_TRUE(write(&Registry::create,
                    {{"FunctionName", "f"}, {"Handler", "echo"}, {"Role", "r"}, {"Tags", {{"team", "soc"}}}}));
  ASSERT_TRUE(write(&Registry::tag, {{"Resource", "f"}, {"Tags", {{"team", "red"}, {"stage", "test"}}}}));
  EXPECT_EQ(tags(), R"({"Tags":{"stage":"test","team":"red"}})");
  ASSERT_TRUE(write(&Registry::untag, {{"Resource", "f"}, {"TagKeys", json::array{"stage"}}}));
  EXPECT_EQ(tags(), R"({"Tags":{"team":"red"}})");
  ASSERT_TRUE(write(&Registry::remove, {{"FunctionName", "f"}}));
  ASSERT_TRUE(create("f", "echo"));
  EXPECT_EQ(tags(), R"({"Tags":{}})");
}

TEST_F(FunctionsTest, CodeIsBuiltIn) {
  ASSERT_TRUE(create("f", "echo"));
  const json::object input{{"FunctionName", "f"}};
  const auto refused = store.read([&](store::Reader& r) {
    return registry.update_code(r, {.caller = caller, .input = input, .request_id = "", .endpoint = ""});
  });
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("built-in handler 'echo'"), std::string::npos);
}

}  // namespace
}  // namespace tocsin::functions
