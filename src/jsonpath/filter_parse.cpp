#include <array>

#include <fmt/format.h>
#include <re2/re2.h>

#include "jsonpath/detail/filter.h"

namespace tocsin::jsonpath {
namespace {

constexpr std::pair<std::string_view, Operator> symbols[] = {
    {"===", Operator::equal},    {"!==", Operator::not_equal}, {"==", Operator::equal},
    {"!=", Operator::not_equal}, {"<=", Operator::less_equal}, {">=", Operator::greater_equal},
    {"=~", Operator::matches},   {"<", Operator::less},        {">", Operator::greater}};
constexpr std::pair<std::string_view, Operator> words[] = {{"in", Operator::in},
                                                           {"nin", Operator::not_in},
                                                           {"contains", Operator::contains},
                                                           {"all", Operator::all},
                                                           {"anyof", Operator::any_of},
                                                           {"noneof", Operator::none_of},
                                                           {"subsetof", Operator::subset_of},
                                                           {"size", Operator::size},
                                                           {"empty", Operator::empty}};

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '+' || static_cast<unsigned char>(c) >= 0x80;
}

class Parser {
 public:
  Parser(std::string_view text, std::size_t depth) : text_(text), depth_(depth) {}

  Result<Filter> whole() {
    auto filter = alternatives(0);
    if (!filter) return pass_on(filter);
    blanks();
    if (at_ < text_.size()) return wrong("something follows the condition");
    return filter;
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorCode::validation,
                fmt::format("{} at character {} of the filter '{}'", what, at_, text_.substr(0, 200)));
  }
  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(std::string_view wanted) {
    blanks();
    if (!text_.substr(at_).starts_with(wanted)) return false;
    at_ += wanted.size();
    return true;
  }

  Result<Filter> alternatives(std::size_t depth) { return chain(depth, "||", Filter::Kind::any_of); }

  Result<Filter> chain(std::size_t depth, std::string_view sign, Filter::Kind kind) {
    if (depth > filter_depth_max) return wrong("conditions are nested too deeply");
    Filter all{.kind = kind};
    do {
      auto part = kind == Filter::Kind::any_of ? chain(depth, "&&", Filter::Kind::all_of) : term(depth);
      if (!part) return pass_on(part);
      all.parts.push_back(std::move(*part));
    } while (take(sign));
    if (all.parts.size() == 1) {
      Filter only = std::move(all.parts.front());
      return only;
    }
    return all;
  }

  Result<Filter> term(std::size_t depth) {
    blanks();
    if (at_ < text_.size() && text_[at_] == '!' && !text_.substr(at_).starts_with("!=")) {
      ++at_;
      if (depth >= filter_depth_max) return wrong("conditions are nested too deeply");
      auto inner = term(depth + 1);
      if (!inner) return pass_on(inner);
      Filter negation{.kind = Filter::Kind::negation};
      negation.parts.push_back(std::move(*inner));
      return negation;
    }
    if (take("(")) {
      auto inner = alternatives(depth + 1);
      if (!inner) return pass_on(inner);
      if (!take(")")) return wrong("')' is missing");
      return inner;
    }
    return comparison();
  }

  Result<Filter> comparison() {
    Filter filter;
    auto left = operand();
    if (!left) return pass_on(left);
    filter.left = std::move(*left);
    if (const auto op = take_operator()) {
      filter.op = *op;
      auto right = operand();
      if (!right) return pass_on(right);
      filter.right = std::move(*right);
      if ((filter.op == Operator::matches) != (filter.right.regex != nullptr)) return wrong("=~ and /…/ go together");
    } else if (!filter.left.path) {
      return wrong("expected a path or a comparison");
    }
    if (filter.left.regex) return wrong("/…/ stands on the right of =~");
    return filter;
  }

  std::optional<Operator> take_operator() {
    for (const auto& [sign, op] : symbols)
      if (take(sign)) return op;
    blanks();
    auto end = at_;
    while (end < text_.size() && (is_word(text_[end]))) ++end;
    std::string word(text_.substr(at_, end - at_));
    for (auto& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    for (const auto& [name, op] : words)
      if (word == name) {
        at_ = end;
        return op;
      }
    return std::nullopt;
  }

  Result<Operand> operand() {
    blanks();
    if (at_ >= text_.size()) return wrong("the condition ends too early");
    const char c = text_[at_];
    if (c == '@' || c == '$') return path();
    if (c == '/') return regex();
    if (c == '\'' || c == '"') return string();
    if (c == '[' || c == '{') return document();
    auto end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (end == at_) return wrong("expected a value");
    const auto word = text_.substr(at_, end - at_);
    at_ = end;
    // Numbers, true, false, null; any other bare word is a string, as in the Jayway version that the service uses.
    Operand operand;
    auto parsed = parse_json(word);
    operand.constant = parsed ? std::move(*parsed) : json::value(json::string(word));
    return operand;
  }

  // From @ or $ as far as brackets and names reach.
  Result<Operand> path() {
    Operand operand{.from_root = text_[at_] == '$'};
    const auto start = at_++;
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
      } else if (c == '[') {
        ++open;
      } else if (c == ']') {
        if (open == 0) break;
        --open;
      } else if (open == 0 && (c == ' ' || c == '\t' || c == ')' || c == '(' || c == '=' || c == '!' || c == '<' ||
                               c == '>' || c == '&' || c == '|' || c == ',')) {
        break;
      }
    }
    at_ = std::min(at_, text_.size());
    auto parsed = parse_nested("$" + std::string(text_.substr(start + 1, at_ - start - 1)), depth_);
    if (!parsed) return pass_on(parsed);
    operand.path = std::move(*parsed);
    return operand;
  }

  Result<Operand> string() {
    const char quote = text_[at_++];
    std::string value;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value += text_[at_];
    }
    if (at_ >= text_.size()) return wrong("a quote is not closed");
    ++at_;
    Operand operand;
    operand.constant = json::string(value);
    return operand;
  }

  // A list or object constant, in JSON or with single quotes.
  Result<Operand> document() {
    const auto start = at_;
    std::size_t open = 0;
    char quote = 0;
    std::string text;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      text += c == '\'' && quote != '"' ? '"' : c;
      if (quote != 0) {
        if (c == '\\' && at_ + 1 < text_.size())
          text += text_[++at_];
        else if (c == quote)
          quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '[' || c == '{') {
        ++open;
      } else if ((c == ']' || c == '}') && --open == 0) {
        break;
      }
    }
    if (at_ >= text_.size()) {
      at_ = start;
      return wrong("a bracket is not closed");
    }
    ++at_;
    auto parsed = parse_json(text);
    if (!parsed) return wrong("the constant is not valid");
    Operand operand;
    operand.constant = std::move(*parsed);
    return operand;
  }

  Result<Operand> regex() {
    std::string pattern;
    for (++at_; at_ < text_.size() && text_[at_] != '/'; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) pattern += text_[at_++];
      pattern += text_[at_];
    }
    if (at_ >= text_.size()) return wrong("'/' is missing");
    ++at_;
    re2::RE2::Options options(re2::RE2::Quiet);
    for (; at_ < text_.size() && is_word(text_[at_]); ++at_) {
      if (text_[at_] == 'i')
        options.set_case_sensitive(false);
      else if (text_[at_] == 's')
        options.set_dot_nl(true);
      else
        return wrong("this flag of a regular expression is not supported");
    }
    Operand operand;
    auto compiled = std::make_shared<const re2::RE2>(pattern, options);
    if (!compiled->ok()) return wrong("the regular expression is not valid");
    operand.regex = std::move(compiled);
    return operand;
  }

  std::string_view text_;
  std::size_t depth_;
  std::size_t at_ = 0;
};

}  // namespace

Result<Filter> parse_filter(std::string_view text, std::size_t depth) {
  return Parser(text, depth).whole();
}

}  // namespace tocsin::jsonpath
