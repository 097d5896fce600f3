#include <fmt/format.h>

#include "containment/testing.h"

namespace tocsin::containment {
namespace {

class OperatorTest : public ContainmentTest {
 protected:
  OperatorTest() : ContainmentTest({.own_addresses = set_of({"52.0.0.0/24"})}) {
    directory.add({"tocsin", containment.operator_operations()});
    EXPECT_TRUE(write([&](store::Transaction& t) {
      return containment.apply_configuration(t, {{"8.8.8.8", "public resolver of Google", "resolver"},
                                                 {"203.0.113.80", "configuration", "configuration"},
                                                 {"84.205.64.0/20", "this machine's gateway", "machine"}});
    }));
  }
  service::Answer ask(std::string_view operation, std::string_view address, json::object more = {}) {
    more["Address"] = address;
    return call("tocsin", operation, more);
  }
};

TEST_F(OperatorTest, AWideProtectionNeedsForce) {
  block("198.51.100.9");
  block("198.51.100.10");
  for (const char* wide : {"0.0.0.0/0", "128.0.0.0/1", "198.0.0.0/7"}) {
    for (const char* operation : {"ProtectAddress", "UnblockAddress"}) {
      const auto refused = ask(operation, wide);
      ASSERT_FALSE(refused) << wide;
      EXPECT_EQ(refused.error().aws_code, "ValidationException");
      EXPECT_NE(refused.error().message.find("would lift 2 current blocks"), std::string::npos)
          << refused.error().message;
    }
  }
  EXPECT_FALSE(ask("ProtectAddress", "::/0"));
  EXPECT_FALSE(ask("ProtectAddress", "2001::/15"));
  EXPECT_TRUE(ask("ProtectAddress", "2001::/16"));
  EXPECT_EQ(feed(), "198.51.100.9/32\n198.51.100.10/32\n");
  const auto forced = ask("ProtectAddress", "198.0.0.0/7", {{"Force", true}});
  ASSERT_TRUE(forced);
  EXPECT_EQ(forced->at("Released").as_array().size(), 2u);
  EXPECT_EQ(feed(), "");
}

TEST_F(OperatorTest, UnblockingWhatIsNotBlockedIsRefusedUnlessItIsToBeHeld) {
  const auto refused = ask("UnblockAddress", "198.51.100.9");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  EXPECT_NE(refused.error().message.find("--hold 198.51.100.9"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(block("198.51.100.9").refusal) << "nothing holds it";
  EXPECT_TRUE(ask("UnblockAddress", "198.51.100.9"));
  const auto held = ask("UnblockAddress", "198.51.100.20", {{"Hold", true}});
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->contains("HeldUntil"));
  EXPECT_EQ(block("198.51.100.20").refusal->code, "Held");
  EXPECT_EQ(ask("UnblockAddress", "no address").error().code, ErrorCode::validation);
}

TEST_F(OperatorTest, EndingADefaultProtectionSaysThatItComesBack) {
  const std::pair<const char*, const char*> cases[] = {{"8.8.8.8", "protect_public_resolvers = false"},
                                                       {"203.0.113.80", "containment.never_block"},
                                                       {"84.205.64.0/20", "protect_this_machine = false"}};
  for (const auto& [address, how] : cases) {
    const auto ended = ask("UnprotectAddress", address);
    ASSERT_TRUE(ended) << address;
    const auto said = string_at(*ended, "ProtectedAgain");
    EXPECT_NE(said.find("after the next start"), said.npos) << said;
    EXPECT_NE(said.find(how), said.npos) << said;
  }
  ASSERT_TRUE(ask("ProtectAddress", "198.51.100.9"));
  EXPECT_FALSE(ask("UnprotectAddress", "198.51.100.9")->contains("ProtectedAgain"));
}

TEST_F(OperatorTest, WhatIsNotOnTheListIsExplained) {
  const std::pair<const char*, const char*> cases[] = {{"84.205.65.1", "84.205.64.0/20 is (machine)"},
                                                       {"52.0.0.9", "our own addresses"},
                                                       {"10.0.0.1", "Private-Use"},
                                                       {"84.206.0.1", "not on the never-block list"}};
  for (const auto& [address, why] : cases) {
    const auto refused = ask("UnprotectAddress", address);
    ASSERT_FALSE(refused) << address;
    EXPECT_EQ(refused.error().code, ErrorCode::not_found);
    EXPECT_NE(refused.error().message.find(why), std::string::npos) << refused.error().message;
  }
}

}  // namespace
}  // namespace tocsin::containment
