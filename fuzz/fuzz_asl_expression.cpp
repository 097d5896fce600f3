// An expression on the first line, its input behind it: intrinsic functions and paths, parsed and evaluated.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "asl/expression.h"
#include "asl/history.h"

namespace {

class FixedScope final : public tocsin::asl::Scope {
 public:
  const tocsin::json::value& context() override { return context_; }
  const tocsin::json::value* variable(std::string_view name) override { return name == "x" ? &context_ : nullptr; }
  tocsin::Random& random() override { return random_; }

 private:
  tocsin::json::value context_{{"State", {{"Name", "S"}}}};
  tocsin::SeededRandom random_{1};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = text.find('\n');
  const auto expression = asl::parse_expression(text.substr(0, line));
  if (!expression) return 0;
  const auto input =
      parse_json(line == text.npos ? R"({"a":[1,2.5,"x"],"s":"a,b","o":{"k":null}})" : text.substr(line + 1));
  if (!input) return 0;
  FixedScope scope;
  const auto value = asl::evaluate(*expression, *input, scope, "field.$");
  if (value) (void)asl::to_text(*value);
  return 0;
}
