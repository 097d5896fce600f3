#include "containment/gate.h"

#include "containment/testing.h"
#include "netset/special.h"

namespace tocsin::containment {
namespace {

Settings with_own() {
  return {.own_addresses = set_of({"52.0.0.0/24", "2600:1f00::/40"})};
}

class GateTest : public ContainmentTest {
 protected:
  GateTest() : ContainmentTest(with_own()) {}
  std::string judge(std::string_view text, Intent intent = Intent::automatic) {
    return *store.read([&](store::Reader& reader) -> Result<std::string> {
      const auto refusal = containment.gate().judge(reader, text, intent);
      return refusal ? refusal->code : "allowed";
    });
  }
  void never(std::string_view prefix) {
    ASSERT_TRUE(write([&](store::Transaction& t) { return containment.never_block(t, prefix, "partner", "me"); }));
  }
};

TEST_F(GateTest, DecidesByWhatTheAddressIs) {
  never("185.199.108.0/22");
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"8.8.8.8", "allowed"},
      {"2a00:1450::1", "allowed"},
      {"198.51.100.0", "allowed"},  // documentation: nobody's (see gate.h)
      {"2001:db8::1", "allowed"},
      {"8.8.0.0/16", "allowed"},
      {"8.0.0.0/15", "TooWide"},
      {"2a00::/16", "TooWide"},
      {"10.1.2.3", "SpecialPurpose"},
      {"::ffff:10.1.2.3", "SpecialPurpose"},
      {"192.168.0.0/16", "SpecialPurpose"},
      {"192.167.0.0/16", "allowed"},
      {"127.0.0.1", "SpecialPurpose"},
      {"169.254.169.254", "SpecialPurpose"},
      {"224.0.0.1", "SpecialPurpose"},
      {"255.255.255.255", "SpecialPurpose"},
      {"0.0.0.0", "SpecialPurpose"},
      {"::1", "SpecialPurpose"},
      {"fe80::1%eth0", "SpecialPurpose"},
      {"64:ff9b::808:808", "SpecialPurpose"},
      {"198.51.0.0/16", "SpecialPurpose"},  // holds documentation, and others' addresses, too
      {"52.0.0.7", "OwnAddress"},
      {"52.0.0.0/16", "OwnAddress"},  // holds some of ours
      {"2600:1f00::7", "OwnAddress"},
      {"185.199.109.1", "NeverBlock"},
      {"185.199.0.0/16", "NeverBlock"},
      {"185.199.112.1", "allowed"},
      {"not-an-address", "InvalidAddress"},
      {"", "InvalidAddress"},
      {"1.2.3.4/24", "InvalidAddress"},
      {"010.1.2.3", "InvalidAddress"},
  };
  for (const auto& [text, code] : cases) {
    EXPECT_EQ(judge(text), code) << text;
    EXPECT_EQ(judge(text, Intent::manual), code) << text;  // a person can't get past it either
  }
}

TEST_F(GateTest, AnEntryCanBeTakenOffTheList) {
  never("9.9.9.9");
  EXPECT_EQ(judge("9.9.9.9"), "NeverBlock");
  ASSERT_TRUE(write([&](store::Transaction& t) { return containment.remove_never_block(t, "9.9.9.9/32"); }));
  EXPECT_EQ(judge("9.9.9.9"), "allowed");
  const auto again = write([&](store::Transaction& t) { return containment.remove_never_block(t, "9.9.9.9"); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::not_found);
}

TEST_F(GateTest, DocumentationRangesAreRefusedIfTheSettingSaysSo) {
  Gate strict{{.documentation_blockable = false}};
  ASSERT_TRUE(store.read([&](store::Reader& reader) -> Result<void> {
    EXPECT_TRUE(strict.judge(reader, "203.0.113.9", Intent::automatic));
    return {};
  }));
}

class UndecidedGateTest : public ContainmentTest {
 protected:
  UndecidedGateTest()
      : ContainmentTest({.own_lookup = [](store::Reader&) -> Result<netset::Set> {
          return fail(ErrorCode::unavailable, "the cloud does not answer");
        }}) {}
};

TEST_F(UndecidedGateTest, BlocksNothingAndSaysWhy) {
  const auto outcome = block("8.8.8.8");
  ASSERT_TRUE(outcome.refusal);
  EXPECT_EQ(outcome.refusal->code, "Undecided");
  EXPECT_FALSE(row("8.8.8.8"));
  const auto refusals = *store.read([&](store::Reader& reader) -> Result<std::vector<RefusedBlock>> {
    return containment.tables().refusals(reader, 10);
  });
  ASSERT_EQ(refusals.size(), 1u);
  EXPECT_NE(refusals[0].refusal.reason.find("the cloud does not answer"), std::string::npos);
  EXPECT_TRUE(feed().starts_with("error: ")) << "a poller must keep what it has";
}

// The law: whatever comes in, nothing that must not be blocked gets into the table or the feed.
TEST_F(GateTest, NothingProtectedIsEverBlocked) {
  SeededRandom random{42};
  netset::Set protected_addresses = set_of({"52.0.0.0/24", "2600:1f00::/40"});
  const auto draw = [&]() -> netset::Prefix {
    const auto& special = netset::special_ranges()[random.below(netset::special_ranges().size())].prefix;
    netset::Address address = random.below(3) == 0 ? special.last() : special.first();
    if (random.below(2) == 0) address = {netset::Family::ipv4, netset::Bits{random.below(1ull << 32)}};
    if (random.below(4) == 0) address = {netset::Family::ipv4, netset::Bits{0x34000000 + random.below(1024)}};
    const int width = netset::width(address.family);
    return netset::make_prefix(address, random.below(3) == 0 ? width - static_cast<int>(random.below(20)) : width);
  };
  for (int i = 0; i < 600; ++i) {
    const auto prefix = draw();
    if (random.below(6) == 0 && prefix.length > 20) {
      never(netset::to_text(prefix));
      protected_addresses.insert(prefix);
    } else if (random.below(2) == 0) {
      block(netset::to_text(prefix), random.below(2) == 0 ? Intent::automatic : Intent::manual);
    } else {
      (void)call("dynamodb", "PutItem",
                 json::object{{"TableName", table},
                              {"Item", json::object{{"HostIp", json::object{{"S", netset::to_text(prefix)}}}}}});
    }
  }
  const auto blocks = *store.read(
      [&](store::Reader& reader) -> Result<std::vector<Block>> { return containment.tables().list(reader, ""); });
  EXPECT_GT(blocks.size(), 100u);
  for (const Block& block : blocks) {
    const auto prefix = *netset::parse_prefix(block.host);
    EXPECT_FALSE(protected_addresses.overlaps(prefix)) << block.host;
    const auto* special = netset::special_of(prefix);
    EXPECT_TRUE(!special || special->scope == netset::Scope::documentation) << block.host;
  }
  std::string text = feed();
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    EXPECT_FALSE(protected_addresses.overlaps(*netset::parse_prefix(text.substr(at, end - at))));
    at = end + 1;
  }
}

}  // namespace
}  // namespace tocsin::containment
