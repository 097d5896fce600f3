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

}  // namespace
}  // namespace tocsin::functions
