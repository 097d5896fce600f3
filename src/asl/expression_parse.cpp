#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "asl/expression.h"

namespace tocsin::asl {
namespace {

struct Signature {
  std::string_view name;
  Function function;
  std::size_t arguments_min, arguments_max;
  bool gives_string;
};
constexpr std::size_t any_number = 1000;
constexpr Signature signatures[] = {
    {"Array", Function::array, 0, any_number, false},
    {"ArrayPartition", Function::array_partition, 2, 2, false},
    {"ArrayContains", Function::array_contains, 2, 2, false},
    {"ArrayRange", Function::array_range, 3, 3, false},
    {"ArrayGetItem", Function::array_get_item, 2, 2, true},
    {"ArrayLength", Function::array_length, 1, 1, false},
    {"ArrayUnique", Function::array_unique, 1, 1, false},
    {"Base64Encode", Function::base64_encode, 1, 1, true},
    {"Base64Decode", Function::base64_decode, 1, 1, true},
    {"Format", Function::format, 1, any_number, true},
    {"Hash", Function::hash, 2, 2, true},
    {"JsonMerge", Function::json_merge, 3, 3, false},
    {"JsonToString", Function::json_to_string, 1, 1, true},
    {"MathAdd", Function::math_add, 2, 2, false},
    {"MathRandom", Function::math_random, 2, 3, false},
    {"StringSplit", Function::string_split, 2, 2, false},
    {"StringToJson", Function::string_to_json, 1, 1, false},
    {"UUID", Function::uuid, 0, 0, true},
};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Expression> whole() {
    auto expression = call(1);
    if (!expression) return pass_on(expression);
    blanks();
    if (at_ < text_.size()) return wrong("something follows the function call");
    return expression;
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorCode::validation, fmt::format("{} at character {} of '{}'", what, at_, text_.substr(0, 200)));
  }
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }

  Result<Expression> call(int depth) {
    if (depth > intrinsic_nesting_max) return wrong("intrinsic functions are nested more than 10 deep");
    const auto start = at_;
    if (!text_.substr(at_).starts_with("States.")) return wrong("expected a path or an intrinsic function");
    at_ += 7;
    const auto open = text_.find('(', at_);
    if (open == text_.npos) return wrong("'(' is missing");
    const auto name = text_.substr(at_, open - at_);
    const auto* signature = std::find_if(std::begin(signatures), std::end(signatures),
                                         [&](const Signature& known) { return known.name == name; });
    if (signature == std::end(signatures)) return wrong("there is no such intrinsic function");
    at_ = open + 1;
    auto made = std::make_shared<Intrinsic>();
    made->function = signature->function;
    if (auto read = arguments(*made, depth); !read) return pass_on(read);
    if (made->arguments.size() < signature->arguments_min || made->arguments.size() > signature->arguments_max)
      return wrong("the function has the wrong number of arguments");
    if (auto checked = check_constants(*made); !checked) return pass_on(checked);
    made->text = text_.substr(start, at_ - start);
    return Expression(std::move(made));
  }

  Result<void> arguments(Intrinsic& call, int depth) {
    blanks();
    if (at_ < text_.size() && text_[at_] == ')') {
      ++at_;
      return {};
    }
    for (;;) {
      if (auto read = argument(call, depth); !read) return pass_on(read);
      blanks();
      if (at_ >= text_.size()) return wrong("')' is missing");
      const char c = text_[at_++];
      if (c == ')') return {};
      if (c != ',') return wrong("expected ',' or ')'");
    }
  }

  Result<void> argument(Intrinsic& call_, int depth) {
    blanks();
    if (at_ >= text_.size()) return wrong("an argument is missing");
    const char c = text_[at_];
    if (c == '\'') return quoted(call_);
    if (c == '$') {
      auto path = parse_path(path_text());
      if (!path) return pass_on(path);
      call_.arguments.emplace_back(Expression(std::move(*path)));
      return {};
    }
    if (text_.substr(at_).starts_with("States.")) {
      auto nested = call(depth + 1);
      if (!nested) return pass_on(nested);
      call_.arguments.emplace_back(std::move(*nested));
      return {};
    }
    const auto end = std::min(text_.find_first_of(",) \t\r\n", at_), text_.size());
    auto constant = parse_json(text_.substr(at_, end - at_));
    if (!constant || constant->is_structured() || constant->is_string())
      return wrong("an argument is a 'string', a number, true, false, null, a path or a function");
    at_ = end;
    call_.arguments.emplace_back(std::move(*constant));
    return {};
  }

  // As far as the path reaches: to a comma or parenthesis outside its own brackets.
  std::string_view path_text() {
    const auto start = at_;
    std::size_t open = 0;
    char quote = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (quote != 0) {
        if (c == '\\')
          ++at_;
        else if (c == quote)
          quote = 0;
      } else if (open > 0 && (c == '\'' || c == '"')) {
        quote = c;
      } else if (c == '[' || c == '(') {
        ++open;
      } else if (c == ']' || c == ')') {
        if (open == 0) break;
        --open;
      } else if (open == 0 && (c == ',' || c == ' ' || c == '\t' || c == '\n')) {
        break;
      }
    }
    at_ = std::min(at_, text_.size());
    return text_.substr(start, at_ - start);
  }

  // A template of States.Format keeps its escapes: there \{ is a brace and {} a place. Elsewhere they are resolved
  // here.
  Result<void> quoted(Intrinsic& call_) {
    const bool is_format = call_.function == Function::format && call_.arguments.empty();
    std::string value;
    for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_) {
      if (text_[at_] == '\\') {
        if (at_ + 1 >= text_.size()) return wrong("a string is not closed");
        const char next = text_[at_ + 1];
        const bool escape = next == '\'' || next == '{' || next == '}' || next == '\\';
        if (is_format || !escape) value += '\\';
        if (is_format || escape) ++at_;
      }
      value += text_[at_];
    }
    if (at_ >= text_.size()) return wrong("a string is not closed");
    ++at_;
    call_.arguments.emplace_back(json::value(json::string(value)));
    return {};
  }

  static const json::value* constant(const Intrinsic& call, std::size_t index) {
    return index < call.arguments.size() ? std::get_if<json::value>(&call.arguments[index]) : nullptr;
  }

  // What is plain already: a string where a number must stand, and the other way round.
  Result<void> check_constants(const Intrinsic& call) const {
    const auto must = [&](std::size_t index, bool (*fits)(const json::value&)) {
      const auto* value = constant(call, index);
      return !value || fits(*value);
    };
    const auto number = [](const json::value& value) { return value.is_number(); };
    const auto text = [](const json::value& value) { return value.is_string(); };
    const auto list = [](const json::value&) { return false; };
    const auto flag = [](const json::value& value) { return value.is_bool(); };
    bool fits = true;
    switch (call.function) {
      case Function::math_add:
      case Function::math_random:
      case Function::array_range:
        fits = must(0, number) && must(1, number) && must(2, number);
        break;
      case Function::array_partition:
      case Function::array_get_item:
        fits = must(0, list) && must(1, number);
        break;
      case Function::array_length:
      case Function::array_unique:
      case Function::array_contains:
        fits = must(0, list);
        break;
      case Function::json_merge:
        fits = must(0, list) && must(1, list) && must(2, flag);
        break;
      case Function::string_split:
        fits = must(0, text) && must(1, text);
        break;
      case Function::base64_encode:
      case Function::base64_decode:
      case Function::string_to_json:
      case Function::format:
        fits = must(0, text);
        break;
      case Function::hash:
        fits = must(1, text);
        break;
      case Function::array:
      case Function::json_to_string:
      case Function::uuid:
        break;
    }
    if (!fits) return wrong("an argument of the function has the wrong type");
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

bool is_variable_name(std::string_view name) {
  if (name.empty() || name == "states" || is_digit(name[0])) return false;
  const auto characters = std::count_if(name.begin(), name.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return characters <= 80 && std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool gives_string(Function function) {
  return std::any_of(std::begin(signatures), std::end(signatures),
                     [&](const Signature& known) { return known.function == function && known.gives_string; });
}

Result<PathExpression> parse_path(std::string_view text) {
  if (text.empty() || text[0] != '$') return fail(ErrorCode::validation, "a path begins with '$'");
  PathExpression expression;
  expression.text = text;
  std::string below(text);
  if (text.size() > 1 && text[1] == '$') {
    expression.root = PathExpression::Root::context;
    below = text.substr(1);
  } else if (text.size() > 1 && text[1] != '.' && text[1] != '[') {
    const auto end = std::min(text.find_first_of(".["), text.size());
    expression.root = PathExpression::Root::variable;
    expression.variable = text.substr(1, end - 1);
    if (!is_variable_name(expression.variable))
      return fail(ErrorCode::validation, fmt::format("'{}' is not a variable's name", expression.variable));
    below = fmt::format("${}", text.substr(end));
  }
  auto path = jsonpath::parse(below);
  if (!path) return pass_on(path);
  expression.path = std::move(*path);
  return expression;
}

Result<Expression> parse_expression(std::string_view text) {
  if (text.size() > expression_bytes_max) return fail(ErrorCode::validation, "the expression is too long");
  if (text.starts_with('$')) {
    auto path = parse_path(text);
    if (!path) return pass_on(path);
    return Expression(std::move(*path));
  }
  return Parser(text).whole();
}

}  // namespace tocsin::asl
