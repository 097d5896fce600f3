#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "jsonpath/detail/filter.h"
#include "jsonpath/jsonpath.h"

namespace tocsin::jsonpath {
namespace {

class Parser {
 public:
  Parser(std::string_view text, std::size_t filter_depth) : text_(text), filter_depth_(filter_depth) {}

  Result<std::vector<Token>> tokens() {
    if (text_.size() > path_bytes_max) return error("the path is too long");
    if (text_.empty() || text_[0] != '$') return error("a path begins with '$'");
    at_ = 1;
    while (at_ < text_.size()) {
      if (tokens_.size() >= steps_max) return error("the path has too many steps");
      auto step = text_[at_] == '.' ? after_dot() : text_[at_] == '[' ? bracket() : wrong("expected '.' or '['");
      if (!step) return pass_on(step);
    }
    return std::move(tokens_);
  }

 private:
  std::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorCode::validation, fmt::format("{} at character {} of '{}'", what, at_, text_.substr(0, 200)));
  }
  Result<void> wrong(std::string_view what) const { return error(what); }

  // "..", then a name, "*" or a bracket; or ".", then the same ("$.a.[0]" is taken, as Jayway takes it).
  Result<void> after_dot() {
    ++at_;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      tokens_.push_back({.kind = Token::Kind::scan});
    }
    if (at_ >= text_.size()) return wrong("the path must not end with '.'");
    if (text_[at_] == '.') return wrong("'.' is not valid here");
    if (text_[at_] == '[') return bracket();
    if (text_[at_] == '*' && (at_ + 1 == text_.size() || text_[at_ + 1] == '.' || text_[at_ + 1] == '[')) {
      ++at_;
      tokens_.push_back({.kind = Token::Kind::wildcard});
      return {};
    }
    const auto end = std::min(text_.find_first_of(".[", at_), text_.size());
    const auto name = text_.substr(at_, end - at_);
    if (name.find_first_of(" \t\r\n'\"\\,*]") != name.npos)
      return wrong("use ['…'] for a name with blanks, quotes, commas, ']' or '*'");
    if (name.find_first_of("()") != name.npos && name.find_first_of("()") + 2 != name.size())
      return wrong("parentheses are not valid in a name");
    tokens_.push_back({.kind = Token::Kind::property, .names = {std::string(name)}});
    at_ = end;
    return {};
  }

  void blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  Result<void> bracket() {
    ++at_;
    blanks();
    if (at_ >= text_.size()) return wrong("']' is missing");
    const char c = text_[at_];
    if (c == '\'' || c == '"') return names();
    if (c == '*') {
      ++at_;
      tokens_.push_back({.kind = Token::Kind::wildcard});
      return close();
    }
    if (c == '?') return filter();
    if (c == '(') return from_end();
    return indices();
  }

  Result<void> close() {
    blanks();
    if (at_ >= text_.size() || text_[at_] != ']') return wrong("expected ']'");
    ++at_;
    return {};
  }

  Result<void> names() {
    Token token{.kind = Token::Kind::property};
    for (;;) {
      auto name = quoted();
      if (!name) return pass_on(name);
      token.names.push_back(std::move(*name));
      blanks();
      if (at_ >= text_.size() || text_[at_] != ',') break;
      ++at_;
      blanks();
      if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) return wrong("expected a quoted name");
    }
    tokens_.push_back(std::move(token));
    return close();
  }

  Result<std::string> quoted() {
    const char quote = text_[at_++];
    std::string name;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      name += text_[at_];
    }
    if (at_ >= text_.size()) return error("a quote is not closed");
    ++at_;
    return name;
  }

  static std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
  }

  static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
  }

  // [(@.length-1)]: the one script expression that is common; the same as [-1].
  Result<void> from_end() {
    const auto end = text_.find(')', at_);
    if (end == text_.npos) return wrong("')' is missing");
    auto inside = trimmed(text_.substr(at_ + 1, end - at_ - 1));
    if (!inside.starts_with("@.length")) return wrong("expected (@.length-n)");
    inside = trimmed(inside.substr(8));
    const auto distance = inside.starts_with('-') ? number(trimmed(inside.substr(1))) : std::nullopt;
    if (!distance || *distance < 1) return wrong("expected (@.length-n)");
    tokens_.push_back({.kind = Token::Kind::index, .indices = {-*distance}});
    at_ = end + 1;
    return close();
  }

  // [0], [-1], [0,2], [1:3], [:2], [-2:]. A third part of a slice is refused.
  Result<void> indices() {
    const auto end = text_.find(']', at_);
    if (end == text_.npos) return wrong("']' is missing");
    std::string_view inside = trimmed(text_.substr(at_, end - at_));
    Token token;
    if (const auto colon = inside.find(':'); colon != inside.npos) {
      token.kind = Token::Kind::slice;
      const auto from = trimmed(inside.substr(0, colon));
      const auto to = trimmed(inside.substr(colon + 1));
      const auto from_value = number(from);
      const auto to_value = number(to);
      if ((!from.empty() && !from_value) || (!to.empty() && !to_value) || (from.empty() && to.empty()))
        return wrong("a slice is [from:to]");
      token.has_from = !from.empty();
      token.has_to = !to.empty();
      token.from = from_value.value_or(0);
      token.to = to_value.value_or(0);
    } else {
      token.kind = Token::Kind::index;
      for (std::string_view rest = inside;;) {
        const auto comma = rest.find(',');
        const auto value = number(trimmed(rest.substr(0, comma)));
        if (!value) return wrong("expected an index, a quoted name, '*', '?' or a slice");
        token.indices.push_back(*value);
        if (comma == rest.npos) break;
        rest.remove_prefix(comma + 1);
      }
    }
    tokens_.push_back(std::move(token));
    at_ = end;
    return close();
  }

  // "?(" up to its ")]", over quotes and nested brackets.
  Result<void> filter() {
    if (filter_depth_ >= filter_depth_max) return wrong("filters are nested too deeply");
    ++at_;
    blanks();
    if (at_ >= text_.size() || text_[at_] != '(') return wrong("expected '(' after '?'");
    const auto start = ++at_;
    std::size_t open = 1;
    char quote = 0;
    for (; at_ < text_.size() && open > 0; ++at_) {
      const char c = text_[at_];
      if (quote != 0) {
        if (c == '\\')
          ++at_;
        else if (c == quote)
          quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '(') {
        ++open;
      } else if (c == ')') {
        --open;
      }
    }
    if (open > 0) return wrong("')' of the filter is missing");
    auto parsed = parse_filter(text_.substr(start, at_ - 1 - start), filter_depth_ + 1);
    if (!parsed) return pass_on(parsed);
    tokens_.push_back({.kind = Token::Kind::filter, .filter = std::make_shared<const Filter>(std::move(*parsed))});
    return close();
  }

  std::string_view text_;
  std::size_t filter_depth_;
  std::size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

Result<Path> parse_nested(std::string_view text, std::size_t filter_depth) {
  auto tokens = Parser(text, filter_depth).tokens();
  if (!tokens) return pass_on(tokens);
  Path path;
  path.text_ = text;
  path.tokens_ = std::move(*tokens);
  for (std::size_t i = 0; i < path.tokens_.size(); ++i) {
    const auto& token = path.tokens_[i];
    const bool name = token.kind == Token::Kind::property && token.names.size() == 1;
    const bool index = token.kind == Token::Kind::index && token.indices.size() == 1;
    const bool merged = token.kind == Token::Kind::property && i + 1 == path.tokens_.size();
    path.definite_ = path.definite_ && (name || index || merged);
    path.reference_ = path.reference_ && (name || (index && token.indices[0] >= 0));
  }
  return path;
}

Result<Path> parse(std::string_view text) {
  return parse_nested(text, 0);
}

}  // namespace tocsin::jsonpath
