#include "containment/drops.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace tocsin::containment {
namespace {

// "rule 1: 198.51.100.9 source whole, …" for each rule that drops.
std::vector<std::string> told(std::string_view type, std::string_view document) {
  const auto parsed = parse_json_object(document);
  EXPECT_TRUE(parsed) << document;
  std::vector<std::string> lines;
  for (const Drop& drop : drops_of(type, *parsed)) {
    std::string line = drop.rule + ":";
    for (const auto& address : drop.addresses)
      line += fmt::format(" {} {}{},", netset::to_short_text(address.prefix), to_text(address.side),
                          address.is_whole ? " whole" : "");
    if (!drop.undefined.empty()) line += " undefined " + drop.undefined;
    if (drop.drops_everything) line += " everything";
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string stateless(std::string_view attributes, std::string_view action = "aws:drop") {
  return fmt::format(
      R"({{"RulesSource":{{"StatelessRulesAndCustomActions":{{"StatelessRules":[{{"Priority":1,"RuleDefinition":{{"Actions":["{}"],"MatchAttributes":{}}}}}]}}}}}})",
      action, attributes);
}

TEST(DropsTest, OfAStatelessRule) {
  const std::pair<std::string_view, std::vector<std::string>> cases[] = {
      {R"({"Sources":[{"AddressDefinition":"198.51.100.9/32"}]})", {"rule 1: 198.51.100.9 source whole,"}},
      {R"({"Sources":[{"AddressDefinition":"198.51.100.9/32"}],"Destinations":[{"AddressDefinition":"0.0.0.0/0"}]})",
       {"rule 1: 198.51.100.9 source whole,"}},
      {R"({"Sources":[{"AddressDefinition":"198.51.100.9/32"}],"Destinations":[{"AddressDefinition":"::/0"}]})",
       {"rule 1: 198.51.100.9 source,"}},
      {R"({"Destinations":[{"AddressDefinition":"198.51.100.9/32"}],"Protocols":[6]})",
       {"rule 1: 198.51.100.9 destination,"}},
      {R"({"Sources":[{"AddressDefinition":"10.0.0.0/8"}],"Destinations":[{"AddressDefinition":"198.51.100.9/32"}]})",
       {"rule 1: 10.0.0.0/8 source, 198.51.100.9 destination,"}},
      {R"({"Sources":[{"AddressDefinition":"127.0.0.1/32"}]})", {"rule 1:"}},
      {R"({})", {"rule 1: everything"}},
      {R"({"Sources":[{"AddressDefinition":"0.0.0.0/0"}],"Destinations":[{"AddressDefinition":"0.0.0.0/0"}]})",
       {"rule 1: everything"}},
      {R"({"Sources":[{"AddressDefinition":"0.0.0.0/0"}],"DestinationPorts":[{"FromPort":23,"ToPort":23}]})",
       {"rule 1:"}},
  };
  for (const auto& [attributes, lines] : cases)
    EXPECT_EQ(told("STATELESS", stateless(attributes)), lines) << attributes;
  EXPECT_TRUE(told("STATELESS", stateless("{}", "aws:pass")).empty());
  EXPECT_TRUE(told("STATELESS", stateless("{}", "aws:forward_to_sfe")).empty());
}

std::vector<std::string> of_text(const std::string& rules, std::string_view variables = "{}") {
  return told("STATEFUL", fmt::format(R"({{"RuleVariables":{},"RulesSource":{{"RulesString":{}}}}})", variables,
                                      to_json(json::value(rules))));
}

TEST(DropsTest, OfSuricataRules) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(of_text("drop ip 198.51.100.9 any -> any any (sid:1;)"),
            Lines{"line 1 of RulesString: 198.51.100.9 source,"});
  EXPECT_EQ(of_text("# drop ip 10.0.0.1 any -> any any\n\nreject tcp any any -> 203.0.113.0/24 443 (sid:1;)\n"
                    "pass ip 10.0.0.1 any -> any any (sid:2;)\nalert ip 10.0.0.1 any -> any any (sid:3;)\n"),
            Lines{"line 3 of RulesString: 203.0.113.0/24 destination,"});
  EXPECT_EQ(of_text("drop tcp [198.51.100.1, [198.51.100.2,!10.0.0.1]] any -> !192.0.2.0/24 any (sid:1;)"),
            Lines{"line 1 of RulesString: 198.51.100.1 source, 198.51.100.2 source,"});
  EXPECT_EQ(of_text("drop tls $HOME_NET any -> $EXTERNAL_NET any (sid:1;)"), Lines{"line 1 of RulesString:"});
  EXPECT_EQ(of_text("drop ip any any -> \\\n  198.51.100.9 any (sid:1;)\ndrop ip 10.0.0.1 any -> any any (sid:2;)"),
            (Lines{"line 1 of RulesString: 198.51.100.9 destination,", "line 3 of RulesString: 10.0.0.1 source,"}));
  EXPECT_EQ(of_text("drop ip $BAD any -> any any (sid:1;)", R"({"IPSets":{"BAD":{"Definition":["10.9.0.0/16"]}}})"),
            Lines{"line 1 of RulesString: 10.9.0.0/16 source,"});
  EXPECT_EQ(of_text("drop ip $BAD any -> any any (sid:1;)"), Lines{"line 1 of RulesString: undefined $BAD"});
  EXPECT_EQ(of_text("drop ip @LIST any -> any any (sid:1;)"), Lines{"line 1 of RulesString: undefined @LIST"});
  EXPECT_EQ(of_text("drop"), Lines{"line 1 of RulesString:"});
  const std::string deep(5000, '[');
  EXPECT_EQ(of_text("drop ip " + deep + "10.0.0.1 any -> any any (sid:1;)"),
            Lines{"line 1 of RulesString: undefined a list of lists this deep"});
}

TEST(DropsTest, OfFiveTuples) {
  EXPECT_EQ(told("STATEFUL", R"({"RulesSource":{"StatefulRules":[
    {"Action":"PASS","Header":{"Source":"10.0.0.1","Destination":"ANY"}},
    {"Action":"DROP","Header":{"Source":"ANY","Destination":"198.51.100.0/24"}},
    {"Action":"REJECT","Header":{"Source":"198.51.100.7","Destination":"any"}}]}})"),
            (std::vector<std::string>{"StatefulRules[1]: 198.51.100.0/24 destination,",
                                      "StatefulRules[2]: 198.51.100.7 source,"}));
}

}  // namespace
}  // namespace tocsin::containment
