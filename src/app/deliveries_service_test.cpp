#include "app/deliveries_service.h"

#include <gtest/gtest.h>

#include "store/given_up.h"
#include "store/testing.h"

namespace tocsin::app {
namespace {

class Deliveries : public testing::Test {
 protected:
  void give_up(int count, std::string_view kind, Time added) {
    ASSERT_TRUE(store.write([&](store::Transaction& t) -> Result<void> {
      for (int i = 0; i < count; ++i)
        t.execute(
            "INSERT INTO outbox_given_up (at, kind, key, destination, dead_letter, error, payload, attempts, added) "
            "VALUES (?,?,?,?,?,?,?,?,?)",
            t.now(), kind, std::to_string(++keys), "there", "", "gone", store::Blob{"body"}, 1, added);
      return {};
    }));
  }
  json::object ask(std::string_view name, const json::object& input) {
    for (const auto& operation : deliveries_operations()) {
      if (operation.name != name) continue;
      auto answer = store.write([&](store::Transaction& t) -> service::Answer {
        return service::run_within(operation, t, {.caller = caller, .input = input, .request_id = "", .endpoint = ""});
      });
      if (!answer) return {{"Error", answer.error().message}};
      return *answer;
    }
    return {};
  }
  static std::size_t size(const json::object& answer, std::string_view member) {
    return answer.at(member).get_array().size();
  }
  store::TestStore store;
  service::Caller caller{.account = "000000000000", .arn = "arn", .user_id = ""};
  int keys = 0;
};

TEST_F(Deliveries, AreListedByKindWithoutTheirBodies) {
  give_up(3, "webhook", store.clock.now());
  give_up(5, "task", store.clock.now());
  const auto listed = ask("ListDeliveries", {{"Kind", "webhook"}, {"MaxResults", 2}});
  ASSERT_EQ(size(listed, "GivenUp"), 2u);
  const auto& newest = listed.at("GivenUp").get_array()[0].get_object();
  EXPECT_EQ(string_at(newest, "Id"), "g3");
  EXPECT_EQ(size(ask("ListDeliveries", {}), "GivenUp"), 8u);
  const auto one =
      store.read([](store::Reader& r) -> Result<store::GivenUp> { return store::given_up(r, "", 1).at(0); });
  EXPECT_EQ(one->payload, "");
  EXPECT_EQ(string_at(ask("DescribeDelivery", {{"Id", "g3"}}).at("Delivery").get_object(), "Payload"), "body");
}

TEST_F(Deliveries, AllGoPageByPagePastThoseThatAreLeft) {
  give_up(300, "webhook", store.clock.now());
  give_up(10, "task", store.clock.now());  // nobody's to send
  give_up(450, "webhook", Time{});         // newer, and all of them are left
  std::size_t changed = 0, left = 0;
  json::object request{{"AllGivenUp", true}};
  for (int pages = 0;; ++pages) {
    ASSERT_LT(pages, 5);
    const auto answer = ask("ResendDeliveries", request);
    changed += size(answer, "Changed");
    left += size(answer, "Left");
    EXPECT_EQ(bool_at(answer, "More"), answer.contains("Next"));
    if (!bool_at(answer, "More")) break;
    request["After"] = answer.at("Next");
  }
  EXPECT_EQ(changed, 300u);
  EXPECT_EQ(left, 450u);
}

TEST_F(Deliveries, OneOfAnEarlierVersionIsRefusedWithAReason) {
  give_up(1, "webhook", Time{});
  const auto answer = ask("ResendDeliveries", {{"Ids", json::array{"g1"}}});
  ASSERT_EQ(size(answer, "Left"), 1u);
  EXPECT_NE(string_at(answer.at("Left").get_array()[0].get_object(), "Reason").find("earlier version"),
            std::string_view::npos);
  EXPECT_EQ(size(ask("ListDeliveries", {}), "Waiting"), 0u);
  EXPECT_EQ(size(ask("DropDeliveries", {{"Ids", json::array{"g1"}}}), "Changed"), 1u);
}

TEST_F(Deliveries, AreNamedOrAllOfThem) {
  EXPECT_TRUE(ask("DropDeliveries", {}).contains("Error"));
  EXPECT_TRUE(ask("DropDeliveries", {{"AllGivenUp", true}, {"Ids", json::array{"g1"}}}).contains("Error"));
  EXPECT_TRUE(ask("DropDeliveries", {{"AllGivenUp", true}, {"After", "x"}}).contains("Error"));
}

}  // namespace
}  // namespace tocsin::app
