#include <algorithm>

#include <fmt/format.h>

#include "asl/detail/run.h"
#include "core/time_format.h"

namespace tocsin::asl {
namespace {

// "*" is any run of characters; "\*" and "\\" are the characters themselves. Linear: only the last star is tried again.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
  while (t < text.size()) {
    const bool escaped =
        p + 1 < pattern.size() && pattern[p] == '\\' && (pattern[p + 1] == '*' || pattern[p + 1] == '\\');
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[escaped ? p + 1 : p] == text[t]) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// Java compares strings by UTF-16 units; UTF-8 bytes order alike but for characters above U+FFFF against U+E000 to
// U+FFFF.
int compare_text(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    auto left = static_cast<unsigned char>(a[i]);
    auto right = static_cast<unsigned char>(b[i]);
    if (left == right) continue;
    const bool left_pair = left >= 0xF0;
    const bool right_pair = right >= 0xF0;
    if (left_pair != right_pair && left >= 0xEE && right >= 0xEE) return left_pair ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.size() < b.size() ? -1 : a.size() > b.size() ? 1 : 0;
}

// -1, 0, 1; nothing, where the two are not both of the operand's type.
std::optional<int> compare(Operand operand, const json::value& a, const json::value& b) {
  switch (operand) {
    case Operand::string:
      if (!a.is_string() || !b.is_string()) return std::nullopt;
      return compare_text(a.get_string(), b.get_string());
    case Operand::numeric:
      if (!a.is_number() || !b.is_number()) return std::nullopt;
      return jsonpath::compare_numbers(a, b);
    case Operand::boolean:
      if (!a.is_bool() || !b.is_bool()) return std::nullopt;
      return a.get_bool() == b.get_bool() ? 0 : 1;
    case Operand::timestamp: {
      if (!a.is_string() || !b.is_string()) return std::nullopt;
      const auto left = parse_rfc3339(a.get_string());
      const auto right = parse_rfc3339(b.get_string());
      if (!left || !right) return std::nullopt;
      return *left < *right ? -1 : *left > *right ? 1 : 0;
    }
    case Operand::any:
      break;
  }
  return std::nullopt;
}

bool compares(const Condition& condition, const json::value& variable, const json::value& other) {
  if (condition.comparison == Comparison::matches)
    return variable.is_string() && other.is_string() && matches(other.get_string(), variable.get_string());
  const auto order = compare(condition.operand, variable, other);
  if (!order) return false;
  switch (condition.comparison) {
    case Comparison::equals:
      return *order == 0;
    case Comparison::less:
      return *order < 0;
    case Comparison::greater:
      return *order > 0;
    case Comparison::less_equals:
      return *order <= 0;
    case Comparison::greater_equals:
      return *order >= 0;
    default:
      return false;
  }
}

class Evaluation {
 public:
  Evaluation(const json::value& input, Scope& scope) : input_(input), scope_(scope) {}

  Outcome<bool> holds(const Condition& condition) {
    switch (condition.kind) {
      case Condition::Kind::negation: {
        auto inner = holds(condition.parts.front());
        if (!inner) return inner;
        return !*inner;
      }
      case Condition::Kind::all_of:
      case Condition::Kind::any_of: {
        const bool wanted = condition.kind == Condition::Kind::any_of;
        for (const auto& part : condition.parts) {
          auto result = holds(part);
          if (!result || *result == wanted) return result;
        }
        return !wanted;
      }
      case Condition::Kind::comparison:
        break;
    }
    return comparison(condition);
  }

 private:
  // Null where the path finds nothing. What an indefinite path finds is a list, kept in `made`.
  const json::value* value_at(const PathExpression& path, json::value& made) {
    if (path.path.is_definite()) {
      std::string why;
      return find(path, input_, scope_, why);
    }
    auto value = evaluate(path, input_, scope_);
    if (!value) return nullptr;
    made = std::move(*value);
    return &made;
  }

  static std::unexpected<Failure> invalid(const PathExpression& path) {
    return fail_state(
        "States.Runtime",
        fmt::format("Invalid path '{}': The choice state's condition path references an invalid value.", path.text));
  }

  Outcome<bool> comparison(const Condition& condition) {
    json::value made_variable;
    json::value made_other;
    const auto* variable = value_at(condition.variable, made_variable);
    if (condition.comparison == Comparison::is_present) return (variable != nullptr) == condition.constant.get_bool();
    if (!variable) return invalid(condition.variable);
    if (condition.operand == Operand::any)
      return has_type(condition.comparison, *variable) == condition.constant.get_bool();
    if (!condition.path) return compares(condition, *variable, condition.constant);
    const auto* other = value_at(*condition.path, made_other);
    if (!other) return invalid(*condition.path);
    return compares(condition, *variable, *other);
  }

  static bool has_type(Comparison test, const json::value& value) {
    switch (test) {
      case Comparison::is_null:
        return value.is_null();
      case Comparison::is_numeric:
        return value.is_number();
      case Comparison::is_string:
        return value.is_string();
      case Comparison::is_boolean:
        return value.is_bool();
      case Comparison::is_timestamp:
        return value.is_string() && parse_rfc3339(value.get_string()).has_value();
      default:
        return false;
    }
  }

  const json::value& input_;
  Scope& scope_;
};

}  // namespace

// The first rule that holds; nothing, where none does. A failure of an evaluation is put into `failure`.
std::optional<std::size_t> choose(const ChoiceFields& choice, const json::value& input, Scope& scope,
                                  Failure& failure) {
  Evaluation evaluation(input, scope);
  for (std::size_t i = 0; i < choice.rules.size(); ++i) {
    auto result = evaluation.holds(choice.rules[i].condition);
    if (!result) {
      failure = std::move(result.error());
      return std::nullopt;
    }
    if (*result) return i;
  }
  return std::nullopt;
}

}  // namespace tocsin::asl
