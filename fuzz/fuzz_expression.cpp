// Parses bytes as a condition, a projection and an update, and runs what parses on an item.
#include <cstddef>
#include <cstdint>

#include "expression/expression.h"
#include "expression/value.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace tocsin;
  using namespace tocsin::expression;
  static const json::object item = *parse_json_object(
      R"({"a":{"S":"x"},"n":{"N":"12.5"},"l":{"L":[{"N":"1"},{"M":{"k":{"S":"v"}}}]},"m":{"M":{"k":{"N":"3"}}}})");
  static const json::value names = *parse_json(R"({"#a":"a","#m":"m"})");
  static const json::value values = *parse_json(R"({":a":{"S":"x"},":n":{"N":"1"},":l":{"L":[{"N":"2"}]}})");
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  auto substitutions = Substitutions::read(&names, &values);
  if (auto condition = Condition::parse("FilterExpression", text, *substitutions)) (void)condition->holds(item);
  if (auto projection = Projection::parse(text, *substitutions)) (void)item_bytes(projection->apply(item));
  if (auto update = Update::parse(text, *substitutions)) {
    if (auto after = update->apply(item)) (void)item_bytes(*after);
  }
  json::value number = json::object{{"N", text}};
  if (normalise(number)) (void)add(number, make_number(1), size % 2 == 0);
  return 0;
}
