#include "app/installation.h"

#include <gtest/gtest.h>

#include "stacks/stacks.h"
#include "store/testing.h"

namespace tocsin::app {
namespace {

class InstallationTest : public testing::Test {
 protected:
  Result<Identity> ask(const Config& config) { return identity_of(*store.operator->(), config); }
  static Config with(std::string account, std::string region) {
    Config config;
    config.given.account = !account.empty();
    config.given.region = !region.empty();
    if (!account.empty()) config.identity.account = std::move(account);
    if (!region.empty()) config.identity.region = std::move(region);
    return config;
  }
  store::Migration all[3] = {installation_migrations()[0], stacks::migrations()[0], stacks::migrations()[1]};
  store::TestStore store{all};
};

TEST_F(InstallationTest, AStoreKeepsTheIdentityOfItsFirstStart) {
  EXPECT_EQ(ask(with("111122223333", "eu-central-1"))->account, "111122223333");
  const auto first = *ask(with("111122223333", "eu-central-1"));
  ASSERT_TRUE(store.write([&](store::Transaction& t) -> Result<void> {
    remember(t, first);
    return {};
  }));
  store.reopen();
  for (const auto& config : {with("", ""), with("111122223333", ""), with("111122223333", "eu-central-1")}) {
    const auto again = ask(config);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->account + "/" + again->region, "111122223333/eu-central-1");
  }
  const auto other = ask(with("999988887777", "us-east-1"));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::conflict);
  for (const char* named : {"111122223333", "999988887777", "eu-central-1", "us-east-1"})
    EXPECT_NE(other.error().message.find(named), std::string::npos) << other.error().message;
  EXPECT_FALSE(ask(with("", "us-east-1")));
}

TEST_F(InstallationTest, AStoreFromBeforeIsKnownByItsStacks) {
  ASSERT_TRUE(store.write([](store::Transaction& t) -> Result<void> {
    t.execute("INSERT INTO stack (name, id, template_hash, outputs, created, updated) VALUES (?,?,?,?,0,0)", "s",
              "arn:aws:cloudformation:eu-west-3:444455556666:stack/s/1", "", "{}");
    return {};
  }));
  EXPECT_EQ(ask(with("", ""))->account, "444455556666");
  EXPECT_EQ(ask(with("", ""))->region, "eu-west-3");
  EXPECT_FALSE(ask(with("000000000000", "")));
}

}  // namespace
}  // namespace tocsin::app
