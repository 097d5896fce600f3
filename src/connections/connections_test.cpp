#include "connections/connections.h"

#include <gtest/gtest.h>

#include "store/testing.h"

namespace tocsin::connections {
namespace {

class ConnectionsTest : public testing::Test {
 protected:
  ConnectionsTest() { directory.add(connections.service()); }
  service::Answer call(std::string_view operation, const json::object& input) {
    return store.write([&](store::Transaction& t) {
      return service::run_within(*directory.find("events", operation), t,
                                 {.caller = caller, .input = input, .request_id = "r", .endpoint = ""});
    });
  }
  static json::object basic(std::string_view password = "hunter2hunter2") {
    return {{"Name", "c"},
            {"AuthorizationType", "BASIC"},
            {"AuthParameters",
             {{"BasicAuthParameters", {{"Username", "me"}, {"Password", password}}},
              {"InvocationHttpParameters",
               {{"HeaderParameters",
                 json::array{json::object{{"Key", "X-T"}, {"Value", "hidden-value"}, {"IsValueSecret", true}},
                             json::object{{"Key", "X-O"}, {"Value", "open"}}}}}}}}};
  }
  service::Caller caller;
  store::TestStore store{migrations()};
  service::Directory directory;
  Connections connections{Identity{}};
};

TEST_F(ConnectionsTest, SecretsAreNeverGivenBack) {
  const auto made = call("CreateConnection", basic());
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(string_at(*made, "ConnectionState"), "AUTHORIZED");
  std::string all;
  for (const auto* operation : {"DescribeConnection", "UpdateConnection", "DeauthorizeConnection"})
    all += to_json(*call(operation, {{"Name", "c"}}));
  all += to_json(*call("ListConnections", {}));
  EXPECT_EQ(all.find("hunter2"), std::string::npos);
  EXPECT_EQ(all.find("hidden-value"), std::string::npos);
  EXPECT_NE(all.find(R"("Username":"me")"), std::string::npos);
  EXPECT_NE(all.find("open"), std::string::npos);
}

TEST_F(ConnectionsTest, AreFoundByArnWithWhatTheyAdd) {
  const auto arn = std::string(string_at(*call("CreateConnection", basic()), "ConnectionArn"));
  const auto get = [&] { return store.read([&](store::Reader& r) { return connections.find(r, arn); }); };
  EXPECT_EQ(get()->headers,
            (Fields{{"X-T", "hidden-value"}, {"X-O", "open"}, {"Authorization", "Basic bWU6aHVudGVyMmh1bnRlcjI="}}));
  ASSERT_TRUE(call("UpdateConnection",
                   {{"Name", "c"},
                    {"AuthorizationType", "API_KEY"},
                    {"AuthParameters", {{"ApiKeyAuthParameters", {{"ApiKeyName", "X-Key"}, {"ApiKeyValue", "k"}}}}}}));
  EXPECT_EQ(get()->headers.back(), (std::pair<std::string, std::string>("X-Key", "k")));
  ASSERT_TRUE(call("DeauthorizeConnection", {{"Name", "c"}}));
  EXPECT_EQ(get().error().aws_code, "Events.ConnectionResource.InvalidConnectionState");
  const auto kept = store.read([](store::Reader& reader) -> Result<std::string> {
    auto rows = reader.query("SELECT auth FROM connection");
    return rows.next() ? rows.string(0) : std::string();
  });
  EXPECT_NE(kept->find("open"), std::string::npos);
  EXPECT_EQ(kept->find("hidden-value"), std::string::npos);
  EXPECT_EQ(kept->find("hunter2"), std::string::npos);
  ASSERT_TRUE(call("DeleteConnection", {{"Name", "c"}}));
  EXPECT_EQ(get().error().aws_code, "Events.ConnectionResource.NotFound");
}

TEST_F(ConnectionsTest, MistakesHaveTheServicesErrors) {
  auto without_password = basic("");
  EXPECT_EQ(call("CreateConnection", without_password).error().aws_code, "ValidationException");
  auto other = basic();
  other["AuthorizationType"] = "API_KEY";
  EXPECT_EQ(call("CreateConnection", other).error().aws_code, "ValidationException");
  ASSERT_TRUE(call("CreateConnection", basic()));
  EXPECT_EQ(call("CreateConnection", basic()).error().aws_code, "ResourceAlreadyExistsException");
  EXPECT_EQ(call("DescribeConnection", {{"Name", "no"}}).error().aws_code, "ResourceNotFoundException");
  EXPECT_EQ(call("ListConnections", {{"NextToken", "%"}}).error().aws_code, "ValidationException");
}

}  // namespace
}  // namespace tocsin::connections
