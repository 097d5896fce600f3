// A path on the first line, a document behind it: parse both, read, write.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/check.h"
#include "jsonpath/jsonpath.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tocsin;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto line = input.find('\n');
  const auto path = jsonpath::parse(input.substr(0, line));
  if (!path) return 0;
  auto document =
      parse_json(line == input.npos ? R"({"a":[{"b":1,"c":"x"},{"b":2}],"d":{"a":null}})" : input.substr(line + 1));
  if (!document) return 0;
  const auto value = path->evaluate(*document);
  if (value && !path->is_definite()) check(value->is_array(), "an indefinite path gives a list");
  const auto again = jsonpath::parse(path->text());
  check(again && again->is_definite() == path->is_definite(), "a path's own text parses to the same path");
  if (path->is_reference() && path->assign(*document, "written")) {
    const auto written = path->find(*document);
    check(written && **written == "written", "what was written is found");
  }
  return 0;
}
