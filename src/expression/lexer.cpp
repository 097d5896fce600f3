#include "expression/lexer.h"

#include <algorithm>

#include <fmt/format.h>

#include "expression/expression.h"

namespace tocsin::expression {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string_view take_while(std::string_view text, std::size_t from, bool (*accepts)(char)) {
  std::size_t end = from;
  while (end < text.size() && accepts(text[end])) ++end;
  return text.substr(from, end - from);
}

Token read_token(std::string_view text) {
  const char c = text.front();
  if (is_digit(c)) {
    const auto word = take_while(text, 0, is_word);
    const bool number = std::all_of(word.begin(), word.end(), is_digit);
    return {number ? Token::Kind::number : Token::Kind::end, word};
  }
  if (is_word(c)) return {Token::Kind::word, take_while(text, 0, is_word)};
  if (c == '#' || c == ':') {
    const auto rest = take_while(text, 1, is_word);
    if (rest.empty()) return {Token::Kind::end, text.substr(0, 1)};
    return {c == '#' ? Token::Kind::name : Token::Kind::value, text.substr(0, rest.size() + 1)};
  }
  for (const std::string_view two : {"<=", ">=", "<>"}) {
    if (text.starts_with(two)) return {Token::Kind::symbol, text.substr(0, 2)};
  }
  if (std::string_view("=<>()[].,+-").find(c) != std::string_view::npos)
    return {Token::Kind::symbol, text.substr(0, 1)};
  return {Token::Kind::end, text.substr(0, 1)};
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

Result<std::vector<Token>> tokenize(std::string_view what, std::string_view text) {
  const auto invalid = [&](std::string message) {
    return fail(ErrorCode::validation, fmt::format("Invalid {}: {}", what, message), "ValidationException");
  };
  if (text.empty()) return invalid("The expression can not be empty;");
  if (text.size() > expression_bytes_max)
    return invalid(
        fmt::format("Expression size has exceeded the maximum allowed size; expression size: {}", text.size()));
  std::vector<Token> tokens;
  while (!text.empty()) {
    if (text.front() == ' ' || text.front() == '\t' || text.front() == '\n' || text.front() == '\r') {
      text.remove_prefix(1);
      continue;
    }
    const Token token = read_token(text);
    if (token.kind == Token::Kind::end)
      return invalid(fmt::format("Syntax error; token: \"{}\", near: \"{}\"", token.text, text.substr(0, 24)));
    tokens.push_back(token);
    text.remove_prefix(token.text.size());
  }
  tokens.push_back({Token::Kind::end, "<EOF>"});
  return tokens;
}

const Token& Cursor::peek(std::size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

Token Cursor::next() {
  const Token token = peek();
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool Cursor::take_symbol(std::string_view symbol) {
  if (peek().kind != Token::Kind::symbol || peek().text != symbol) return false;
  next();
  return true;
}

bool Cursor::take_word(std::string_view keyword) {
  if (peek().kind != Token::Kind::word || !equal_ignoring_case(peek().text, keyword)) return false;
  next();
  return true;
}

std::unexpected<Error> Cursor::invalid(std::string_view message) const {
  return fail(ErrorCode::validation, fmt::format("Invalid {}: {}", what_, message), "ValidationException");
}

std::unexpected<Error> Cursor::syntax_error() const {
  std::string near;
  for (std::size_t i = position_ == 0 ? 0 : position_ - 1; i < std::min(position_ + 2, tokens_.size()); ++i)
    near += fmt::format("{}{}", near.empty() ? "" : " ", tokens_[i].text);
  return invalid(fmt::format("Syntax error; token: \"{}\", near: \"{}\"", peek().text, near));
}

Result<void> Cursor::expect_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) return syntax_error();
  return {};
}

Result<void> Cursor::count_operator() {
  if (++operators_ > operators_max)
    return invalid(fmt::format("The expression contains too many operators; operator count: {}", operators_));
  return {};
}

}  // namespace tocsin::expression
