// jsonpath: JSONPath in the dialect of Jayway's JsonPath for Java, which Step Functions uses: parse a path once, read
// with it, write with it where it names one place. Pure. The text begins with "$"; what `$` stands for is the caller's
// matter.
//
//   definite    names at most one place: $.a['b'][0][-1]. What is not there is an error.
//   indefinite  has *, a slice, a union, .. or a filter: always a list, empty where nothing is found
//   reference   definite, with single names and indices only: can be written to
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/result.h"

namespace tocsin::jsonpath {

// Limits: a path's text, its steps, the nesting of its filters, and the places that one evaluation may visit.
inline constexpr std::size_t path_bytes_max = 8192;
inline constexpr std::size_t steps_max = 256;
inline constexpr std::size_t filter_depth_max = 32;
inline constexpr std::size_t visits_max = 1'000'000;

struct Filter;

// One step of a path.
struct Token {
  enum class Kind { property, index, slice, wildcard, scan, filter };
  Kind kind = Kind::property;
  std::vector<std::string> names = {};     // property: one, or several ("['a','b']")
  std::vector<std::int64_t> indices = {};  // index: one, or several; negative counts from the end
  bool has_from = false, has_to = false;
  std::int64_t from = 0, to = 0;  // slice
  std::shared_ptr<const Filter> filter = {};
};

class Path {
 public:
  // The path "$".
  Path() : text_("$") {}

  const std::string& text() const { return text_; }
  bool is_definite() const { return definite_; }
  bool is_reference() const { return reference_; }
  bool is_root() const { return tokens_.empty(); }
  const std::vector<Token>& tokens() const { return tokens_; }

  // The place that a definite path names. Error: validation, with Jayway's text ("No results for path: $['x']").
  // Several names at the end ("['a','b']") make a new object, so those paths need evaluate().
  Result<const json::value*> find(const json::value& root) const;
  // The value (definite), or the list of values (indefinite; what is missing makes an empty list).
  // Error: validation, as find(), or where more than visits_max places would be visited.
  Result<json::value> evaluate(const json::value& root) const;
  // Writes `value` at a reference path; objects that are missing on the way are made, array elements must exist.
  // Error: validation, where a step meets something that is neither. `root` is unchanged then.
  Result<void> assign(json::value& root, json::value value) const;

 private:
  friend Result<Path> parse_nested(std::string_view text, std::size_t filter_depth);
  std::string text_;
  std::vector<Token> tokens_;
  bool definite_ = true;
  bool reference_ = true;
};

// Error: validation, with what is wrong at which character.
Result<Path> parse(std::string_view text);

// Numbers by value (1 = 1.0), strings by bytes, arrays in order, objects without regard to key order.
bool equal(const json::value& a, const json::value& b);
// -1, 0, 1 for two numbers, exact over the whole range of int64, uint64 and double. Requires both to be numbers.
int compare_numbers(const json::value& a, const json::value& b);

}  // namespace tocsin::jsonpath
