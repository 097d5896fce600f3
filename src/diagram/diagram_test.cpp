#include "diagram/diagram.h"

#include <chrono>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "diagram/layout.h"

namespace tocsin::diagram {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

asl::DefinitionPtr machine(std::string_view text) {
  auto compiled = asl::compile(text, asl::Kind::standard);
  EXPECT_TRUE(compiled) << (compiled ? "" : compiled.error().message);
  return compiled ? *compiled : nullptr;
}

constexpr std::string_view rich = R"({"Comment":"a <rich> \"one\"","StartAt":"Par","States":{
  "Par":{"Type":"Parallel","Branches":[
    {"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":5,"End":true}}},
    {"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.list","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}}}],
    "Catch":[{"ErrorEquals":["My.Error","States.Timeout"],"Next":"Bad"}],"Next":"Q <&> \"quoted\" `x` #1"},
  "Q <&> \"quoted\" `x` #1":{"Type":"Choice","Choices":[
    {"Variable":"$.a","NumericGreaterThan":3,"Next":"Par"},
    {"Not":{"Or":[{"Variable":"$.s","StringEquals":"x"},{"Variable":"$.p","IsPresent":false}]},"Next":"Loop"}],"Default":"Good"},
  "Loop":{"Type":"Task","Resource":"arn:aws:states:::sns:publish.waitForTaskToken","Catch":[{"ErrorEquals":["States.ALL"],"Next":"Loop"}],"End":true},
  "Good":{"Type":"Succeed"},"Bad":{"Type":"Fail","Error":"Bad.One"}}})";

TEST(Mermaid, QuotesWhatItsGrammarWouldRead) {
  const auto text = to_mermaid(*machine(rich));
  EXPECT_THAT(text, ::testing::StartsWith("flowchart TD\n"));
  EXPECT_THAT(text, HasSubstr("{\"Q #lt;#amp;#gt; #quot;quoted#quot; #96;x#96; #35;1\"}"));
  EXPECT_THAT(text, HasSubstr("-->|\"$.a #gt; 3\"|"));
  EXPECT_THAT(text, HasSubstr("-->|\"not ($.s = #quot;x#quot; or $.p is not present)\"|"));
  EXPECT_THAT(text, HasSubstr("-.->|\"My.Error, States.Timeout\"|"));
  // Every subgraph is closed.
  const auto count = [&](std::string_view word) {
    std::size_t found = 0;
    for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("subgraph "), 4u);
  EXPECT_EQ(count(" end\n"), 4u);
}

TEST(Dot, DrawsContainersAsClusters) {
  const auto text = to_dot(*machine(rich));
  EXPECT_THAT(text, ::testing::StartsWith("digraph machine {\n"));
  EXPECT_THAT(text, HasSubstr("label=\"Q <&> \\\"quoted\\\" `x` #1\", shape=diamond"));
  EXPECT_THAT(text, HasSubstr("label=\"My.Error, States.Timeout\", style=dashed"));
  EXPECT_THAT(text, HasSubstr("subgraph cluster_"));
  EXPECT_EQ(std::ranges::count(text, '{'), std::ranges::count(text, '}'));
}

TEST(Svg, EscapesAndDrawsEverything) {
  const auto text = to_svg(*machine(rich));
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("<title>a &lt;rich&gt; &quot;one&quot;</title>"));
  for (const auto* piece :
       {"branch 1", "for each item", "Wait · 5 s", "class=\"edge caught\"", "otherwise", "Fail · Bad.One"})
    EXPECT_THAT(*text, HasSubstr(piece));
  EXPECT_THAT(*text, Not(HasSubstr("nan")));
  EXPECT_THAT(*text, Not(HasSubstr("inf")));
}

// Boxes of one container do not overlap, and lie inside it.
void check_boxes(const Placed& placed) {
  for (std::size_t i = 0; i < placed.nodes.size(); ++i) {
    const auto& a = placed.nodes[i];
    EXPECT_GE(a.corner.x, 0);
    EXPECT_GE(a.corner.y, 0);
    EXPECT_LE(a.corner.x + a.width, placed.width + 0.01);
    EXPECT_LE(a.corner.y + a.height, placed.height + 0.01);
    for (std::size_t j = 0; j < i; ++j) {
      const auto& b = placed.nodes[j];
      const bool apart = a.corner.x + a.width <= b.corner.x || b.corner.x + b.width <= a.corner.x ||
                         a.corner.y + a.height <= b.corner.y || b.corner.y + b.height <= a.corner.y;
      EXPECT_TRUE(apart) << a.node->name << " and " << b.node->name;
    }
    for (const auto& inner : a.inside) {
      EXPECT_LE(inner.corner.x + inner.width, a.width + 0.01);
      EXPECT_LE(inner.corner.y + inner.height, a.height + 0.01);
      check_boxes(inner);
    }
  }
}

std::string random_machine(std::uint64_t seed, std::size_t states) {
  SeededRandom random{seed};
  std::string text;
  for (std::size_t i = 0; i < states; ++i) {
    const auto choices = 1 + random.below(4);
    std::string rules;
    for (std::size_t c = 0; c < choices; ++c)
      rules += fmt::format(R"({}{{"Variable":"$.v{}","IsNull":true,"Next":"S{}"}})", c == 0 ? "" : ",", c,
                           random.below(states));
    text += fmt::format(R"("S{}":{{"Type":"Choice","Choices":[{}],"Default":"{}"}},)", i, rules,
                        i + 1 < states ? fmt::format("S{}", i + 1) : "End");
  }
  return fmt::format(R"({{"StartAt":"S0","States":{{{}"End":{{"Type":"Succeed"}}}}}})", text);
}

TEST(Layout, NothingOverlaps) {
  const auto check = [](const asl::DefinitionPtr& definition) {
    const auto graph = graph_of(*definition);
    const auto placed = lay_out(graph);
    ASSERT_TRUE(placed);
    check_boxes(*placed);
  };
  check(machine(rich));
  for (std::uint64_t seed = 1; seed <= 60; ++seed) check(machine(random_machine(seed, 2 + seed % 17)));
}

TEST(Layout, LargeMachinesAreDrawnOrRefused) {
  const auto begin = std::chrono::steady_clock::now();
  std::string chain;
  for (int i = 0; i < 5'000; ++i) chain += fmt::format(R"("S{}":{{"Type":"Pass","Next":"S{}"}},)", i, i + 1);
  EXPECT_TRUE(
      to_svg(*machine(fmt::format(R"({{"StartAt":"S0","States":{{{}"S5000":{{"Type":"Succeed"}}}}}})", chain))));
  const auto tangled = to_svg(*machine(random_machine(3, 2'000)));
  ASSERT_FALSE(tangled);
  EXPECT_THAT(tangled.error().message, HasSubstr("--dot"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

}  // namespace
}  // namespace tocsin::diagram
