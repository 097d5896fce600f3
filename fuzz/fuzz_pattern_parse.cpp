// Any bytes as a pattern: refused with a reason, or compiled, matched, explained and drawn.
#include <cstddef>
#include <cstdint>

#include "core/check.h"
#include "pattern/filter_policy.h"
#include "pattern/pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  using namespace tocsin::pattern;
  constexpr std::string_view event = R"({"a":{"b":["x",1,{"c":null}]},"d":"10.0.0.1","e":[{"a":1},{"a":2}]})";
  const Rule rule{RuleId{1}, std::string(reinterpret_cast<const char*>(bytes), size)};
  const auto valid = validate(rule.pattern);
  const auto set = compile({&rule, 1});
  check(valid.has_value() == set.has_value(), "validate and compile agree");
  (void)FilterPolicy::parse(rule.pattern, FilterPolicyScope::message_body);
  if (!set) {
    check(!set.error().message.empty(), "a refusal has a reason");
    return 0;
  }
  Matcher matcher;
  std::vector<RuleId> matched;
  check(matcher.match(**set, event, matched).has_value(), "a valid event is matched");
  const auto explanation = explain(rule.pattern, event);
  check(explanation && explanation->matched == !matched.empty(), "explain agrees with match");
  (void)to_dot(**set);
  return 0;
}
