// Any bytes as an event, matched with rules of every operator: an error if and only if it is no JSON object, by
// another reader; and the answer of the reference.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "pattern/pattern.h"
#include "pattern/reference_match.cpp"   // NOLINT: test support that no library holds
#include "pattern/reference_values.cpp"  // NOLINT

namespace {

using namespace tocsin;
using namespace tocsin::pattern;

struct Rules {
  Rules() {
    for (const char* pattern :
         {R"({"a":["x",1,null]})", R"({"a":{"b":[{"prefix":"x"}],"c":[{"exists":false}]}})",
          R"({"a":[{"wildcard":"*x*y"}]})", R"({"b":[{"suffix":"y"},{"numeric":["<",5]}]})",
          R"({"b":[{"anything-but":["x","y"]}],"a":[{"exists":true}]})",
          R"({"b":[{"cidr":"10.0.0.0/8"},{"cidr":"::/1"},{"equals-ignore-case":"ÄX"}]})",
          R"({"$or":[{"a.b":[1]},{"b":[{"prefix":{"equals-ignore-case":"k"}}]}]})", R"({"a":{"b":[1],"d":[2]}})",
          R"({"":[{"anything-but":{"prefix":"x"}}],"a":[{"exists":false}]})"}) {
      rules.push_back({static_cast<RuleId>(rules.size()), pattern});
      references.emplace_back(rules.back().pattern);
    }
    set = *compile(rules);
  }
  std::vector<Rule> rules;
  std::vector<ReferenceRule> references;
  std::shared_ptr<const RuleSet> set;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Rules rules;
  static Matcher matcher;
  // A copy of the exact size, so that a read past the end is seen.
  const std::vector<char> copy(bytes, bytes + size);
  const std::string_view event(copy.data(), copy.size());
  std::vector<RuleId> matched;
  const auto result = matcher.match(*rules.set, event, matched);
  JsonNode root;
  JsonFault fault;
  if (!read_json_tree(event, root, fault)) {
    check(!result || fault.reason == "Nested too deeply", "what is no JSON is refused");
    return 0;
  }
  check(result.has_value() == (root.kind == JsonNode::Kind::object), "a JSON object is taken, and nothing else");
  if (!result) return 0;
  const ReferenceEvent reference(event);
  if (reference.leaves.size() > 30) return 0;  // the reference tries every choice
  std::vector<RuleId> expected;
  for (std::size_t i = 0; i < rules.rules.size(); ++i) {
    if (rules.references[i].matches(reference)) expected.push_back(rules.rules[i].id);
  }
  check(matched == expected, "the reference agrees");
  return 0;
}
