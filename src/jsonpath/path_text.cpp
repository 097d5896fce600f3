#include "jsonpath/detail/path_text.h"

#include <fmt/format.h>

namespace tocsin::jsonpath {

std::string to_text(const Token& token) {
  switch (token.kind) {
    case Token::Kind::property: {
      std::string text = "[";
      for (const auto& name : token.names) text += fmt::format("{}'{}'", text.size() > 1 ? "," : "", name);
      return text + "]";
    }
    case Token::Kind::index:
      return fmt::format("[{}]", fmt::join(token.indices, ","));
    case Token::Kind::slice:
      return fmt::format("[{}:{}]", token.has_from ? std::to_string(token.from) : "",
                         token.has_to ? std::to_string(token.to) : "");
    case Token::Kind::wildcard:
      return "[*]";
    case Token::Kind::scan:
      return "..";
    case Token::Kind::filter:
      return "[?]";
  }
  return {};
}

std::string to_text(std::span<const Token> tokens) {
  std::string text = "$";
  for (const auto& token : tokens) text += to_text(token);
  return text;
}

}  // namespace tocsin::jsonpath
