#include "containment/block_table.h"

#include "containment/testing.h"
#include "core/time_format.h"

namespace tocsin::containment {
namespace {

using namespace std::chrono_literals;
using BlockTableTest = ContainmentTest;

TEST_F(BlockTableTest, ABlockIsNewUntilTheFirewallHasIt) {
  EXPECT_TRUE(block("198.51.100.7").is_new());
  EXPECT_TRUE(block("198.51.100.7").is_new()) << "nobody has submitted it yet";
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    containment.tables().submit(t, table, set_of({"198.51.100.7"}));
    return {};
  }));
  EXPECT_EQ(row("198.51.100.7")->state, State::submitted);
  EXPECT_TRUE(block("198.51.100.7").is_new());
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    containment.tables().confirm(t, table, set_of({"198.51.100.7"}));
    return {};
  }));
  EXPECT_FALSE(block("198.51.100.7").is_new());
  EXPECT_EQ(row("198.51.100.7")->sightings, 4);
  EXPECT_EQ(row("198.51.100.7")->finding_id, "finding-1");
}

TEST_F(BlockTableTest, SpellingsOfOneAddressAreOneRow) {
  block("2001:DB8::0:1");
  block("2001:db8:0:0:0:0:0:1");
  block("::ffff:198.51.100.7");
  block("198.51.100.7/32");
  const auto blocks = *store.read(
      [&](store::Reader& reader) -> Result<std::vector<Block>> { return containment.tables().list(reader, table); });
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].host, "198.51.100.7");
  EXPECT_EQ(blocks[1].host, "2001:db8::1");
}

TEST_F(BlockTableTest, ANewSightingExtendsAndNeverShortens) {
  block("8.8.8.8");
  const Time first = row("8.8.8.8")->expires_at;
  EXPECT_EQ(first, store.clock.now() + 720h);
  store.clock.advance(10h);
  block("8.8.8.8");
  EXPECT_EQ(row("8.8.8.8")->expires_at, first + 10h);
  ASSERT_TRUE(write([&](store::Transaction& t) {
    return containment.tables().block(t, {.table = std::string(table), .host = "8.8.8.8", .retention = 1h});
  }));
  EXPECT_EQ(row("8.8.8.8")->expires_at, first + 10h);
}

TEST_F(BlockTableTest, OlderFindingsDoNotReplaceWhatANewerOneSaid) {
  const auto sight = [&](std::int64_t created, std::string finding) {
    ASSERT_TRUE(write([&](store::Transaction& t) {
      return containment.tables().block(
          t, {.table = std::string(table), .host = "8.8.8.8", .created_at_s = created, .finding_id = finding});
    }));
  };
  sight(1000, "newer");
  sight(900, "older");
  EXPECT_EQ(row("8.8.8.8")->finding_id, "newer");
  EXPECT_EQ(row("8.8.8.8")->created_at_s, 1000);
}

TEST_F(BlockTableTest, ExpiredBlocksLeaveTheFirewallBeforeTheTable) {
  block("8.8.8.8");
  block("9.9.9.9");
  const auto both = set_of({"8.8.8.8", "9.9.9.9"});
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    containment.tables().confirm(t, table, both);
    return {};
  }));
  store.clock.advance(719h);
  block("9.9.9.9");
  store.clock.advance(1h);
  EXPECT_EQ(feed(), "9.9.9.9/32\n") << "what has expired is not wanted any more";
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    auto& tables = containment.tables();
    const auto leaving = tables.expire(t, table, 720h);
    EXPECT_EQ(leaving.size(), 1u);
    EXPECT_EQ(leaving.at(0).host, "8.8.8.8");
    EXPECT_FALSE(tables.remove_released(t, table, "8.8.8.8")) << "the firewall still has it";
    tables.confirm(t, table, both);
    EXPECT_FALSE(tables.remove_released(t, table, "8.8.8.8")) << "the firewall still has it";
    tables.confirm(t, table, set_of({"9.9.9.9"}));
    EXPECT_EQ(tables.find(t, table, "8.8.8.8")->state, State::released);
    EXPECT_TRUE(tables.remove_released(t, table, "8.8.8.8"));
    EXPECT_FALSE(tables.remove_released(t, table, "9.9.9.9"));
    return {};
  }));
  EXPECT_FALSE(row("8.8.8.8"));
  EXPECT_EQ(row("9.9.9.9")->state, State::confirmed);
}

TEST_F(BlockTableTest, AnAddressSeenAgainWhileLeavingIsBlockedAnew) {
  block("8.8.8.8");
  store.clock.advance(721h);
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    containment.tables().expire(t, table, std::nullopt);
    containment.tables().confirm(t, table, {});
    return {};
  }));
  EXPECT_EQ(row("8.8.8.8")->state, State::released);
  EXPECT_TRUE(block("8.8.8.8").is_new());
  EXPECT_EQ(row("8.8.8.8")->state, State::desired);
  EXPECT_EQ(row("8.8.8.8")->expires_at, store.clock.now() + 720h);
}

TEST_F(BlockTableTest, WhatTheFirewallLostIsDesiredAgain) {
  block("8.8.8.8");
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    containment.tables().confirm(t, table, set_of({"8.8.8.8"}));
    containment.tables().confirm(t, table, {});
    return {};
  }));
  EXPECT_EQ(row("8.8.8.8")->state, State::desired);
  EXPECT_TRUE(block("8.8.8.8").is_new());
}

TEST_F(BlockTableTest, UnblockedIsHeldAndAPersonMayBlockAgain) {
  block("8.8.8.8");
  const auto unblocked =
      write([&](store::Transaction& t) { return containment.unblock(t, "8.8.8.8", "it is our customer", "alice"); });
  ASSERT_TRUE(unblocked);
  EXPECT_EQ(unblocked->released.size(), 1u);
  EXPECT_FALSE(row("8.8.8.8"));
  const auto again = block("8.8.8.8");
  ASSERT_TRUE(again.refusal);
  EXPECT_EQ(again.refusal->code, "Held");
  EXPECT_NE(again.refusal->reason.find("alice"), std::string::npos);
  store.reopen();
  EXPECT_TRUE(block("8.8.8.8").refusal) << "a hold outlives a restart";
  EXPECT_FALSE(block("8.8.8.8", Intent::manual).refusal);
  EXPECT_FALSE(block("8.8.8.8").refusal) << "the person's block ended the hold";
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.unblock(t, "8.8.8.8", "", "alice"); }));
  store.clock.advance(24h);
  EXPECT_FALSE(block("8.8.8.8").refusal);
}

TEST_F(BlockTableTest, ANeverBlockEntryReleasesWhatOverlaps) {
  block("8.8.8.8");
  block("8.8.4.4");
  const auto released =
      write([&](store::Transaction& t) { return containment.never_block(t, "8.8.8.0/24", "resolver", "alice"); });
  ASSERT_TRUE(released);
  ASSERT_EQ(released->size(), 1u);
  EXPECT_EQ((*released)[0].host, "8.8.8.8");
  EXPECT_FALSE(row("8.8.8.8"));
  EXPECT_TRUE(row("8.8.4.4"));
  EXPECT_EQ(feed(), "8.8.4.4/32\n");
}

TEST_F(BlockTableTest, ConfigurationIsAppliedAtEachStart) {
  const auto apply = [&](const std::vector<Containment::Protection>& entries) {
    return write([&](store::Transaction& t) { return containment.apply_configuration(t, entries); });
  };
  block("8.8.8.8");
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.never_block(t, "9.9.9.9", "by hand", "alice"); }));
  auto released = apply({{"8.8.8.8", "public", "resolver"}, {"9.9.9.9", "public", "resolver"}});
  ASSERT_TRUE(released);
  EXPECT_EQ(released->size(), 1u);
  ASSERT_TRUE(apply({}));
  EXPECT_FALSE(block("8.8.8.8").refusal);
  EXPECT_TRUE(block("9.9.9.9").refusal) << "what a person entered stays";
  EXPECT_FALSE(apply({{"8.8.8.8/99", "", "configuration"}}));
}

TEST_F(BlockTableTest, TheFeedIsSortedAggregatedAndTagged) {
  const auto etag = [&] { return store.read([&](store::Reader& r) { return containment.block_feed(r); })->etag; };
  EXPECT_EQ(feed(), "");
  const auto empty = etag();
  for (const auto* host : {"198.51.100.1", "198.51.100.0", "9.9.9.9", "2001:db8::1", "198.51.100.2"}) block(host);
  EXPECT_EQ(feed(), "9.9.9.9/32\n198.51.100.0/31\n198.51.100.2/32\n2001:db8::1/128\n");
  EXPECT_NE(etag(), empty);
  EXPECT_TRUE(empty.starts_with('"') && empty.ends_with('"'));
  EXPECT_EQ(etag(), etag());
}

TEST_F(BlockTableTest, RefusalsAreCountedAndBounded) {
  for (int i = 0; i < 3; ++i) block("10.0.0.1");
  block(std::string(500, 'x') + "\xff");
  const auto refusals = *store.read([&](store::Reader& reader) -> Result<std::vector<RefusedBlock>> {
    return containment.tables().refusals(reader, 10);
  });
  ASSERT_EQ(refusals.size(), 2u);
  const auto& first = refusals[0].count == 3 ? refusals[0] : refusals[1];
  const auto& second = refusals[0].count == 3 ? refusals[1] : refusals[0];
  EXPECT_EQ(first.refusal.code, "SpecialPurpose");
  EXPECT_EQ(second.address.size(), 64u);
  ASSERT_TRUE(write([&](store::Transaction& t) -> Result<void> {
    for (std::int64_t i = 0; i < BlockTables::refusals_max + 50; ++i)
      containment.tables().record_refusal(t, {.host = "host-" + std::to_string(i)}, {"Test", "test"});
    EXPECT_LE(t.integer("SELECT count(*) FROM containment_refusal", 0), BlockTables::refusals_max);
    return {};
  }));
}

TEST_F(BlockTableTest, ReportTellsAll) {
  block("8.8.8.8");
  block("10.0.0.1");
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.unblock(t, "9.9.9.9", "customer", "alice"); }));
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.never_block(t, "1.1.1.1", "resolver", "alice"); }));
  const auto report = *store.read([&](store::Reader& r) -> Result<json::object> { return containment.report(r); });
  const auto& block = report.at("Blocks").at(0).get_object();
  EXPECT_EQ(string_at(block, "HostIp"), "8.8.8.8");
  EXPECT_EQ(string_at(block, "Reason"), "seen by GuardDuty");
  EXPECT_EQ(string_at(block, "Until"), format_rfc3339(store.clock.now() + 720h));
  EXPECT_EQ(report.at("Refused").at(0).at("Code"), "SpecialPurpose");
  EXPECT_EQ(report.at("Holds").at(0).at("Address"), "9.9.9.9");
  EXPECT_EQ(report.at("NeverBlock").at(0).at("Prefix"), "1.1.1.1");
}

}  // namespace
}  // namespace tocsin::containment
