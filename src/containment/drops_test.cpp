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
    if (!drop.everybody_but.empty()) line += " everybody but " + drop.everybody_but;
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
      {R"({"Sources":[{"AddressDefinition":"::/0"}]})", {"rule 1: everything"}},
      {R"({"Sources":[{"AddressDefinition":"0.0.0.0/1"},{"AddressDefinition":"128.0.0.0/1"}]})",
       {"rule 1: everything"}},
      {R"({"Sources":[{"AddressDefinition":"0.0.0.0/1"},{"AddressDefinition":"128.0.0.0/1"}],"Protocols":[1]})",
       {"rule 1:"}},
      {R"({"Sources":[{"AddressDefinition":"198.51.100.9/32"}],
           "Destinations":[{"AddressDefinition":"0.0.0.0/1"},{"AddressDefinition":"128.0.0.0/1"}]})",
       {"rule 1: 198.51.100.9 source whole,"}},
      {R"({"Sources":[{"AddressDefinition":"0.0.0.0/0"},{"AddressDefinition":"10.0.0.5/32"}],"Protocols":[6]})",
       {"rule 1: 10.0.0.5 source,"}},
      {R"({"Sources":[{"AddressDefinition":"0.0.0.0/0"}],"Protocols":[6,17],
           "SourcePorts":[{"FromPort":0,"ToPort":65535}],"DestinationPorts":[{"FromPort":0,"ToPort":65535}]})",
       {"rule 1: everything"}},
      {R"({"DestinationPorts":[{"FromPort":1024,"ToPort":65535},{"FromPort":0,"ToPort":1023}]})",
       {"rule 1: everything"}},
      {R"({"DestinationPorts":[{"FromPort":1025,"ToPort":65535},{"FromPort":0,"ToPort":1023}]})", {"rule 1:"}},
      {R"({"Protocols":[1,6,17,47,50,58]})", {"rule 1: everything"}},
      {R"({"Protocols":[6]})", {"rule 1:"}},
      {R"({"Protocols":[6,17],"TCPFlags":[{"Flags":["SYN"]}]})", {"rule 1:"}},
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
  EXPECT_EQ(of_text("drop tcp [198.51.100.1, [198.51.100.2,!10.0.0.1]] any -> 192.0.2.0/24 any (sid:1;)"),
            Lines{"line 1 of RulesString: 198.51.100.1 source, 198.51.100.2 source, 192.0.2.0/24 destination,"});
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

TEST(DropsTest, OfWhomNegationsLeave) {
  const std::string none, everybody = " everybody but ";
  const std::pair<std::string, std::string> cases[] = {
      {"!203.0.113.9", everybody + "!203.0.113.9"},
      {"[!203.0.113.9]", everybody + "[!203.0.113.9]"},
      {"[!203.0.113.9, !198.51.100.0/24]", everybody + "[!203.0.113.9, !198.51.100.0/24]"},
      {"![203.0.113.9,198.51.100.9]", everybody + "![203.0.113.9,198.51.100.9]"},
      {"[any,!203.0.113.9]", everybody + "[any,!203.0.113.9]"},
      {"!10.0.0.0/8", everybody + "!10.0.0.0/8"},
      {"!0.0.0.0/0", everybody + "!0.0.0.0/0"},
      {"![0.0.0.0/0,::/0]", none},
      {"!$KNOWN", everybody + "!$KNOWN"},
      {"!$UNKNOWN", " undefined $UNKNOWN"},
      {"!$HOME_NET", none},
      {"[$EXTERNAL_NET,!203.0.113.9]", none},
      {"![!10.0.0.5]", " 10.0.0.5 source,"},
      {"!!10.0.0.5", " 10.0.0.5 source,"},
      {"[198.51.100.8/30,!198.51.100.8/31]", " 198.51.100.10/31 source,"},
      {"[198.51.100.9,203.0.113.9,!10.0.0.0/8]", " 198.51.100.9 source, 203.0.113.9 source,"},
      {"[198.51.100.9,!198.51.100.0/24]", none},
      {"[0.0.0.0/1,128.0.0.0/1]", none},
      {"[0.0.0.0/1,$HOME_NET]", " 0.0.0.0/1 source,"},
  };
  for (const auto& [source, told] : cases) {
    EXPECT_EQ(of_text("drop tcp " + source + " any -> any 22 (sid:1;)",
                      R"({"IPSets":{"KNOWN":{"Definition":["10.9.0.0/16"]}}})"),
              std::vector<std::string>{"line 1 of RulesString:" + told})
        << source;
  }
  std::string many = "[198.51.100.0/24";
  for (int i = 0; i < 300; ++i) many += fmt::format(",!198.51.{}.{}", 100 + i / 250, i % 250);
  EXPECT_EQ(of_text("drop tcp " + many + "] any -> any 22 (sid:1;)"),
            std::vector<std::string>{"line 1 of RulesString: undefined a list with more than 256 negated addresses"});
}

TEST(DropsTest, OfVariablesThatTheGroupDefines) {
  constexpr std::string_view variables = R"({"IPSets":{
    "HOME_NET":{"Definition":["10.0.0.5/32","8.8.8.8/32"]},"EXTERNAL_NET":{"Definition":["198.51.100.9"]},
    "LESS":{"Definition":["198.51.100.8/31","!198.51.100.8"]},"LOOP":{"Definition":["$LOOP"]}}})";
  const std::pair<std::string, std::string> cases[] = {
      {"$HOME_NET", " 10.0.0.5 source, 8.8.8.8 source,"},
      {"[$HOME_NET]", " 10.0.0.5 source, 8.8.8.8 source,"},
      {"$EXTERNAL_NET", " 198.51.100.9 source,"},
      {"!$HOME_NET", " everybody but !$HOME_NET everything"},
      {"$LESS", " 198.51.100.9 source,"},
      {"$LOOP", " undefined $LOOP"},
  };
  for (const auto& [source, told] : cases)
    EXPECT_EQ(of_text("drop ip " + source + " any -> any any (sid:1;)", variables),
              std::vector<std::string>{"line 1 of RulesString:" + told})
        << source;
}

TEST(DropsTest, OfHeadersThatNothingNarrows) {
  constexpr std::string_view variables =
      R"({"PortSets":{"ALL":{"Definition":["0:1023","1024:65535"]},"WEB":{"Definition":["80","443"]}}})";
  const std::pair<std::string, bool> cases[] = {
      {"drop ip any any -> any any (sid:1;)", true},
      {"reject IP ANY ANY <> ANY ANY (msg:\"all; of \\\"it\"; flow:to_server; sid:1; rev:2;)", true},
      {"drop ip any any -> any any", true},
      {"drop ip [any] any -> 0.0.0.0/0 any (sid:1;)", true},
      {"drop ip ::/0 any -> any any (sid:1;)", true},
      {"drop ip 0.0.0.0/0 any -> ::/0 any (sid:1;)", false},
      {"drop ip [0.0.0.0/1,128.0.0.0/1] any -> any any (sid:1;)", true},
      {"drop ip $HOME_NET any -> $EXTERNAL_NET any (sid:1;)", true},
      {"drop ip !$HOME_NET any -> any any (sid:1;)", true},
      {"drop ip any 0:65535 -> any 1: (sid:1;)", true},
      {"drop ip any [0:1023,1024:65535] -> any $ALL (sid:1;)", true},
      {"drop ip any any -> any $WEB (sid:1;)", false},
      {"drop ip any any -> any $NONE (sid:1;)", false},
      {"drop ip any any -> any !22 (sid:1;)", false},
      {"drop ip any any -> any 2:65535 (sid:1;)", false},
      {"drop tcp any any -> any 23 (sid:1;)", false},
      {"drop tcp any any -> any any (sid:1;)", false},
      {"drop tls $HOME_NET any -> $EXTERNAL_NET any (sid:1;)", false},
      {"drop ip any any -> any any (geoip:any,XX; sid:1;)", false},
      {"drop ip any any -> any any (msg:\"a;b\"; content:\"evil\"; sid:1;)", false},
      {"drop ip any any -> 198.51.100.9 any (sid:1;)", false},
  };
  for (const auto& [rule, is_everything] : cases) {
    const auto lines = of_text(rule, variables);
    ASSERT_EQ(lines.size(), 1u) << rule;
    EXPECT_EQ(lines[0].ends_with(" everything"), is_everything) << rule << "\n" << lines[0];
  }
}

TEST(DropsTest, OfFiveTuplesThatNothingNarrows) {
  const auto of = [](std::string_view protocol, std::string_view port, std::string_view options) {
    return told("STATEFUL", fmt::format(R"({{"RulesSource":{{"StatefulRules":[{{"Action":"DROP","Header":{{
      "Protocol":"{}","Source":"ANY","SourcePort":"ANY","Direction":"ANY","Destination":"ANY","DestinationPort":"{}"}},
      "RuleOptions":[{{"Keyword":"sid","Settings":["1"]}}{}]}}]}}}})",
                                        protocol, port, options))[0];
  };
  EXPECT_EQ(of("IP", "ANY", ""), "StatefulRules[0]: everything");
  EXPECT_EQ(of("IP", "0:65535", ""), "StatefulRules[0]: everything");
  EXPECT_EQ(of("TCP", "23", ""), "StatefulRules[0]:");
  EXPECT_EQ(of("IP", "ANY", R"(,{"Keyword":"geoip","Settings":["any,XX"]})"), "StatefulRules[0]:");
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
