// Expressions of the JSONPath query language: paths into the input ($), the context object ($$) or a variable ($name),
// intrinsic functions (States.Format(…)), and payload templates in which keys that end in ".$" hold such expressions.
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/json.h"
#include "core/random.h"
#include "core/result.h"
#include "jsonpath/jsonpath.h"

namespace tocsin::asl {

using tocsin::find;

// How a state fails: what Retry and Catch see.
struct Failure {
  std::string error;
  std::string cause;
};
template <class T>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> fail_state(std::string error, std::string cause) {
  return std::unexpected(Failure{std::move(error), std::move(cause)});
}

// What expressions can see. Built by the interpreter for one state; the context object only where somebody asks.
class Scope {
 public:
  virtual ~Scope() = default;
  virtual const json::value& context() = 0;
  // The context object, of which parts that `path` does not read may be missing: the execution's input may be long.
  virtual const json::value& context_for(const jsonpath::Path&) { return context(); }
  // Null where no variable of that name is set.
  virtual const json::value* variable(std::string_view name) = 0;
  virtual Random& random() = 0;
};

struct PathExpression {
  enum class Root { input, context, variable };
  Root root = Root::input;
  std::string variable = {};  // its name, Root::variable
  jsonpath::Path path = {};
  std::string text = "$";  // as written

  bool is_whole_input() const { return root == Root::input && path.is_root(); }
};

struct Intrinsic;
using Expression = std::variant<PathExpression, std::shared_ptr<const Intrinsic>>;

enum class Function {
  array,
  array_partition,
  array_contains,
  array_range,
  array_get_item,
  array_length,
  array_unique,
  base64_encode,
  base64_decode,
  format,
  hash,
  json_merge,
  json_to_string,
  math_add,
  math_random,
  string_split,
  string_to_json,
  uuid,
};

struct Intrinsic {
  Function function = Function::uuid;
  std::string text;  // the whole call as written
  // A constant, a path, or a nested call.
  std::vector<std::variant<json::value, Expression>> arguments;
};

// A payload template. A part without expressions is one constant.
struct Template {
  struct Members {
    std::vector<std::string> names;
    std::vector<Template> values;  // one for each name
  };
  struct Evaluated {
    std::string field;  // "name.$"
    Expression expression;
  };
  std::variant<json::value, Evaluated, Members, std::vector<Template>> form;
};

inline constexpr int intrinsic_nesting_max = 10;
inline constexpr std::size_t expression_bytes_max = 16 * 1024;

// ---- reading. Error: validation, with what is wrong.

// "$…", "$$…" or "$name…".
Result<PathExpression> parse_path(std::string_view text);
// A path, or a call of an intrinsic function.
Result<Expression> parse_expression(std::string_view text);
// Whether `name` may be given to a variable: a Unicode identifier of at most 80 characters, not "states".
bool is_variable_name(std::string_view name);
// Whether the function can give a string (those that Fail's ErrorPath and CausePath accept).
bool gives_string(Function function);

// ---- evaluating

// The value at a path. Error: States.Runtime, "Invalid path '$.x' : No results for path: $['x']".
Outcome<json::value> evaluate(const PathExpression& path, const json::value& input, Scope& scope);
// The same without a copy, for definite paths; null with `why` set where nothing is there.
const json::value* find(const PathExpression& path, const json::value& input, Scope& scope, std::string& why);
// `field` is the name that messages show ("value.$"). Errors: States.Runtime for a path that finds nothing,
// States.IntrinsicFailure for a call that fails.
Outcome<json::value> evaluate(const Expression& expression, const json::value& input, Scope& scope,
                              std::string_view field);
Outcome<json::value> evaluate(const Template& payload, const json::value& input, Scope& scope);

}  // namespace tocsin::asl
