// Tokens of an expression. Inside this folder only.
#pragma once

#include <string_view>
#include <vector>

#include "core/result.h"

namespace tocsin::expression {

struct Token {
  enum class Kind { word, name, value, number, symbol, end } kind = Kind::end;
  std::string_view text = {};
};

// Words are letters, digits and underscores; names start with '#', values with ':'. Error: ValidationException.
Result<std::vector<Token>> tokenize(std::string_view what, std::string_view text);

// A place in the tokens. What is looked for is compared without regard to case where it is a word.
class Cursor {
 public:
  Cursor(std::string_view what, std::vector<Token> tokens) : what_{what}, tokens_{std::move(tokens)} {}

  const Token& peek(std::size_t ahead = 0) const;
  Token next();
  bool take_symbol(std::string_view symbol);
  bool take_word(std::string_view keyword);
  bool at_end() const { return peek().kind == Token::Kind::end; }

  // "Invalid FilterExpression: Syntax error; token: "x", near: "…""
  std::unexpected<Error> syntax_error() const;
  std::unexpected<Error> invalid(std::string_view message) const;
  Result<void> expect_symbol(std::string_view symbol);
  // Counts an operator against DynamoDB's limit.
  Result<void> count_operator();
  std::string_view what() const { return what_; }

 private:
  std::string what_;
  std::vector<Token> tokens_;
  std::size_t position_ = 0;
  std::size_t operators_ = 0;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace tocsin::expression
